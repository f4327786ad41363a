"""The voxels of a case, and what is annotated of them."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from PartialSegLib.annotation.judge import carries_record, judge, side_of
from PartialSegLib.annotation.record import completeness_of
from PartialSegLib.annotation.trust import at_most
from PartialSegLib.dataset.entries import CaseEntry
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_labels, read_volume, to_lps
from PartialSegLib.image.labels import Unions, read_segmentation, strict
from PartialSegLib.image.segmentation import is_segmentation_name
from PartialSegLib.image.volume import byte_view
from PartialSegLib.structures import LabelSet, load_label_set
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness


def read_annotation(entry: CaseEntry, label_set: LabelSet | None = None) -> tuple[Volume | None, Completeness]:
    """Painted labels (uint8) and the record of what is complete, in the axes of the label file.

    label_set: the one that ships when left out; segments of a .seg.nrrd file are found in it by name. Where such a file
    carries its own record, the entry's counts only as far as that still holds for the voxels: the rest is in part. A
    volume that nobody annotated gives None and an empty record. Raises UserError for labels and structures outside the
    label set, and for slices outside the volume.
    """
    label_set = label_set or load_label_set()
    n = label_set.n_classes
    try:
        strange = sorted({c for members in entry.unions.values() for c in members if c >= n})
        if strange:
            raise UserError(f"label {strange[0]} in `unions` stands for no structure: use 0 to {n - 1}")
        if entry.label is None:
            return None, Completeness.of_volume((), n)
        labels, believed = _labels(entry.label, entry.unions, label_set)
        _check_values(labels.array, {UNPAINTED, PAINTED_BACKGROUND, *range(1, n), *entry.unions})
        record = completeness_of(entry.annotated, entry.in_part, entry.slices, labels.array.shape, n)
        if believed is not None:
            record = at_most(record, believed)
    except UserError as error:
        raise UserError(f"case {entry.name}: {error}") from error
    return labels.like(labels.array.astype(np.uint8, copy=False)), record


def _labels(path: Path, unions: Unions, label_set: LabelSet) -> tuple[Volume, Completeness | None]:
    """Labels, and the record that the file itself carries as far as it may be believed; None when it carries none."""
    if not is_segmentation_name(path):
        return read_labels(path, label_set), None
    side, _ = side_of(path)
    segmentation = strict(read_segmentation(path, label_set), path, label_set)
    if side is None and not carries_record(segmentation):
        return segmentation.labels, None
    judged = judge(segmentation, side, label_set)
    for value, members in segmentation.unions.items():
        if set(unions.get(value, members)) != set(members):
            raise UserError(f"label {value} means something else in {path} than in `unions`: load the dataset again")
    return judged.labels, judged.completeness


def read_case(entry: CaseEntry, label_set: LabelSet | None = None) -> tuple[Volume, Volume | None, Completeness]:
    """Image, labels and record, each in the axes of its own file.

    The two files may order and flip their axes differently; UserError when their voxels do not coincide.
    """
    labels, record = read_annotation(entry, label_set)
    try:
        image = read_volume(entry.image)
        if labels is not None and not same_voxels(image, labels):
            raise UserError("image and label do not lie on the same grid: resample the label to the image's grid")
    except UserError as error:
        raise UserError(f"case {entry.name}: {error}") from error
    return image, labels, record


def same_voxels(image: Volume, labels: Volume) -> bool:
    """Whether both have the same voxels at the same places, in whatever order and direction their axes run."""
    return _in_lps(labels).same_grid(_in_lps(image))


def content_hash(volume: Volume) -> str:
    """A hash (BLAKE2) of voxels and spacing in the patient's axes: equal for one image in files of any format."""
    array, view = to_lps(volume)
    digest = hashlib.blake2b(repr((array.shape, [round(step, 3) for step in view.spacing])).encode(), digest_size=32)
    for plane in array:
        digest.update(byte_view(np.ascontiguousarray(plane, "<f4")))
    return digest.hexdigest()


def _check_values(array: np.ndarray, known: set[int]) -> None:
    present = np.zeros(int(array.max()) + 1, bool)
    present[array] = True
    strange = sorted(set(np.flatnonzero(present).tolist()) - known)
    if strange:
        raise UserError(f"label {strange[0]} stands for no structure: map it to one, or remove it")


def _in_lps(volume: Volume) -> Volume:
    """The same voxels with array axes (superior, posterior, left)."""
    array, view = to_lps(volume)
    # Array axis d is index axis 2 - d; where it was flipped, its last voxel becomes the first.
    order = [2 - view.axes[2 - i] for i in range(3)]
    last = [n - 1 if view.flips[2 - i] else 0 for i, n in enumerate(reversed(array.shape))]
    first = np.zeros(3)
    first[order] = last
    signs = [-1.0 if view.flips[2 - i] else 1.0 for i in range(3)]
    x, y, z = volume.world(first)
    direction = volume.direction[:, order] * np.array(signs)
    return replace(volume, array=array, spacing=view.spacing, origin=(x, y, z), direction=direction)
