"""Training samples: sample number `i` of a run is a pure function of the configuration, the seed and `i`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from partialseg_training.config import TrainConfig
from partialseg_training.data.augment import Readable, change_intensities, read_points, sampling_grid
from partialseg_training.data.sampler import HierarchicalSampler, Source
from partialseg_training.data.store import INTENSITY_SCALE, PreparedCase, load_case
from partialseg_training.data.synthesis import synthetic_ct, synthetic_mr
from PartialSegLib.supervision import Completeness, State, candidate_sets, everything


@dataclass(frozen=True)
class View:
    """One way to show a prepared case: as it is, or as an image synthesised from its tissue map."""

    case: PreparedCase
    dataset: str
    modality: str
    synthetic: bool


class PatchDataset(Dataset):
    """Maps a sample number to {"image" (1, Z, Y, X) float32, "candidates" (Z, Y, X) int32, "annotated" (C,) bool}."""

    def __init__(self, folders: list[Path], config: TrainConfig, n_classes: int) -> None:
        self.config, self.n_classes = config, n_classes
        self.views = [view for folder in folders for view in _views(load_case(folder))]
        sources = [
            Source(i, view.modality, view.dataset, frozenset(view.case.centres)) for i, view in enumerate(self.views)
        ]
        self.sampler = HierarchicalSampler(sources, config.sampling_weights)

    def __len__(self) -> int:
        return self.config.steps * self.config.batch_size

    def __getitem__(self, number: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([self.config.seed, number])
        value, index = self.sampler.draw(rng)
        view = self.views[index]
        points = self._points(view, value, rng)
        image, labels, outside = self._read(view, points, rng)
        complete = Completeness.of_volume(view.case.record.annotated, self.n_classes)
        candidates = candidate_sets(labels, complete)
        candidates[outside] = everything(self.n_classes)
        return {
            "image": torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None],
            "candidates": torch.from_numpy(candidates),
            "annotated": torch.from_numpy(complete.volume == State.COMPLETE),
        }

    def _points(self, view: View, value: int, rng: np.random.Generator) -> np.ndarray:
        config = self.config
        centres = view.case.centres[value]
        centre = centres[int(rng.integers(len(centres)))] + rng.uniform(-0.25, 0.25, 3) * config.patch_size
        elastic = config.augment.elastic * (1.0 if view.synthetic else 0.5) * (rng.random() < 0.7)
        spacing = config.preprocessing.spacing[::-1]
        return centre + sampling_grid(config.patch_size, spacing, config.augment, elastic, rng)

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


class _PlusOne:
    """A stored volume whose crops come with 1 added."""

    def __init__(self, array: Readable) -> None:
        self.array, self.shape = array, array.shape

    def __getitem__(self, box: Any) -> np.ndarray:
        return self.array[box].astype(np.int16) + 1


def _views(case: PreparedCase) -> list[View]:
    record = case.record
    if record.synthetic:
        return [View(case, f"{record.dataset}-synthetic", modality, True) for modality in ("ct", "mr")]
    views = [View(case, record.dataset, record.modality, False)]
    if record.modality == "ct":
        views.append(View(case, f"{record.dataset}-synthetic", "mr", True))
    return views
