"""One reader's annotation of one case: started, opened, saved, and chosen for training."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from PartialSegLib.annotation.case_file import case_file, pointing_to
from PartialSegLib.annotation.head import CaseState
from PartialSegLib.annotation.judge import judge, side_of
from PartialSegLib.annotation.lock import locked
from PartialSegLib.annotation.reading_files import ReadingFiles, readers
from PartialSegLib.annotation.saving import Conflict, save_reading
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path, sha256
from PartialSegLib.image import Volume, read_volume
from PartialSegLib.image.labels import read_segmentation
from PartialSegLib.structures import LabelSet, load_label_set
from PartialSegLib.supervision import Completeness

__all__ = [
    "CaseState",
    "Conflict",
    "Reading",
    "open_reading",
    "readers",
    "save_reading",
    "start_reading",
    "use_reading",
]


@dataclass(frozen=True, eq=False)
class Reading:
    """What one reader said of one case.

    reader: a pseudonym, 1 to 32 letters, digits, _ and -. labels: uint8 (z, y, x), 0 unpainted, 255 painted background,
    values of `unions` where a voxel may be several structures. completeness: the record, in the axes of `labels`.
    seconds: time spent. revision: grows with each save, 0 for a new one. warnings: why it says less than was saved.
    stamp: SHA-256 of the file it was opened from; with it, saving also notices what other programs did to the file.
    """

    reader: str
    labels: Volume
    completeness: Completeness
    unions: dict[int, tuple[int, ...]]
    state: CaseState = CaseState.IN_PROGRESS
    seconds: float = 0.0
    revision: int = 0
    warnings: tuple[str, ...] = ()
    stamp: str | None = None


def open_reading(case_folder: str | Path, reader: str, label_set: LabelSet | None = None) -> Reading | None:
    """This reader's annotation as it was saved last; None when there is none yet. Changes nothing on disk.

    What another program changed since is in part, never complete, and `warnings` say so. UserError when the files
    cannot be read.
    """
    files = ReadingFiles(case_folder, reader)
    case_file(files.case)
    if not files.now.labels.is_file():
        if files.now.side.is_file():
            raise UserError(f"{files.now.labels} is missing: copy the last one of {files.versions_folder} there")
        return None
    label_set = label_set or load_label_set()
    # In this order: a save puts the segmentation in place before its side file, which so is never the newer one here.
    side, warnings = side_of(files.now.labels)
    try:
        stamp = sha256(files.now.labels)
        segmentation = read_segmentation(files.now.labels, label_set)
    except (UserError, OSError) as error:
        raise UserError(f"{error}; earlier versions are in {files.versions_folder}") from error
    judged = judge(segmentation, side, label_set)
    newest = side if side and judged.head and side.revision == judged.head.revision else judged.head or side
    return Reading(
        reader=reader,
        labels=judged.labels,
        completeness=judged.completeness,
        unions=segmentation.unions,
        state=newest.state if newest else CaseState.IN_PROGRESS,
        seconds=newest.seconds if newest else 0.0,
        revision=max([known.revision for known in (judged.head, side) if known], default=0),
        warnings=(*warnings, *judged.warnings),
        stamp=stamp,
    )


def start_reading(
    case_folder: str | Path, reader: str, image: Volume | None = None, label_set: LabelSet | None = None
) -> Reading:
    """A new reading, not saved yet: of the case's labels where they are no reading, else of nothing.

    image: the case's, if it is read already. UserError when the labels do not lie in the axes of the image.
    """
    from PartialSegLib.dataset.load import load_case
    from PartialSegLib.dataset.read import read_annotation

    files, label_set = ReadingFiles(case_folder, reader), label_set or load_label_set()
    entry = load_case(case_file(files.case))
    image = image or read_volume(entry.image)
    if entry.label is None or entry.label.parent == files.folder.absolute():
        empty = image.like(np.zeros(image.array.shape, np.uint8))
        return Reading(reader, empty, Completeness.of_volume((), label_set.n_classes), {})
    labels, completeness = read_annotation(entry, label_set)
    if labels is None or not labels.same_grid(image):
        raise UserError(f"the labels of {files.case} do not lie in the axes of its image: import them again")
    return Reading(reader, labels, completeness, dict(entry.unions))


def use_reading(case_folder: str | Path, reader: str) -> None:
    """Train with this reader's annotation from now on. UserError when there is none, or the case cannot be written."""
    files = ReadingFiles(case_folder, reader)
    path = case_file(files.case)
    if reader not in readers(case_folder):
        raise UserError(f"{reader} has no reading of {files.case}: choose one of {', '.join(readers(case_folder))}")
    with locked(files.folder):
        text = pointing_to(files, from_another=True)
        if text is not None:
            with atomic_path(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
