"""What a segmentation's tags declare, in the terms of a case's entry."""

from pathlib import Path
from typing import Any

import numpy as np

from PartialSegLib.annotation.head import READING_TAG, decode_head
from PartialSegLib.annotation.record import ranges_of
from PartialSegLib.annotation.tags import RECORD_TAG, StructureRecord, completeness_of_records, decode
from PartialSegLib.errors import UserError
from PartialSegLib.image.segment_tags import UNION_TAG, parse_union
from PartialSegLib.image.segmentation import is_segmentation_name
from PartialSegLib.image.segments import Segment, read_segments, union_values
from PartialSegLib.supervision import State

DECLARED = ("annotated", "in_part", "slices", "unions")


def declared_in(path: Path) -> dict[str, Any]:
    """The values of `DECLARED` that a .seg.nrrd file carries; nothing for other files and for damaged ones.

    Only the header is read: whether the voxels are still those that were declared is for `read_annotation` to say.
    """
    if not is_segmentation_name(path) or not path.is_file():
        return {}
    try:
        segments = read_segments(path)
        records = {segment.id: decode(segment.tags.get(RECORD_TAG, "")) for segment in segments}
        known = {name: record for name, record in records.items() if record is not None}
        return {**_complete(segments, list(known.values())), "unions": _unions(segments, known)} if known else {}
    except (UserError, OSError):
        return {}  # reading the case says what is wrong with it


def _complete(segments: list[Segment], records: list[StructureRecord]) -> dict[str, Any]:
    heads = {segment.tags.get(READING_TAG, "") for segment in segments if RECORD_TAG in segment.tags}
    head = decode_head(heads.pop()) if len(heads) == 1 else None
    if head is None:
        return {"in_part": sorted(record.value for record in records if record.volume != State.NOT_LOOKED_AT)}
    by_value = {record.value: record for record in records}
    shape = tuple(int(n) for n in head.grid[:3])
    record = completeness_of_records(by_value, shape, max(by_value) + 1)
    return {
        "annotated": np.flatnonzero(record.volume == State.COMPLETE).tolist(),
        "in_part": np.flatnonzero(record.volume == State.IN_PART).tolist(),
        "slices": ranges_of(record),
    }


def _unions(segments: list[Segment], records: dict[str, StructureRecord]) -> dict[int, tuple[int, ...]]:
    values = {name: record.value for name, record in records.items()}
    members = [(UNION_TAG in s.tags and parse_union(s.tags[UNION_TAG], values)) or None for s in segments]
    return dict(found for found in union_values(segments, members) if found)
