"""Augmentation: how strongly patches are changed, and what happens to their intensities."""

from dataclasses import dataclass

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
    synthesis: whether CTs whose painted structures are complete are also shown as synthetic MR.
    """

    rotation: float = 20.0
    scale: float = 0.2
    elastic: float = 6.0
    intensity: float = 0.15
    noise: float = 0.03
    low_resolution: float = 0.25
    synthesis: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.scale < 0.7:
            raise ValueError("scale must be at least 0 and below 0.7, or an axis could turn into its mirror image")


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
