"""A reading onto the disk: whole or not at all, never over somebody else's work.

Everything is written beside its name first. Then renames make it count, that of the segmentation, which holds all that
is said, before that of its side file: whenever the process ends, what is found is the reading before or the new one.
"""

import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PartialSegLib.annotation import ledger
from PartialSegLib.annotation.acts import Act
from PartialSegLib.annotation.case_file import case_file, pointing_to
from PartialSegLib.annotation.draft import Draft
from PartialSegLib.annotation.head import READING_TAG, decode_head
from PartialSegLib.annotation.history import append_acts, append_save, last_revision
from PartialSegLib.annotation.judge import side_of
from PartialSegLib.annotation.lock import locked
from PartialSegLib.annotation.reading_files import Pair, ReadingFiles
from PartialSegLib.annotation.versions import keep_version, prune_versions
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path, sha256
from PartialSegLib.image.segments import read_segments
from PartialSegLib.structures import LabelSet, load_label_set

if TYPE_CHECKING:
    from PartialSegLib.annotation.reading import Reading

_TEMPORARY = ".partial-*"  # as `atomic_path` names what is not whole yet


class Conflict(UserError):  # noqa: N818
    """Somebody saved the same reading since it was opened. kept: where the work that came second is."""

    def __init__(self, message: str, kept: Path) -> None:
        super().__init__(message)
        self.kept = kept


def save_reading(
    case_folder: str | Path, reading: "Reading", acts: Iterable[Act] = (), label_set: LabelSet | None = None
) -> "Reading":
    """Save, and return what is on disk now: the next revision, or the same one where nothing changed.

    acts: what was declared since the last save, for the history. The segmentation before is kept as a version. Raises
    Conflict, with the work kept beside, when the file is not the one that `reading` was opened from; UserError for what
    cannot be written (the file before stays as it is) and for labels and records that do not fit.
    """
    files, acts = ReadingFiles(case_folder, reading.reader), tuple(acts)
    ledger.check(reading.completeness, reading.labels.array.shape)
    draft = Draft.of(reading, label_set or load_label_set())
    case_file(files.case)
    try:
        with locked(files.folder):
            return _save(files, reading, draft, acts)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot save in {files.folder}: {reason}; check the drive and save again") from error


def _save(files: ReadingFiles, reading: "Reading", draft: Draft, acts: tuple[Act, ...]) -> "Reading":
    _remove_leftovers(files)
    disk = _OnDisk(files.now)
    if disk.is_another(reading):
        raise _conflict(files, draft, disk)
    pointer = pointing_to(files)
    if disk.stamp and disk.side and not acts and pointer is None and draft.says_what(disk.side, disk.stamp):
        _note_time(files, draft, disk)
        return replace(reading, revision=disk.side.revision, warnings=(), stamp=disk.stamp)
    # A number is never used again, also after somebody put a former version back.
    revision = max([disk.revision, reading.revision, last_revision(files.history), *files.versions()]) + 1
    if disk.stamp:
        keep_version(files, disk.revision or revision - 1)
    stamp = _commit(files, draft, revision, acts, pointer)
    prune_versions(files)
    return replace(reading, revision=revision, warnings=(), stamp=stamp)


class _OnDisk:
    """What is there before a save. stamp: SHA-256 of the segmentation, None without one. revision: 0 without one."""

    def __init__(self, pair: Pair) -> None:
        self.side, _ = side_of(pair.labels)
        self.stamp = sha256(pair.labels) if pair.labels.is_file() else None
        self.revision = max(self.side.revision if self.side else 0, _revision_in(pair.labels) if self.stamp else 0)

    def is_another(self, reading: "Reading") -> bool:
        """Whether saving `reading` would take the place of something it does not come from."""
        if self.stamp is None:
            return False
        return self.stamp != reading.stamp if reading.stamp else self.revision != reading.revision


def _revision_in(path: Path) -> int:
    try:
        heads = [decode_head(segment.tags.get(READING_TAG, "")) for segment in read_segments(path)]
    except (UserError, OSError):
        return 0  # damaged: it is kept as a version, and replaced
    return max((head.revision for head in heads if head), default=0)


def _commit(files: ReadingFiles, draft: Draft, revision: int, acts: tuple[Act, ...], pointer: str | None) -> str:
    """Write everything, then make it count; returns the hash of the new segmentation."""
    stamp = ""
    try:
        # The last context ends first: the segmentation is renamed, then its side file, then case.json names it.
        with ExitStack() as renames:
            case = renames.enter_context(atomic_path(case_file(files.case))) if pointer is not None else None
            side = renames.enter_context(atomic_path(files.now.side))
            labels = renames.enter_context(atomic_path(files.now.labels))
            stamp = draft.write(Pair(labels, side), revision)
            if case is not None and pointer is not None:
                case.write_text(pointer, encoding="utf-8")
            for path in (labels, side, *([case] if case else [])):
                _flush(path)
            append_acts(files.history, files.reader, revision, acts)
    except UserError:
        # If the segmentation is in its place, everything is saved, and only what repeats it is behind until the next.
        if not files.now.labels.is_file() or sha256(files.now.labels) != stamp:
            raise
    with suppress(OSError):
        append_save(files.history, files.reader, revision)
    return stamp


def _note_time(files: ReadingFiles, draft: Draft, disk: _OnDisk) -> None:
    """Nothing changed but the time spent, which only the side file counts."""
    if disk.side is not None and disk.stamp is not None and draft.seconds != disk.side.seconds:
        with atomic_path(files.now.side) as path:
            path.write_text(draft.side_file(disk.side.revision, disk.stamp).text(), encoding="utf-8")
            _flush(path)


def _conflict(files: ReadingFiles, draft: Draft, disk: _OnDisk) -> Conflict:
    beside = files.conflict()
    with atomic_path(beside.side) as side, atomic_path(beside.labels) as labels:
        draft.write(Pair(labels, side), draft.revision + 1)
    return Conflict(
        f"the reading of {files.reader} in {files.case} was saved by another process since you opened it (revision "
        f"{disk.revision}, yours began at {draft.revision}): your work was kept as {beside.labels.name}; open it again",
        beside.labels,
    )


def _flush(path: Path) -> None:
    """Onto the disk before it is renamed, so that a power cut does not leave an empty file under the final name."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_leftovers(files: ReadingFiles) -> None:
    """What a process that was killed did not finish; nobody else writes here while we hold the lock."""
    for folder in (files.folder, files.versions_folder):
        for path in folder.glob(_TEMPORARY):
            with suppress(OSError):
                path.unlink()
    for path in files.case.glob(f"{_TEMPORARY}.json"):
        with suppress(OSError):
            path.unlink()
