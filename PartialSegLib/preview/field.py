"""A structure mask as a smooth function of space whose level set is its surface."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from PartialSegLib.preview.planes import Spacing

GRID_MM = 2.0
_SMOOTHING_MM = 2.2
_THICK_MM = 4.0


@dataclass(frozen=True)
class Field:
    """Values in [0, 1] on an isotropic grid of `GRID_MM`; `origin` (z, y, x) in mm is the centre of its first voxel."""

    values: np.ndarray
    origin: np.ndarray
    level: float


def smooth_field(mask: np.ndarray, spacing: Spacing, start: tuple[int, ...]) -> Field:
    """Smooth a boolean (z, y, x) mask whose first voxel has index `start` in a volume of `spacing` (x, y, z) mm.

    The level of the surface is chosen so that smoothing keeps the volume: thin glands would vanish at 0.5.
    """
    size = np.asarray(spacing[::-1], dtype=float)
    factors = [max(1, int(GRID_MM / length)) for length in size]
    reduced = _block_mean(mask, factors)
    cell = size * factors
    sigma = np.maximum(_SMOOTHING_MM, 0.7 * cell)
    if cell.max() >= _THICK_MM:
        reduced = _between_slices(reduced, cell)
        sigma = np.maximum(_SMOOTHING_MM, 0.35 * cell)
    # Room for the smoothing kernel and two empty cells, so that the surface closes inside the field.
    padding = np.ceil((3 * _SMOOTHING_MM + 2 * cell) / GRID_MM).astype(int) * GRID_MM
    shape = tuple(np.ceil((np.asarray(reduced.shape) * cell + 2 * padding) / GRID_MM).astype(int))
    offset = (0.5 * GRID_MM - padding) / cell - 0.5
    values = ndimage.affine_transform(
        reduced,
        np.diag(GRID_MM / cell),
        offset=offset,
        output_shape=shape,
        order=1,
        mode="grid-constant",
        output=np.float32,
    )
    values = ndimage.gaussian_filter(values, sigma / GRID_MM, mode="constant")
    origin = np.asarray(start) * size - 0.5 * size - padding + 0.5 * GRID_MM
    return Field(values, origin, _level(values, float(mask.sum()) * float(size.prod()) / GRID_MM**3))


def _block_mean(mask: np.ndarray, factors: list[int]) -> np.ndarray:
    """Mean over blocks of `factors` voxels as float32; the last blocks are filled with zeros."""
    padded = np.pad(mask, [(0, -length % factor) for length, factor in zip(mask.shape, factors, strict=True)])
    for axis, factor in enumerate(factors):
        if factor > 1:
            shape = (*padded.shape[:axis], -1, factor, *padded.shape[axis + 1 :])
            padded = padded.reshape(shape).mean(axis=axis + 1, dtype=np.float32)
    return padded.astype(np.float32, copy=False)


def _between_slices(occupied: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Replace 0/1 across thick slices by the distance to the outline within each slice, clipped and scaled to [0, 1].

    Between two slices the outline then moves steadily from one to the other, where a plain mask makes terraces.
    """
    thick = int(cell.argmax())
    padded = np.pad(occupied > 0.5, 1)
    sampling = np.where(np.arange(3) == thick, 1e4, cell)
    inside = ndimage.distance_transform_edt(padded, sampling=sampling)
    outside = ndimage.distance_transform_edt(~padded, sampling=sampling)
    reach = 2.0 * cell[thick]
    distance = np.clip(inside - outside, -reach, reach)[1:-1, 1:-1, 1:-1]
    return (0.5 + distance / (2.0 * reach)).astype(np.float32)


def _level(values: np.ndarray, voxels: float) -> float:
    keep = min(max(int(voxels), 1), values.size - 1)
    level = float(np.partition(values.ravel(), values.size - keep)[values.size - keep])
    return min(max(level, 0.1), 0.5)
