"""Where a patch comes from in its volume: turned, scaled and bent, in space or only in the planes across one axis.

There is no left-right flip: a mirrored patient is not a patient, and labels would have to swap sides with it.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch.nn import functional

from partialseg_training.data.augment import AugmentConfig


class Readable(Protocol):
    """A volume (z, y, x) of which crops can be read: an array, or one on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(z, y, x)."""

    def __getitem__(self, box: Any, /) -> np.ndarray:
        """The voxels of a tuple of slices."""


def sampling_grid(
    patch: tuple[int, int, int],
    spacing: tuple[float, float, float],
    config: AugmentConfig,
    elastic: float,
    rng: np.random.Generator,
    across: int | None = None,
) -> np.ndarray:
    """Offsets (Z, Y, X, 3) in voxels (z, y, x) from the patch centre to the points its voxels are read from.

    patch: (Z, Y, X); spacing: (z, y, x) in mm, so that rotations are rotations in the patient. across: an axis along
    which nothing moves: the planes across it are turned, scaled and bent in themselves, and stay whole and apart.
    """
    free = np.arange(3) != across
    limits = np.radians([config.rotation, config.rotation / 2, config.rotation / 2])
    angles = rng.uniform(-limits, limits)
    turn = rotation(angles if across is None else np.where(free, 0, angles))
    change = rng.uniform(-config.scale, config.scale) + rng.uniform(-config.scale / 3, config.scale / 3, 3)
    mm = np.asarray(spacing)
    matrix = ((turn * (1 + change * free)) * mm[None, :] / mm[:, None]).astype(np.float32)
    z, y, x = (matrix[:, k, None] * (np.arange(n, dtype=np.float32) - (n - 1) / 2) for k, n in enumerate(patch))
    # One block of memory for each of the three coordinates: what follows runs through them one by one.
    grid = (z[:, :, None] + y[:, None, :])[..., None] + x[:, None, None, :]
    if elastic > 0:
        bend = rng.normal(0, elastic, (3, 5, 5, 5)) * (free / mm)[:, None, None, None]
        grid += _enlarged(bend.astype(np.float32), patch)
    return np.moveaxis(grid, 0, -1)


def _enlarged(coarse: np.ndarray, patch: tuple[int, int, int]) -> np.ndarray:
    """Linear interpolation of (3, n, n, n) to (3, Z, Y, X), corner on corner: a matrix product along each axis."""
    nodes = np.arange(coarse.shape[1])
    places = (np.linspace(0, nodes[-1], size)[:, None] for size in patch)
    z, y, x = (np.clip(1 - np.abs(place - nodes), 0, None).astype(np.float32) for place in places)
    planes = y @ (coarse @ x.T)
    return (z @ planes.reshape(3, len(nodes), -1)).reshape(3, *patch)


def whole_slice(position: float, n: int) -> float:
    """The centre next to `position` from which n slices, one voxel apart, fall on whole slices of the volume."""
    half = (n - 1) / 2
    return round(position - half) + half


def rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation matrix for turns (radians) about the z, y and x axes, acting on (z, y, x) vectors."""
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = (k for k in range(3) if k != axis)
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def read_points(arrays: Sequence[tuple[Readable, str]], points: np.ndarray) -> list[np.ndarray]:
    """Read volumes at real-valued voxel positions; points outside a volume give 0.

    arrays: (volume, "bilinear" or "nearest"), all of one shape; points: (Z, Y, X, 3) positions (z, y, x).
    """
    axes = [points[..., axis] for axis in range(3)]
    shape = np.array(arrays[0][0].shape)
    low = np.clip([int(np.floor(axis.min())) for axis in axes], 0, shape - 1)
    high = np.clip([int(np.ceil(axis.max())) + 1 for axis in axes], low + 1, shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    # grid_sample wants (x, y, z) in [-1, 1] from the box's outer edge to its outer edge.
    grid = torch.empty((1, *points.shape))
    for axis, inside in enumerate(box):
        scale = 2 / (inside.stop - inside.start)
        normal = axes[axis] * scale - ((inside.start - 0.5) * scale + 1)
        grid[0, ..., 2 - axis] = torch.from_numpy(normal)
    result = []
    for array, mode in arrays:
        crop = torch.from_numpy(np.asarray(array[box], dtype=np.float32))
        sampled = functional.grid_sample(crop[None, None], grid, mode=mode, align_corners=False)
        result.append(sampled[0, 0].numpy())
    return result
