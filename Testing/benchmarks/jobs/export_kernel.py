"""Labels on the CT's grid from logits on the network's grid, one way of doing it."""

import time
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from PartialSegLib.inference import labels_from_logits
from PartialSegLib.inference.hardware import available_memory
from Testing.benchmarks.peak import peak_bytes, restart_peak

N_CLASSES = 17
_WARM_UP = ((4, 8, 8), (8, 16, 16))


def run(kind: str, grid: Sequence[int], shape: Sequence[int], output: str) -> dict:
    """kind: "numba", "torch" (our two kernels) or "interpolate" (all classes at full resolution, then argmax)."""
    if kind == "interpolate":
        _require_memory(shape)
    _labels(kind, _logits(_WARM_UP[0]), _WARM_UP[1])
    logits = _logits(grid)
    before = restart_peak()
    start = time.perf_counter()
    labels = _labels(kind, logits, shape)
    seconds = time.perf_counter() - start
    peak = None if before is None else peak_bytes() - before
    np.save(Path(output), labels)
    return {"seconds": seconds, "peak_bytes": peak}


def _logits(grid: Sequence[int]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((N_CLASSES, *grid), dtype=np.float32)


def _labels(kind: str, logits: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    if kind != "interpolate":
        return labels_from_logits(logits, shape, fused=kind == "numba")
    import torch

    full = torch.nn.functional.interpolate(torch.from_numpy(logits)[None], tuple(shape), mode="trilinear")
    return full[0].argmax(0).to(torch.uint8).numpy()


def _require_memory(shape: Sequence[int]) -> None:
    needed, free = (4 * N_CLASSES + 8) * prod(shape), available_memory()
    if free is not None and needed > free:
        raise MemoryError(f"needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")
