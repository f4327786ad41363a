"""What the segments of a .seg.nrrd file stand for: a structure, painted background, or a union of structures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PartialSegLib.errors import UserError
from PartialSegLib.image.segment_tags import BACKGROUND_ID, UNION_TAG, parse_tags, parse_union
from PartialSegLib.image.text_headers import check_nrrd
from PartialSegLib.structures import MAX_STRUCTURES, LabelSet, normalise
from PartialSegLib.supervision import PAINTED_BACKGROUND

UNION_VALUES = range(20, 200)
NEW_UNIONS = range(MAX_STRUCTURES + 1, 200)  # free in every label set
BACKGROUND_NAME = "background (painted)"
Meaning = tuple[int, tuple[int, ...]]
_OR = " or "  # what joins the names of a union's members in its segment's name


@dataclass(frozen=True)
class Segment:
    """One segment of a Slicer segmentation: its voxels are those of `value` in layer number `layer`."""

    id: str
    name: str
    value: int
    layer: int
    tags: dict[str, str] = field(default_factory=dict)


def read_segments(path: Path) -> list[Segment]:
    """The segments that a file lists; none unless it is a Slicer segmentation. Reads the header only."""
    if path.suffix.lower() != ".nrrd":
        return []
    header = check_nrrd(path)
    segments: list[Segment] = []
    while (prefix := f"Segment{len(segments)}_") + "ID" in header:
        try:
            value, layer = int(header.get(prefix + "LabelValue", "1")), int(header.get(prefix + "Layer", "0"))
        except ValueError as error:
            raise UserError(
                f"{path} lists a segment without a usable label value: save it again in 3D Slicer"
            ) from error
        tags = parse_tags(header.get(prefix + "Tags", ""))
        segments.append(Segment(header[prefix + "ID"], header.get(prefix + "Name", ""), value, layer, tags))
    return segments


def meanings(segments: Sequence[Segment], label_set: LabelSet) -> list[Meaning | None]:
    """Label value of each segment and the classes its voxels may be; None when the label set does not know it.

    Structures are found by id or name, painted background by its id or name, unions by their tag, else by a name such
    as "right kidney or left kidney".
    """
    unions = union_values(segments, [_union(segment, label_set) for segment in segments])
    return [union or _single(segment, label_set) for segment, union in zip(segments, unions, strict=True)]


def union_values(segments: Sequence[Segment], unions: Sequence[tuple[int, ...] | None]) -> list[Meaning | None]:
    """Each segment's union with a label value of its own: the file's where that can be one, else a free one."""
    own = [segment.value for segment, members in zip(segments, unions, strict=True) if members]
    free = iter([value for value in NEW_UNIONS if value not in own])
    taken: set[int] = set()
    found: list[Meaning | None] = []
    for segment, members in zip(segments, unions, strict=True):
        value = segment.value if segment.value in UNION_VALUES and segment.value not in taken else None
        if members and value is None:
            value = next(free, None)
        if members and value is not None:
            taken.add(value)
        found.append((value, members) if members and value is not None else None)
    return found


def union_name(members: tuple[int, ...], label_set: LabelSet) -> str:
    """The name that a union's segment has: "right kidney or left kidney"."""
    return _OR.join(label_set.by_value(member).name if member else BACKGROUND_ID for member in members)


def _union(segment: Segment, label_set: LabelSet) -> tuple[int, ...] | None:
    if UNION_TAG in segment.tags:
        return parse_union(segment.tags[UNION_TAG], {structure.key: structure.value for structure in label_set})
    members = [0 if name == BACKGROUND_ID else _structure(name, label_set) for name in segment.name.split(_OR)]
    known = tuple(sorted(member for member in members if member is not None))
    return known if len(known) == len(members) > 1 else None


def _single(segment: Segment, label_set: LabelSet) -> Meaning | None:
    for query in (segment.id, segment.name):
        if normalise(query) in (BACKGROUND_ID, normalise(BACKGROUND_NAME)):
            return PAINTED_BACKGROUND, (0,)
        if (value := _structure(query, label_set)) is not None:
            return value, (value,)
    return None


def _structure(query: str, label_set: LabelSet) -> int | None:
    if not query or query.isdecimal():
        return None
    try:
        return label_set.find(query).value
    except UserError:
        return None
