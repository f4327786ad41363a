"""Samples in the way of the published loader (Chen et al., CVPR 2024), written anew: every sample reads the .nii.gz
files, resamples the whole volume to the network's spacing, and cuts the patch out of it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import SimpleITK

from Testing.benchmarks.loaders import CASE, Sample, box_of_sample

_WINDOW = (-400.0, 400.0)
# As published: turns about each axis in degrees, and change of size.
_TURN, _SCALE = 15.0, 0.1


def crops(
    folder: Path, patch: Sequence[int], spacing: Sequence[float], augmented: bool = False
) -> Callable[[int], Sample]:
    """augmented: the volume is turned and scaled while it is resampled."""

    def draw(number: int) -> Sample:
        rng = np.random.default_rng(number)
        image, labels = (
            SimpleITK.ReadImage(str(folder / "cases" / CASE / f"{name}.nii.gz")) for name in ("image", "labels")
        )
        grid = _grid(image, spacing)
        transform = _random_transform(image, rng) if augmented else SimpleITK.Transform()
        array = _resampled_image(image, grid, transform)
        nearest = SimpleITK.Resample(labels, grid, transform, SimpleITK.sitkNearestNeighbor, 0.0)
        box = box_of_sample(array.shape, patch, number)
        painted = SimpleITK.GetArrayViewFromImage(nearest)[box].copy()
        return array[box].copy()[None], painted

    return draw


def _resampled_image(image: SimpleITK.Image, grid: SimpleITK.Image, transform: SimpleITK.Transform) -> np.ndarray:
    low, high = _WINDOW
    darkest = float(SimpleITK.GetArrayViewFromImage(image).min())
    moved = SimpleITK.Resample(image, grid, transform, SimpleITK.sitkLinear, darkest, SimpleITK.sitkFloat32)
    return (np.clip(SimpleITK.GetArrayViewFromImage(moved), low, high) - low) / (high - low)


def _grid(image: SimpleITK.Image, spacing: Sequence[float]) -> SimpleITK.Image:
    """An empty image of the network's spacing whose outer faces are those of `image`."""
    source = np.array(image.GetSpacing())
    size = [max(1, round(n * s / t)) for n, s, t in zip(image.GetSize(), source, spacing, strict=True)]
    step = source * image.GetSize() / size
    direction = np.array(image.GetDirection()).reshape(3, 3)
    grid = SimpleITK.Image([int(n) for n in size], SimpleITK.sitkUInt8)
    grid.SetSpacing(step.tolist())
    grid.SetDirection(image.GetDirection())
    grid.SetOrigin((np.array(image.GetOrigin()) + direction @ (step - source) / 2).tolist())
    return grid


def _random_transform(image: SimpleITK.Image, rng: np.random.Generator) -> SimpleITK.Transform:
    centre = image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
    turn = SimpleITK.Euler3DTransform(centre, *np.radians(rng.uniform(-_TURN, _TURN, 3)).tolist())
    transform = SimpleITK.Similarity3DTransform()
    transform.SetCenter(centre)
    transform.SetMatrix(turn.GetMatrix())
    transform.SetScale(float(rng.uniform(1 - _SCALE, 1 + _SCALE)))
    return transform
