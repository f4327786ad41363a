"""Which network voxels an input voxel lies between.

The grids share their physical extent: voxel i of n lies at (i + 0.5) * m / n - 0.5 on a grid of m, clamped to the
outermost centres ("align_corners=False").
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class AxisMap:
    """Linear interpolation along one axis: output k, counted from `first`, is in[low] * w_low + in[high] * w_high."""

    first: int
    low: np.ndarray
    high: np.ndarray
    w_low: np.ndarray
    w_high: np.ndarray

    def __len__(self) -> int:
        return len(self.low)

    def nearest(self) -> "AxisMap":
        """The same outputs, each from the one voxel it lies in; on the border of two, from the higher one."""
        inside = np.where(self.w_high < 0.5, self.low, self.high)
        return AxisMap(self.first, inside, inside, np.ones_like(self.w_low), np.zeros_like(self.w_high))


def axis_map(n_out: int, n_in: int, start: int = 0, stop: int | None = None, offset: int = 0) -> AxisMap:
    """Map an axis of `n_in` network voxels to `n_out`; only outputs whose source lies within [start, stop) are kept.

    Indices are counted from network voxel `offset`.
    """
    stop = n_in if stop is None else stop
    source = np.clip((np.arange(n_out) + 0.5) * n_in / n_out - 0.5, 0, n_in - 1)
    inside = np.flatnonzero((source >= start) & (source <= stop - 1))
    source = source[inside]
    low = np.floor(source).astype(np.int32)
    high = np.minimum(low + 1, stop - 1, dtype=np.int32)
    w_high = (source - low).astype(np.float32)
    first = int(inside[0]) if len(inside) else 0
    return AxisMap(first, low - offset, high - offset, np.float32(1) - w_high, w_high)
