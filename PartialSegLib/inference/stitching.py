"""Overlapping windows become one weighted mean, a few slices at a time.

Rows of windows come in order of their start slice, so slices above the next row's start are final as soon as a row is
done. Only one window's depth of slices is therefore held, however long the scan: float32 throughout, and still less
memory than half-precision logits of the whole volume.

Arrays are NumPy arrays or torch tensors, whatever the back end computes with; both understand every line below.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np

from PartialSegLib.inference.windows import Index

Array = Any

# Where no window was, because there is no body, background wins by this much.
_BACKGROUND_LOGIT = 10.0


class Stitcher:
    """Sums window logits over a field of `plane` (y, x) voxels; hands out finished slices in order.

    place: brings an array to where the back end leaves its logits. importance: weight of every voxel of a window.
    """

    def __init__(
        self,
        place: Callable[[np.ndarray], Array],
        n_classes: int,
        plane: tuple[int, ...],
        importance: np.ndarray,
        threads: Executor,
    ) -> None:
        # Index 0 holds the last finished slice: interpolation between it and the next one still needs it.
        depth = importance.shape[0] + 1
        self._sum = place(np.zeros((n_classes, depth, *plane), np.float32))
        self._weight = place(np.zeros((depth, *plane), np.float32))
        self._importance = place(importance)
        self._threads = threads
        self._next = 0

    def add(self, logits: Array, corner: tuple[int, int]) -> None:
        """Add a window's logits (C, *patch) at `corner` (y, x) of the current row."""
        patch = tuple(self._importance.shape)
        place = (slice(1, None), *(slice(start, start + n) for start, n in zip(corner, patch[1:], strict=True)))
        self._weight[place] += self._importance

        def add_class(index: int) -> None:
            self._sum[index][place] += logits[index] * self._importance

        # Class by class the product stays in the processor's cache, and cores share the work.
        list(self._threads.map(add_class, range(len(logits))))

    def finish(self, count: int) -> tuple[int, Array]:
        """Weighted mean of the next `count` slices, (C, n, y, x), and the field's slice that it starts at.

        It starts one slice early (n = count + 1) except at the first call. Valid until `advance`.
        """
        done = slice(1, count + 1)
        empty = self._weight[done] == 0
        self._sum[:, done] /= self._weight[done] + empty
        self._sum[0, done] += _BACKGROUND_LOGIT * empty
        if self._next == 0:
            return 0, self._sum[:, done]
        return self._next - 1, self._sum[:, : count + 1]

    def advance(self, count: int) -> None:
        """Forget `count` finished slices; the next row starts `count` slices further."""
        for plane in (self._weight, *self._sum):
            kept = len(plane) - count
            plane[:kept] = plane[count:] + 0  # a copy: source and target overlap
            plane[kept:] = 0
        self._next += count


def field_of(array: np.ndarray, start: Index, stop: Index, patch: Index) -> tuple[np.ndarray, Index]:
    """Cut a box out of a volume and pad it with 0 (air, as in training) to at least `patch`.

    Returns the field and the position of its first voxel in the volume, negative where padding lies before it.
    """
    box = array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    missing = [max(0, need - have) for need, have in zip(patch, box.shape, strict=True)]
    if any(missing):
        box = np.pad(box, [(lack // 2, lack - lack // 2) for lack in missing])
    z, y, x = (a - lack // 2 for a, lack in zip(start, missing, strict=True))
    return box, (z, y, x)
