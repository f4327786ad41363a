"""The network run by OpenVINO: two to four times faster than torch on a CPU.

The converted network is cached in the user's cache folder under a key made of all that determines it, with its hash.
From the second run on torch is not even imported.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import PartialSegLib
from PartialSegLib.files import sha256, user_cache_dir
from PartialSegLib.inference.hardware import usable_cpus
from PartialSegLib.inference.windows import Index

_FILES = ("model.xml", "model.bin")
_CACHED_MODELS = 4


class OpenVinoBackend:
    """Callable: windows float32 (1, 1, z, y, x) -> logits float32 (1, C, z, y, x), valid until the next call."""

    name = "openvino"
    device = "cpu"

    def __init__(self, bundle: Any, fast: bool) -> None:
        core = _openvino().Core()
        is_native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = "bf16" if fast and is_native else "fp32"
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bf16" else "f32",
            "INFERENCE_NUM_THREADS": usable_cpus(),
        }
        self._request = core.compile_model(_load(core, bundle), "CPU", options).create_infer_request()

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Run one window."""
        windows = np.ascontiguousarray(windows, np.float32)
        return self._request.infer({0: windows}, share_inputs=True, share_outputs=True)[0]

    def place(self, array: np.ndarray) -> np.ndarray:
        """The array itself: logits are NumPy arrays."""
        return array

    def free_bytes(self) -> int:
        """0: one window at a time is best on a CPU."""
        return 0


def _openvino() -> Any:
    """The library, kept from reporting its use: imported plainly it makes up a client number and counts runs."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # "not installed"
    import openvino

    return openvino


def _load(core: Any, bundle: Any) -> Any:
    folder = user_cache_dir() / "openvino" / _key(bundle)
    model = _read_cached(core, folder)
    if model is None:
        model = convert(bundle.load_network(), bundle.patch_size)
        _keep(model, folder)
    return model


def convert(network: Any, patch: Index) -> Any:
    """OpenVINO model of a torch network for windows (1, 1, *patch), float32 weights."""
    import torch

    _openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    # Tracing runs the network once; on the smallest window that gives the same graph it is quicker.
    example = torch.zeros(1, 1, *network.example_window(patch))
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates tracing, on which OpenVINO is built
        decoder = TorchScriptPythonDecoder(network, example_input=example)
    # Not openvino.convert_model: where a host program imported OpenVINO before us, that one would report its use.
    frontend = FrontEndManager().load_by_framework("pytorch")
    model = frontend.convert(frontend.load(decoder))
    model.reshape([1, 1, *patch])
    return model


def _key(bundle: Any) -> str:
    # Weights are hashed again each time: a damaged file finds nothing here and goes to the bundle, which refuses it.
    parts = (sha256(bundle.path / bundle.weights), bundle.network_config, bundle.patch_size)
    versions = (_openvino().__version__, PartialSegLib.__version__)
    return hashlib.sha256(json.dumps([parts, versions], sort_keys=True).encode()).hexdigest()[:24]


def _read_cached(core: Any, folder: Path) -> Any | None:
    """The cached model, None when it is absent or not what was written."""
    try:
        hashes = json.loads((folder / "hashes.json").read_text())
        if all(sha256(folder / name) == value for name, value in hashes.items()) and set(hashes) == set(_FILES):
            return core.read_model(folder / "model.xml")
    except (OSError, ValueError, RuntimeError):
        pass
    return None


def _keep(model: Any, folder: Path) -> None:
    """Write the model to `folder`, whole or not at all. A cache that cannot be written costs time, nothing else."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
        try:
            _openvino().save_model(model, temporary / "model.xml", compress_to_fp16=False)
            (temporary / "hashes.json").write_text(json.dumps({name: sha256(temporary / name) for name in _FILES}))
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        _forget_old(folder.parent)
    except (OSError, RuntimeError):
        pass


def _forget_old(root: Path) -> None:
    models = sorted((path for path in root.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in models[:-_CACHED_MODELS]:
        shutil.rmtree(path, ignore_errors=True)
