"""From logits on the network's grid to labels on the input's grid.

Every voxel of the input gets the class whose trilinearly interpolated logit is largest; ties go to the lowest class.
All classes at full resolution are never held: one slice is interpolated, compared and forgotten at a time, by a fused
kernel where numba is installed, else by torch. Both do the same float32 operations in the same order (a * (1 - w) +
b * w along z, then y, then x, no fused multiply-add), so their labels are the same bit for bit.

With maps that take the nearest network voxel, every voxel of the input gets the label that was decided there.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np

from PartialSegLib.inference.hardware import usable_cpus
from PartialSegLib.inference.interpolation import AxisMap, axis_map
from PartialSegLib.inference.planes import label_plane, load_fused

Array = Any

# Slices of logits that are brought to float32 at a time.
_SLICES = 32


class LabelWriter:
    """Fills a label volume of `shape` (z, y, x) from logits that arrive some slices at a time, in order.

    maps: one AxisMap per axis. kept: uint8 (C,), what to write for each class. fused: None takes numba if installed.
    """

    def __init__(
        self,
        shape: Sequence[int],
        maps: Sequence[AxisMap],
        kept: np.ndarray,
        threads: Executor,
        fused: bool | None = None,
    ) -> None:
        self.labels = np.zeros(shape, np.uint8)
        self._z, self._y, self._x = maps
        self._kept = kept
        self._threads = threads
        self._fused = fused
        self._done = 0

    def write(self, logits: Array, first: int) -> None:
        """Label all slices that lie between network slices `first` and the last of `logits` (C, n, y, x)."""
        last = first + logits.shape[1] - 1
        until = int(np.searchsorted(self._z.high, last, side="right"))
        fused = load_fused() if isinstance(logits, np.ndarray) and self._fused is not False else None
        rows = slice(self._y.first, self._y.first + len(self._y))
        columns = slice(self._x.first, self._x.first + len(self._x))

        def write_slice(k: int) -> None:
            below, above = logits[:, self._z.low[k] - first], logits[:, self._z.high[k] - first]
            plane = below * float(self._z.w_low[k]) + above * float(self._z.w_high[k])
            labels = (fused or label_plane)(plane, self._y, self._x)
            self.labels[self._z.first + k, rows, columns] = self._kept[labels]

        # The fused kernel uses one core and lets others run beside it; torch keeps all cores busy by itself.
        list((self._threads.map if fused else map)(write_slice, range(self._done, until)))
        self._done = until


def labels_from_logits(logits: np.ndarray, shape: Sequence[int], fused: bool | None = None) -> np.ndarray:
    """Labels uint8 of `shape` (Z, Y, X) from logits (C, z, y, x), float16 or float32, of the same physical extent.

    fused: True for the numba kernel, False for torch, None for whichever is there.
    """
    maps = [axis_map(n_out, n_in) for n_out, n_in in zip(shape, logits.shape[1:], strict=True)]
    with ThreadPoolExecutor(usable_cpus()) as threads:
        writer = LabelWriter(shape, maps, np.arange(len(logits), dtype=np.uint8), threads, fused)
        for first in range(0, max(1, logits.shape[1] - 1), _SLICES):
            writer.write(np.asarray(logits[:, first : first + _SLICES + 1], np.float32), first)
    return writer.labels
