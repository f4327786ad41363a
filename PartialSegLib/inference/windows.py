"""Where the windows lie that together cover a volume, and how much each of their voxels counts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

Index = tuple[int, int, int]


@dataclass(frozen=True)
class Row:
    """The windows that start at the same slice.

    start: that slice. final: how many slices from there on no later row will touch. corners: (y, x) of each window.
    """

    start: int
    final: int
    corners: tuple[tuple[int, int], ...]


def start_positions(size: int, patch: int, overlap: float) -> list[int]:
    """Evenly spaced starts of windows of length `patch` that cover `size` voxels and overlap at least by `overlap`.

    The same positions as nnU-Net's with step size 1 - overlap. `size` must be at least `patch`.
    """
    if size < patch:
        raise ValueError(f"an axis of {size} voxels is shorter than the window of {patch}: pad it first")
    last = size - patch
    steps = math.ceil(last / (patch * (1 - overlap)))
    return [round(last / steps * index) for index in range(steps + 1)] if steps else [0]


def plan_rows(
    shape: Sequence[int], patch: Index, overlap: float, holds_body: Callable[[Index, Index], bool]
) -> list[Row]:
    """Rows of windows over `shape` (z, y, x); windows for which `holds_body(start, stop)` is False are left out.

    A row may end up without windows; its slices are background then.
    """
    starts_z, starts_y, starts_x = (start_positions(*axis, overlap) for axis in zip(shape, patch, strict=True))
    rows = []
    for z, following in zip(starts_z, [*starts_z[1:], shape[0]], strict=True):
        corners = tuple(
            (y, x)
            for y, x in product(starts_y, starts_x)
            if holds_body((z, y, x), (z + patch[0], y + patch[1], x + patch[2]))
        )
        rows.append(Row(z, following - z, corners))
    return rows


def importance_map(patch: Index, sigma: float = 1 / 8) -> np.ndarray:
    """Gaussian weight of every voxel of a window, float32 (z, y, x), 1 in the middle, never 0.

    sigma: standard deviation as a fraction of the window. Centred on voxel n // 2 as nnU-Net does, so that both
    weigh alike.
    """
    z, y, x = (np.exp(-(((np.arange(n) - n // 2) / (n * sigma)) ** 2) / 2) for n in patch)
    return (z[:, None, None] * y[:, None] * x).astype(np.float32)
