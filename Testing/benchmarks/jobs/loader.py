"""Training samples one after the other in one thread, as a loader's worker makes them."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import SimpleITK
import torch

from Testing.benchmarks.loaders import Sample, from_files, from_store
from Testing.benchmarks.peak import peak_bytes, restart_peak


def run(
    kind: str, folder: str, patch: Sequence[int], spacing: Sequence[float], samples: int, labels: str | None
) -> dict:
    """kind: "store" or "files", followed by ", augmented" where patches are changed; patch: (z, y, x) voxels.

    Returns the seconds that the processor works for one sample, and the peak memory on top of what the process had
    before the first. Where `labels` is a file's name, the labels of the first patch go there.
    """
    torch.set_num_threads(1)
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    draw = _loader(kind, Path(folder), patch, spacing)
    before = restart_peak()
    first = draw(0)
    if labels is not None:
        np.save(labels, first[1])
    start = time.process_time()
    for number in range(1, samples + 1):
        draw(number)
    seconds = (time.process_time() - start) / samples
    return {"seconds": seconds, "peak_bytes": None if before is None else peak_bytes() - before}


def _loader(kind: str, folder: Path, patch: Sequence[int], spacing: Sequence[float]) -> Callable[[int], Sample]:
    if kind == "store":
        return from_store.crops(folder, patch)
    if kind == "store, augmented":
        return from_store.samples(folder, patch, spacing)
    return from_files.crops(folder, patch, spacing, augmented=kind == "files, augmented")
