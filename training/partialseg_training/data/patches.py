"""Training samples: sample number `i` of a run is a pure function of the configuration, the seed and `i`."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from partialseg_training.config import TrainConfig
from partialseg_training.data.augment import change_intensities
from partialseg_training.data.geometry import Readable, read_points, sampling_grid, whole_slice
from partialseg_training.data.patch_record import (
    candidates_of_patch,
    complete,
    complete_in_slices,
    draw_axis,
    record_of_patch,
)
from partialseg_training.data.sampler import HierarchicalSampler, Source
from partialseg_training.data.store import INTENSITY_SCALE, PreparedCase, load_case
from partialseg_training.data.synthesis import synthetic_ct, synthetic_mr
from partialseg_training.data.views import View, views_of


class PatchDataset(Dataset):
    """Maps the number of a sample to what training, or a picture of it, needs. With C classes, background included:

    "image" (1, Z, Y, X) float32 in [0, 1]; "candidates" (Z, Y, X) int32, see PartialSegLib.supervision; "annotated"
    (C,) bool, what is complete in the whole volume; "z" (Z, C), "y" (Y, C), "x" (X, C) bool, what is complete in a
    slice of the patch across that axis (a patch keeps the records of one axis, see patch_record); "case" int, the
    place of its case in `names`. All samples have equal shapes, whatever was declared, so that they can be batched.

    len() is the number of samples of the whole run. Who draws a sample, when and after which others makes no
    difference: any process may take any numbers, and `dataset[i]` shows afterwards what was learned from.
    """

    def __init__(self, folders: list[Path], config: TrainConfig, n_classes: int) -> None:
        self.config, self.n_classes = config, n_classes
        cases = [load_case(folder) for folder in folders]
        self.names = tuple(case.record.name for case in cases)
        self.views = [view for i, case in enumerate(cases) for view in views_of(case, i, config.augment.synthesis)]
        sources = [
            Source(i, view.modality, view.dataset, frozenset(view.case.centres)) for i, view in enumerate(self.views)
        ]
        self.sampler = HierarchicalSampler(sources, config.sampling)

    def __len__(self) -> int:
        return self.config.steps * self.config.batch_size

    def __getitem__(self, number: int) -> dict[str, Any]:
        rng = np.random.default_rng([self.config.seed, number])
        value, index = self.sampler.draw(rng)
        view = self.views[index]
        voxel = _voxel(view.case, value, rng)
        across = draw_axis(view.case.completeness, voxel, rng)
        points = self._points(view, voxel, across, rng)
        image, labels, outside = self._read(view, points, rng)
        record = record_of_patch(view.case.completeness, points, across)
        arrays = {
            "image": np.ascontiguousarray(image, dtype=np.float32)[None],
            "candidates": candidates_of_patch(labels, outside, record, view.case.unions),
            "annotated": complete(record.volume),
            **complete_in_slices(record, labels.shape),
        }
        return {**{name: torch.from_numpy(array) for name, array in arrays.items()}, "case": view.case_number}

    def _points(self, view: View, voxel: np.ndarray, across: int | None, rng: np.random.Generator) -> np.ndarray:
        """Where the patch's voxels are read, (Z, Y, X, 3); the voxel lies within its middle half."""
        config = self.config
        centre = voxel + rng.uniform(-0.25, 0.25, 3) * config.patch_size
        if across is not None:
            centre[across] = whole_slice(centre[across], config.patch_size[across])
        elastic = config.augment.elastic * (1.0 if view.synthetic else 0.5) * (rng.random() < 0.7)
        spacing = config.preprocessing.spacing[::-1]
        grid = sampling_grid(config.patch_size, spacing, config.augment, elastic, rng, across)
        return centre.astype(np.float32) + grid

    def _read(
        self, view: View, points: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image in [0, 1], painted labels, and which voxels lie outside the volume (nothing is known there)."""
        case, augment = view.case, self.config.augment
        # One is added before reading, because points outside the volume read 0.
        inside = [(_PlusOne(case.labels), "nearest")]
        if not view.synthetic:
            image, labels = read_points([(case.image, "bilinear"), *inside], points)
            patch = change_intensities(image / INTENSITY_SCALE, augment, rng)
        else:
            real = [(case.image, "bilinear")] if not case.record.synthetic else []
            labels, codes, *texture = read_points([*inside, (case.tissue, "nearest"), *real], points)
            tissue = codes.astype(np.uint8)
            if view.modality == "ct":
                patch = synthetic_ct(tissue, self.config.preprocessing.ct_window, rng)
            else:
                patch = synthetic_mr(tissue, texture[0] / INTENSITY_SCALE if texture else None, rng)
            patch = change_intensities(patch, augment, rng)
        outside = labels == 0
        return patch, np.where(outside, 0, labels - 1).astype(np.uint8), outside


def _voxel(case: PreparedCase, value: int | None, rng: np.random.Generator) -> np.ndarray:
    """The voxel (z, y, x) that a patch surrounds: one of the class, or any."""
    if value is None:
        return rng.integers(case.record.shape)
    centres = case.centres[value]
    return centres[int(rng.integers(len(centres)))].astype(int)


class _PlusOne:
    """A stored volume whose crops come with 1 added."""

    def __init__(self, array: Readable) -> None:
        self.array, self.shape = array, array.shape

    def __getitem__(self, box: Any) -> np.ndarray:
        return self.array[box].astype(np.int16) + 1
