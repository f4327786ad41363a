"""A segmentation as it was read, and what of its record may be believed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib.annotation.head import READING_TAG, Head, decode_head, volume_on
from PartialSegLib.annotation.reading_files import side_file_of
from PartialSegLib.annotation.tags import RECORD_TAG, records_in
from PartialSegLib.annotation.trust import in_part, trusted
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, fit_to_grid
from PartialSegLib.image.labels import Segmentation
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import Completeness

if TYPE_CHECKING:
    from PartialSegLib.annotation.side_file import SideFile


@dataclass(frozen=True, eq=False)
class Judged:
    """labels on the grid of the record, the record that holds for them, and why it says less than what was saved."""

    labels: Volume
    completeness: Completeness
    warnings: tuple[str, ...]
    head: Head | None


def side_of(path: Path) -> "tuple[SideFile | None, list[str]]":
    """The side file of the segmentation at `path`; a damaged one is a warning, for the tags say the same."""
    from PartialSegLib.annotation.side_file import read_side_file

    side = side_file_of(path)
    try:
        return (read_side_file(side) if side else None), []
    except UserError as error:
        return None, [f"{error}; the record was taken from the tags of the segmentation"]


def carries_record(segmentation: Segmentation) -> bool:
    """Whether any segment has a record in its tags."""
    return any(RECORD_TAG in tags for tags in segmentation.tags.values())


def judge(segmentation: Segmentation, side: "SideFile | None", label_set: LabelSet) -> Judged:
    """Compare voxels, tags and side file. What changed or contradicts is in part, with a warning; never complete."""
    warnings = _strange(segmentation, label_set)
    records, heads = records_in(segmentation.tags), _heads(segmentation)
    head = next(iter(heads), None)
    labels, unions, n = segmentation.labels, segmentation.unions, label_set.n_classes
    if head is None or len(heads) > 1:
        declared = {*records, *(side.structures if side else ())}
        if records or side:
            why = "come from several readings" if heads else "lost their record"
            warnings.append(f"its segments {why}: nothing counts as complete, declare it again")
        return Judged(labels, in_part(labels.array, unions, declared, n), tuple(warnings), head)
    fitted = _on_grid(labels, head)
    if fitted is None:
        warnings.append("its voxels are not those that the record is of: nothing counts as complete, declare it again")
        return Judged(labels, in_part(labels.array, unions, records, n), tuple(warnings), head)
    # A side file that is behind is what a save leaves that was cut short: the segmentation is whole and newer.
    is_behind = side is not None and side.revision < head.revision
    other = side.records() if side is not None and not is_behind else None
    completeness, reasons = trusted(records, other, fitted.array, unions, label_set)
    return Judged(fitted, completeness, (*warnings, *reasons), head)


def _heads(segmentation: Segmentation) -> list[Head]:
    """What the segments with a record say of the whole: one thing, unless segments were copied from elsewhere."""
    texts = {tags.get(READING_TAG, "") for tags in segmentation.tags.values() if RECORD_TAG in tags}
    heads = [decode_head(text) for text in sorted(texts)]
    return [head for head in heads if head] if all(heads) else []


def _on_grid(labels: Volume, head: Head) -> Volume | None:
    """The labels on the grid of the record; None when that would move or cut off any voxel."""
    try:
        fitted = fit_to_grid(labels, volume_on(head.grid))
    except (UserError, np.linalg.LinAlgError):
        return None
    lost = fitted is not labels and np.count_nonzero(fitted.array) < np.count_nonzero(labels.array)
    return None if lost else fitted


def _strange(segmentation: Segmentation, label_set: LabelSet) -> list[str]:
    warnings = []
    if segmentation.unknown:
        names = ", ".join(map(repr, segmentation.unknown))
        warnings.append(f"segments that {label_set.name} does not know were left out: {names}")
    if segmentation.overlap:
        warnings.append(f"{segmentation.overlap} voxels were in several segments: each may be any of them now")
    return warnings
