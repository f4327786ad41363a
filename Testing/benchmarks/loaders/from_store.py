"""Samples from the store of prepared cases."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from partialseg_training.config import TrainConfig
from partialseg_training.data.augment import AugmentConfig
from partialseg_training.data.patches import PatchDataset
from partialseg_training.data.store import INTENSITY_SCALE, load_case
from PartialSegLib.preprocessing import Preprocessing
from Testing.benchmarks.loaders import CASE, Sample, box_of_sample


def crops(folder: Path, patch: Sequence[int]) -> Callable[[int], Sample]:
    """Image and labels of a box, as they are stored."""
    case = load_case(folder / "store" / CASE)

    def draw(number: int) -> Sample:
        box = box_of_sample(case.record.shape, patch, number)
        image = np.multiply(case.image[box], np.float32(1 / INTENSITY_SCALE), dtype=np.float32)
        return image[None], case.labels[box]

    return draw


def samples(folder: Path, patch: Sequence[int], spacing: Sequence[float]) -> Callable[[int], Sample]:
    """What training gets, with everything that is done to it."""
    z, y, x = patch
    right, back, up = spacing
    config = TrainConfig(
        name="loader",
        dataset=folder / "cases",
        network={"name": "unet"},
        preprocessing=Preprocessing((right, back, up)),
        patch_size=(z, y, x),
        steps=1,
        augment=AugmentConfig(synthesis=False),
    )
    dataset = PatchDataset([folder / "store" / CASE], config, n_classes=17)

    def draw(number: int) -> Sample:
        sample = dataset[number]
        return sample["image"].numpy(), sample["candidates"].numpy()

    return draw
