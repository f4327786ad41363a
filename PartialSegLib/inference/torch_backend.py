"""The network run by PyTorch: on the CPU, an NVIDIA or AMD GPU (cuda), or Apple's (mps)."""

from contextlib import nullcontext
from typing import Any

import numpy as np

from PartialSegLib.errors import UserError

PRECISIONS = {"fp32": None, "bf16": "bfloat16", "fp16": "float16"}


class TorchBackend:
    """Callable: windows float32 (B, 1, z, y, x) -> logits float32 (B, C, z, y, x), an array on CPU, else a tensor."""

    name = "torch"

    def __init__(self, network: Any, device: str = "cpu", precision: str = "fp32") -> None:
        self.device = device
        self.precision = precision
        self._network = network.eval().to(device)

    def __call__(self, windows: np.ndarray) -> Any:
        """Raises UserError when the device's memory does not suffice."""
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(windows, np.float32)).to(self.device)
        try:
            with torch.inference_mode(), self._autocast():
                logits = self._network(batch).float()
        except torch.cuda.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            message = f"{self.device} has too little free memory: close other programs or use device cpu"
            raise UserError(message) from error
        return logits.numpy() if self.device == "cpu" else logits

    def place(self, array: np.ndarray) -> Any:
        """The array where the logits are: itself on the CPU, else a tensor on the device."""
        import torch

        return array if self.device == "cpu" else torch.from_numpy(array).to(self.device)

    def free_bytes(self) -> int:
        """Free memory of the device; 0 where one window at a time is best anyway."""
        import torch

        return torch.cuda.mem_get_info(self.device)[0] if self.device.startswith("cuda") else 0

    def _autocast(self) -> Any:
        import torch

        name = PRECISIONS[self.precision]
        return nullcontext() if name is None else torch.autocast(self.device.split(":")[0], getattr(torch, name))


def torch_devices() -> list[str]:
    """GPUs that torch can use, e.g. ["cuda", "cuda:1"] or ["mps"]."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    devices = ["cuda", *(f"cuda:{index}" for index in range(1, count))] if count else []
    return devices + (["mps"] if torch.backends.mps.is_available() else [])


def fast_precision(device: str) -> str:
    """The half precision that is quicker than float32 on `device`, or "fp32" where none is."""
    import torch

    if device.startswith("cuda"):
        return "fp16"
    # Emulated bfloat16 is slower than float32: only processors that multiply it count.
    native = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    is_native = device == "cpu" and any(getattr(torch.cpu, name, lambda: False)() for name in native)
    return "bf16" if is_native else "fp32"
