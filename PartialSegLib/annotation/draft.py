"""A reading as it is going to be written: segments with their tags, and the side file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib.annotation.fingerprints import voxel_hash
from PartialSegLib.annotation.head import READING_TAG, CaseState, Head, grid_of
from PartialSegLib.annotation.reading_files import Pair, check_reader
from PartialSegLib.annotation.tags import RECORD_TAG, StructureRecord, records_of, status_of
from PartialSegLib.errors import UserError
from PartialSegLib.files import sha256
from PartialSegLib.image import Volume
from PartialSegLib.image.segment_tags import BACKGROUND_ID, UNION_TAG, union_text
from PartialSegLib.image.segmentation import SegmentRow, structure_row, write_segments
from PartialSegLib.image.segments import BACKGROUND_NAME, UNION_VALUES, union_name
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED

if TYPE_CHECKING:
    from PartialSegLib.annotation.reading import Reading
    from PartialSegLib.annotation.side_file import SideFile

_GREY, _SAND = (128, 128, 128), (200, 200, 120)


@dataclass(frozen=True, eq=False)
class Draft:
    """What of a reading is written, and the record in the form of its tags. revision: the one it began at."""

    reader: str
    labels: Volume
    unions: dict[int, tuple[int, ...]]
    state: CaseState
    seconds: float
    revision: int
    records: dict[int, StructureRecord]
    labels_hash: str
    label_set: LabelSet

    @classmethod
    def of(cls, reading: "Reading", label_set: LabelSet) -> "Draft":
        """UserError for labels and records that do not fit the label set or each other."""
        check_reader(reading.reader)
        array, unions = reading.labels.array, {v: tuple(sorted(set(m))) for v, m in reading.unions.items()}
        _check(array, unions, reading.completeness.n_classes, label_set)
        return cls(
            reader=reading.reader,
            labels=reading.labels,
            unions=dict(sorted(unions.items())),
            state=CaseState(reading.state),
            seconds=round(float(reading.seconds), 1),
            revision=reading.revision,
            records=records_of(reading.completeness, array, unions),
            labels_hash=voxel_hash(array),
            label_set=label_set,
        )

    def write(self, pair: Pair, revision: int) -> str:
        """Write both files; returns the SHA-256 of the segmentation."""
        write_segments(pair.labels, self.labels, self._rows(revision))
        stamp = sha256(pair.labels)
        pair.side.write_text(self.side_file(revision, stamp).text(), encoding="utf-8")
        return stamp

    def side_file(self, revision: int, stamp: str) -> "SideFile":
        """The side file of the segmentation with this hash."""
        from PartialSegLib.annotation.side_file import SideFile, StructureEntry

        return SideFile(
            reader=self.reader,
            revision=revision,
            file=stamp,
            label_set=self.label_set.name,
            state=self.state,
            seconds=self.seconds,
            grid=grid_of(self.labels),
            labels=self.labels_hash,
            structures={v: StructureEntry.of(r, self.label_set.by_value(v).key) for v, r in self.records.items()},
            unions=self.unions,
        )

    def says_what(self, side: "SideFile", stamp: str) -> bool:
        """Whether the files on disk, of which this is the side file, say the same already, but for the time spent."""
        same = self.side_file(side.revision, stamp).model_copy(update={"seconds": side.seconds, "grid": side.grid})
        return same == side and bool(np.allclose(side.grid, grid_of(self.labels), rtol=0, atol=1e-4))

    def _rows(self, revision: int) -> list[SegmentRow]:
        head = Head(self.reader, revision, self.state, self.seconds, grid_of(self.labels)).encode()
        rows = []
        for structure in self.label_set:
            record = self.records[structure.value]
            tags = {RECORD_TAG: record.encode(), READING_TAG: head}
            rows.append(structure_row(structure, status_of(record), tags))
        keys = {structure.value: structure.key for structure in self.label_set}
        for value, members in self.unions.items():
            text = union_text(members, keys)
            name = union_name(members, self.label_set)
            rows.append(SegmentRow("union_" + text.replace(",", "_"), name, _SAND, value, {UNION_TAG: text}))
        return [*rows, SegmentRow(BACKGROUND_ID, BACKGROUND_NAME, _GREY, PAINTED_BACKGROUND, {})]


def _check(array: np.ndarray, unions: dict[int, tuple[int, ...]], n_classes: int, label_set: LabelSet) -> None:
    if array.dtype != np.uint8:
        raise ValueError(f"labels of a reading are uint8, not {array.dtype}")
    if n_classes != label_set.n_classes:
        raise UserError(f"the record has {n_classes - 1} structures, {label_set.name} {label_set.n_classes - 1}")
    for value, members in unions.items():
        fits = len(members) > 1 and members[0] >= 0 and members[-1] < n_classes
        if value not in UNION_VALUES or value < n_classes or not fits:
            raise UserError(f"label {value} is no union of structures: use 20 to 199 for two structures or more")
    present = np.zeros(256, bool)
    present[array] = True
    known = {UNPAINTED, PAINTED_BACKGROUND, *range(1, n_classes), *unions}
    strange = sorted(set(np.flatnonzero(present).tolist()) - known)
    if strange:
        raise UserError(f"label {strange[0]} stands for no structure: map it to one, or remove it")
