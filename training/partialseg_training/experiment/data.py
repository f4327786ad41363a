"""The data of an experiment: one simulated dataset for each kind of annotation, and how much each says."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from partialseg_training.data.phantoms import phantom_dataset
from partialseg_training.data.store import load_case
from partialseg_training.experiment.plan import Plan
from partialseg_training.simulation import Rule, amount_said, simulate_dataset
from PartialSegLib.annotation import ranges_of, reorient, resample_annotation
from PartialSegLib.dataset import CaseEntry, load_dataset, read_case, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.preprocessing import Preprocessing, resample
from PartialSegLib.structures import load_label_set

_PHANTOMS = 8


def choose_cases(plan: Plan, dataset: Path | None, output: Path) -> tuple[Path, tuple[str, ...], tuple[str, ...]]:
    """(dataset, names to train on, names to test on); generated torsos where there is no dataset."""
    if dataset is None:
        dataset = output / "phantoms"
        phantom_dataset(dataset, _PHANTOMS, load_label_set("abdomen16"), partly=False)
        names = list(load_dataset(dataset).entries)
        return dataset, tuple(names[2:]), tuple(names[:2])
    entries = load_dataset(dataset).entries
    missing = [name for name in (*plan.train, *plan.test) if name not in entries]
    if missing or not plan.train or not plan.test:
        what = f"has no case {missing[0]}" if missing else "is not split"
        raise UserError(f"{dataset} {what}: name the cases with --train and --test")
    return dataset, plan.train, plan.test


def resampled(dataset: Path, train: Sequence[str], preprocessing: Preprocessing, folder: Path) -> Path:
    """Write `train` at the network's resolution into `folder`: of its slices the rules then take their share."""
    cases = load_dataset(dataset).cases
    for name in train:
        if name not in cases or cases[name].label is None:
            raise UserError(f"{dataset} has no labels of {name}: labels are made incomplete from whole ones")
        if not (folder / name / "case.json").exists():
            shutil.rmtree(folder / name, ignore_errors=True)
            _write_resampled(cases[name], preprocessing, folder)
    return folder


def _write_resampled(entry: CaseEntry, preprocessing: Preprocessing, folder: Path) -> None:
    image, painted, completeness = read_case(entry)
    array, view = to_lps(image)
    shape = preprocessing.grid_shape(array.shape, view.spacing)
    assert painted is not None
    given, labels_view = to_lps(painted)
    labels, record = resample_annotation(given, reorient(completeness, labels_view), shape, entry.unions)
    x, y, z = (n * s / m for n, s, m in zip(array.shape[::-1], view.spacing, shape[::-1], strict=True))
    volume = Volume(resample(array, shape).round().astype(np.int16), (x, y, z), (0.0, 0.0, 0.0), np.eye(3))
    files = {"image": Path("image.nii.gz"), "label": Path("labels.nii.gz"), "slices": ranges_of(record)}
    write_case(folder, entry.model_copy(update=files), volume, volume.like(labels))


def annotate(dataset: Path, train: Sequence[str], rules: Sequence[Rule], folder: Path) -> Path:
    """Write `train` as annotated under `rules`, dealt in turn, into `folder`, once; returns the new dataset."""
    done = folder.with_suffix(".done")
    if not done.exists():
        dealt = {name: rules[i % len(rules)] for i, name in enumerate(train)}
        simulate_dataset(load_dataset(dataset), train, dealt, 0, folder, overwrite=True)
        done.touch()
    return folder


def annotated_voxels(folders: Sequence[Path]) -> float:
    """What prepared cases say, in voxels: each counts by the share of the structures that is answered for it."""
    cases = map(load_case, folders)
    return sum(
        amount_said(case.labels[:], case.completeness, case.unions).answers * math.prod(case.record.shape)
        for case in cases
    )
