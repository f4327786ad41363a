"""Which device runs the network, and through which library."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.inference.hardware import may_have_gpu
from PartialSegLib.inference.planes import load_fused


class Backend(Protocol):
    """What the engine needs of whatever runs the network."""

    name: str
    device: str
    precision: str

    def __call__(self, windows: np.ndarray) -> Any:
        """Windows float32 (B, 1, z, y, x) -> logits float32 (B, C, z, y, x)."""

    def place(self, array: np.ndarray) -> Any:
        """Bring an array to where the logits are."""

    def free_bytes(self) -> int:
        """Memory that batches of windows may use; 0 for one window at a time."""


def available_devices() -> list[str]:
    """Names that `make_backend` takes on this machine besides "auto", the fastest first."""
    openvino = ["openvino"] if importlib.util.find_spec("openvino") else []
    return [*_gpus(), *openvino, "cpu"]


def choose_device(name: str) -> str:
    """Resolve "auto", check any other name; raises UserError that lists what there is."""
    devices = available_devices()
    wanted = "cuda" if name == "cuda:0" else name
    if wanted == "auto":
        return devices[0]
    if wanted not in devices:
        advice = "; pip install openvino adds it" if wanted == "openvino" else ""
        raise UserError(f"device {name!r} is not available: choose one of auto, {', '.join(devices)}{advice}")
    return wanted


def make_backend(bundle: Any, device: str, fast: bool) -> Backend:
    """Load the bundle's network onto `device` ("auto", "cpu", "openvino", "cuda", "cuda:1", "mps").

    fast: half precision where the device is quicker with it; otherwise float32 throughout. "cpu" is torch on the CPU;
    "auto" takes a GPU if there is one, else OpenVINO if it is installed.
    """
    chosen = choose_device(device)
    if chosen not in ("openvino", "cpu"):
        return _load(bundle, device, chosen, fast)
    with ThreadPoolExecutor(1) as threads:
        # The kernel that will label the logits loads beside the network: each keeps one core busy for about a second.
        threads.submit(load_fused)
        return _load(bundle, device, chosen, fast)


def _load(bundle: Any, device: str, chosen: str, fast: bool) -> Backend:
    if chosen == "openvino":
        from PartialSegLib.inference.openvino_backend import OpenVinoBackend

        try:
            return OpenVinoBackend(bundle, fast)
        except RuntimeError as error:
            if device != "auto":
                reason = str(error).strip().partition("\n")[0]
                raise UserError(f"OpenVINO cannot run this network ({reason}): use device cpu") from error
            chosen = "cpu"
    from PartialSegLib.inference.torch_backend import TorchBackend, fast_precision

    return TorchBackend(bundle.load_network(), chosen, fast_precision(chosen) if fast else "fp32")


def _gpus() -> list[str]:
    if not may_have_gpu():
        return []
    from PartialSegLib.inference.torch_backend import torch_devices

    return torch_devices()
