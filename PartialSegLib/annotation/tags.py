"""The record in the tags of segments, which 3D Slicer keeps when it saves a segmentation again.

Each structure's segment carries its own part, with a hash of its voxels:

    PartialSeg.Record    1;value=6;volume=in part;complete k=12,20-31;in part j=40;voxels=5f0c...

so that a record is believed only for the voxels that it was declared of. Neither | nor : occurs, which separate tags.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from PartialSegLib.annotation.fingerprints import structure_hashes
from PartialSegLib.annotation.record import AXES, parse_range
from PartialSegLib.errors import UserError
from PartialSegLib.supervision import Completeness, State

RECORD_TAG = "PartialSeg.Record"
STATUS_TAG = "Segmentation.Status"
_VERSION = "1"
_WORDS = {State.NOT_LOOKED_AT: "not looked at", State.IN_PART: "in part", State.COMPLETE: "complete"}
_STATUS = {State.NOT_LOOKED_AT: "notstarted", State.IN_PART: "inprogress", State.COMPLETE: "completed"}
_STATES = {word: state for state, word in _WORDS.items()}

Unions = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class StructureRecord:
    """What is declared of one structure, and the hash of the voxels that it was declared of.

    value: the structure. slices: state and axis -> slices, only what says something: "complete k" -> "12,20-31".
    """

    value: int
    volume: State
    slices: tuple[tuple[str, str], ...]
    voxels: str

    def encode(self) -> str:
        """As the value of a tag."""
        fields = [("value", str(self.value)), ("volume", _WORDS[self.volume]), *self.slices, ("voxels", self.voxels)]
        return ";".join([_VERSION, *(f"{name}={text}" for name, text in fields)])


def decode(text: str) -> StructureRecord | None:
    """The inverse of `StructureRecord.encode`; None for what this version cannot read."""
    version, *fields = text.split(";")
    values = dict(field.partition("=")[::2] for field in fields)
    value, state = values.pop("value", ""), _STATES.get(values.pop("volume", ""))
    voxels = values.pop("voxels", "")
    known = {f"{_WORDS[part]} {axis}" for part in (State.COMPLETE, State.IN_PART) for axis in AXES}
    if version != _VERSION or not value.isdecimal() or state is None or not voxels or not set(values) <= known:
        return None
    return StructureRecord(int(value), state, tuple(values.items()), voxels)


def records_of(completeness: Completeness, labels: np.ndarray, unions: Unions) -> dict[int, StructureRecord]:
    """What is declared of each structure of `labels` (uint8 (z, y, x))."""
    hashes = structure_hashes(labels, completeness.n_classes, unions)
    states = [State(state) for state in completeness.volume.tolist()]
    return {
        structure: StructureRecord(structure, states[structure], _slices_of(completeness, structure), hashes[structure])
        for structure in range(1, completeness.n_classes)
    }


def completeness_of_records(
    records: Mapping[int, StructureRecord], shape: tuple[int, ...], n_classes: int
) -> Completeness:
    """The record of a volume of `shape` (z, y, x); UserError for slices outside it."""
    volume = np.zeros(n_classes, np.uint8)
    tables: list[np.ndarray | None] = [None, None, None]
    for structure, record in records.items():
        volume[structure] = record.volume
        for name, text in record.slices:
            word, _, axis = name.rpartition(" ")
            n = [*AXES].index(axis)  # type: ignore[arg-type]  # decode lets no other names through
            table = tables[n]
            if table is None:
                table = tables[n] = np.zeros((shape[n], n_classes), np.uint8)
            for part in text.split(","):
                first, last = parse_range(part)
                if last >= len(table):
                    raise UserError(f"the record speaks of slice {last} across {axis}, the volume has {len(table)}")
                table[first : last + 1, structure] = _STATES[word]
    return Completeness(volume, *tables)


def tags_of(completeness: Completeness, labels: np.ndarray, unions: Unions) -> dict[int, dict[str, str]]:
    """Structure value -> the tags of its segment: the record, and the status that 3D Slicer shows.

    labels: uint8 (z, y, x), the voxels the record is of.
    """
    return {
        structure: {STATUS_TAG: status_of(record), RECORD_TAG: record.encode()}
        for structure, record in records_of(completeness, labels, unions).items()
    }


def records_in(tags: Mapping[int, Mapping[str, str]]) -> dict[int, StructureRecord]:
    """The records in the tags of segments, given as label value -> tags; without those that are not of that label."""
    found = {value: decode(texts[RECORD_TAG]) for value, texts in tags.items() if RECORD_TAG in texts}
    return {value: record for value, record in found.items() if record is not None and record.value == value}


def status_of(record: StructureRecord) -> str:
    """The status of a segment in 3D Slicer: notstarted, inprogress or completed."""
    return _STATUS[State.IN_PART if record.volume == State.NOT_LOOKED_AT and record.slices else record.volume]


def _slices_of(completeness: Completeness, structure: int) -> tuple[tuple[str, str], ...]:
    found = []
    for axis, table in zip(AXES, (completeness.z, completeness.y, completeness.x), strict=True):
        for state in (State.COMPLETE, State.IN_PART):
            text = _ranges(np.flatnonzero(table[:, structure] == state)) if table is not None else ""
            if text:
                found.append((f"{_WORDS[state]} {axis}", text))
    return tuple(found)


def _ranges(indices: np.ndarray) -> str:
    """ "12,20-31" for 12, 20, 21, ... 31."""
    runs = np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)
    return ",".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs if len(run))
