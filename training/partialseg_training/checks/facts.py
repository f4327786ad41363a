"""What there is to know of one case before it is trained on."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from partialseg_training.checks.fingerprint import fingerprint
from PartialSegLib.dataset import CaseEntry, LabelMapEntry, read_annotation
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, fit_to_grid, read_labels, read_volume, to_lps
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness, State

_SAME_PLACE = 0.01  # of a voxel


@dataclass
class CaseFacts:
    """One case or label map on one side of the split. Arrays have one entry per class, background first.

    fingerprint: None without a readable image. painted: voxels. in_union: voxels painted as a union of structures that
    this one is in. volume: whether it is complete in the whole volume. slices: number of slices, over all axes, in
    which it was declared complete; empty_slices: those of them in which it is not painted.
    """

    name: str
    side: str
    patient: str | None
    errors: list[str] = field(default_factory=list)
    fingerprint: str | None = None
    labelled: bool = False
    painted: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    in_union: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    volume: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    slices: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    empty_slices: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


def facts_of(entry: CaseEntry | LabelMapEntry, side: str, label_set: LabelSet) -> CaseFacts:
    """Read the files of `entry` once; what is wrong with them is in `errors`, one line each."""
    n = label_set.n_classes
    patient = entry.patient if isinstance(entry, CaseEntry) else None
    facts = CaseFacts(entry.name, side, patient, volume=np.zeros(n, bool))
    facts.painted, facts.in_union, facts.slices, facts.empty_slices = (np.zeros(n, np.int64) for _ in range(4))
    if isinstance(entry, LabelMapEntry):
        _read_label_map(facts, entry, label_set)
        return facts
    labels = None
    try:
        labels, completeness = read_annotation(entry, label_set)
        if labels is not None:
            _count(facts, labels.array, completeness, entry.unions)
    except UserError as error:
        facts.errors.append(str(error))
    try:
        image = read_volume(entry.image)
        facts.fingerprint = fingerprint(image.array)
        if labels is not None:
            _check_grid(labels, image)
    except UserError as error:
        facts.errors.append(f"case {entry.name}: {error}")
    return facts


def _read_label_map(facts: CaseFacts, entry: LabelMapEntry, label_set: LabelSet) -> None:
    """Every structure of a label map is complete."""
    n = label_set.n_classes
    try:
        array = read_labels(entry.labels16, label_set).array
        used = np.flatnonzero(np.bincount(array.ravel()))
        strange = [int(value) for value in used if value >= n and value != PAINTED_BACKGROUND]
        if strange:
            raise UserError(f"label {strange[0]} stands for no structure: map it to one, or remove it")
        _count(facts, array, Completeness.of_volume(tuple(range(1, n)), n), {})
    except UserError as error:
        facts.errors.append(f"label map {entry.name}: {error}")


def _count(
    facts: CaseFacts, labels: np.ndarray, completeness: Completeness, unions: dict[int, tuple[int, ...]]
) -> None:
    n = completeness.n_classes
    counts = np.bincount(labels.ravel(), minlength=256)
    facts.labelled = True
    facts.painted[1:] = counts[1:n]
    for value, members in unions.items():
        if 0 not in members:
            facts.in_union[list(set(members))] += counts[value]
    facts.volume[:] = completeness.volume == State.COMPLETE
    facts.volume[0] = False
    places = labels.nonzero()
    values = labels[places].astype(np.int64)
    for axis, complete in _complete_slices(completeness):
        pairs = np.bincount(places[axis] * 256 + values, minlength=len(complete) * 256)
        painted = pairs.reshape(-1, 256)[:, :n] > 0
        facts.slices += complete.sum(axis=0)
        facts.empty_slices += (complete & ~painted).sum(axis=0)


def _complete_slices(completeness: Completeness) -> Iterator[tuple[int, np.ndarray]]:
    for axis, table in enumerate((completeness.z, completeness.y, completeness.x)):
        if table is not None:
            complete = table == State.COMPLETE
            complete[:, 0] = False
            yield axis, complete


def _check_grid(labels: Volume, image: Volume) -> None:
    """Raise UserError unless the voxels of the two coincide, in whatever order and direction their axes are."""
    if to_lps(labels)[0].shape == to_lps(image)[0].shape:
        distances = np.linalg.norm(_corners(labels)[:, None] - _corners(image)[None], axis=-1)
        if distances.min(axis=1).max() <= _SAME_PLACE * min(image.spacing):
            return
    inside = fit_to_grid(labels, image).array
    lost = int((labels.array != UNPAINTED).sum() - (inside != UNPAINTED).sum())
    what = f"{lost:,} painted voxels lie outside the image" if lost else "label and image do not cover the same space"
    raise UserError(f"{what}: crop or pad the label to the image's grid")


def _corners(volume: Volume) -> np.ndarray:
    """(8, 3) positions in mm of the outermost voxels."""
    ends = [(0, size - 1) for size in reversed(volume.array.shape)]
    return volume.world(np.array(np.meshgrid(*ends)).reshape(3, -1).T)
