"""Augmentation: where a patch comes from in its volume, and what happens to its intensities.

There is no left-right flip: a mirrored patient is not a patient, and labels would have to swap sides with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional


@dataclass(frozen=True)
class AugmentConfig:
    """How strongly patches are changed.

    rotation: largest turn about the foot-head axis, degrees; the other two axes get half of it.
    scale: largest relative change of size, below 0.7; single axes get up to a third of it on top.
    elastic: standard deviation of the coarse displacement field in mm (synthetic images only; real ones get half).
    intensity: largest relative change of contrast, and half of it of brightness; 0 also leaves out gamma.
    noise: largest standard deviation of added noise, as a fraction of the [0, 1] range.
    low_resolution: probability of simulating thick slices or a coarse grid; 0 also leaves out blur.
    """

    rotation: float = 20.0
    scale: float = 0.2
    elastic: float = 6.0
    intensity: float = 0.15
    noise: float = 0.03
    low_resolution: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.scale < 0.7:
            raise ValueError("scale must be at least 0 and below 0.7, or an axis could turn into its mirror image")


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
) -> np.ndarray:
    """Offsets (Z, Y, X, 3) in voxels (z, y, x) from the patch centre to the points its voxels are read from.

    patch: (Z, Y, X); spacing: (z, y, x) in mm, so that rotations are rotations in the patient.
    """
    limits = np.radians([config.rotation, config.rotation / 2, config.rotation / 2])
    turn = rotation(rng.uniform(-limits, limits))
    size = 1 + rng.uniform(-config.scale, config.scale) + rng.uniform(-config.scale / 3, config.scale / 3, 3)
    mm = np.asarray(spacing)
    matrix = (turn * size) * mm[None, :] / mm[:, None]
    axes = [np.arange(n, dtype=np.float32) - (n - 1) / 2 for n in patch]
    grid = sum(
        axis.reshape([-1 if i == k else 1 for i in range(3)] + [1]) * matrix[:, k].astype(np.float32)
        for k, axis in enumerate(axes)
    )
    if elastic > 0:
        coarse = torch.from_numpy((rng.normal(0, elastic, (3, 5, 5, 5)) / mm[:, None, None, None]).astype(np.float32))
        field = functional.interpolate(coarse[None], size=patch, mode="trilinear", align_corners=True)[0]
        grid = grid + field.permute(1, 2, 3, 0).numpy()
    return grid


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
    shape = np.array(arrays[0][0].shape)
    low = np.clip(np.floor(points.min((0, 1, 2))).astype(int), 0, shape - 1)
    high = np.clip(np.ceil(points.max((0, 1, 2))).astype(int) + 1, low + 1, shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    size = (high - low).astype(np.float32)
    # grid_sample wants (x, y, z) in [-1, 1] from the box's outer edge to its outer edge.
    normal = ((points - low + 0.5) * 2 / size - 1)[..., ::-1].astype(np.float32)
    grid = torch.from_numpy(np.ascontiguousarray(normal))[None]
    result = []
    for array, mode in arrays:
        crop = torch.from_numpy(np.asarray(array[box], dtype=np.float32))
        sampled = functional.grid_sample(crop[None, None], grid, mode=mode, align_corners=False)
        result.append(sampled[0, 0].numpy())
    return result


def change_intensities(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    """Contrast, brightness, gamma, noise, blur and thick slices on a patch in [0, 1]; the result stays there."""
    contrast = 1 + rng.uniform(-config.intensity, config.intensity)
    image = (image - 0.5) * contrast + 0.5 + rng.uniform(-config.intensity, config.intensity) / 2
    image = np.clip(image, 0, 1)
    if rng.random() < 0.3 and config.intensity > 0:
        image = image ** rng.uniform(0.7, 1.4)
    if rng.random() < config.low_resolution:
        image = _low_resolution(image, rng)
    elif rng.random() < 0.2 and config.low_resolution > 0:
        image = ndimage.gaussian_filter(image, rng.uniform(0.3, 0.9), truncate=2)
    if rng.random() < 0.5:
        image = image + rng.uniform(0, config.noise) * rng.standard_normal(image.shape, np.float32)
    return np.clip(image, 0, 1).astype(np.float32)


def _low_resolution(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thick slices along z (up to three voxels), sometimes a coarser plane too: averaged down, then interpolated up."""
    factor = [rng.uniform(1, 3), *(rng.uniform(1, 1.8, 2) if rng.random() < 0.3 else (1, 1))]
    z, y, x = (max(2, round(n / f)) for n, f in zip(image.shape, factor, strict=True))
    tensor = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None, None]
    small = functional.adaptive_avg_pool3d(tensor, (z, y, x))
    return functional.interpolate(small, size=image.shape, mode="trilinear", align_corners=False)[0, 0].numpy()
