"""Confidence in each slice of the input, from sums over slices of the network's grid.

Both grids share their physical extent, so the sums are resampled like intensities, and divided afterwards.
"""

from collections.abc import Sequence

import numpy as np

from PartialSegLib.image import LpsView
from PartialSegLib.inference.confidence import SliceSums
from PartialSegLib.inference.windows import Index
from PartialSegLib.label_slices import held_by_slices
from PartialSegLib.preprocessing import triangle_filter

AXES = ("k", "j", "i")

ConfidenceAlong = dict[str, dict[int, np.ndarray]]


def confidence_along(
    sums: Sequence[SliceSums], start: Index, grid: Index, view: LpsView, labels: np.ndarray
) -> ConfidenceAlong:
    """Axis of the volume -> value -> confidence (n,) float32 in each slice, NaN where `labels` has no voxel of it.

    sums: along z, y, x of the network's grid of shape `grid`, from voxel `start` on. view: how the volume lies.
    labels: uint8 on the volume's own axes (k, j, i).
    """
    result = {}
    present = held_by_slices(labels)
    for axis, name in enumerate(AXES):
        along = view.axes.index(axis)
        probability, count = (
            _resampled(table, start[along], grid[along], labels.shape[axis])
            for table in (sums[along].probability, sums[along].count)
        )
        if view.flips[along]:
            probability, count = probability[::-1], count[::-1]
        unknown = (count <= 0) | ~present[axis][:, : count.shape[1]]
        mean = np.where(unknown, np.nan, probability / np.where(unknown, 1, count)).astype(np.float32)
        result[name] = {value: mean[:, value] for value in range(1, mean.shape[1])}
    return result


def _resampled(table: np.ndarray, start: int, n_network: int, n_volume: int) -> np.ndarray:
    """Sums (n, C) of the network's slices from `start` on, for the slices of the volume."""
    weights = triangle_filter(n_network, n_volume)[:, start : start + len(table)]
    return weights @ table
