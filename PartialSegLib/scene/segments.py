"""Which segment stands for what: made from a label set, and found again whatever the user did to names and order.

A segment means a set of classes: one structure, background ({0}), or a union ("kidney, side unknown"). Its id is the
structure's key, which never changes with the name; segments that others made are known by their name or terminology.
"""

from collections.abc import Iterable
from typing import Any

import slicer
import vtk

from PartialSegLib.errors import UserError
from PartialSegLib.image.segment_tags import BACKGROUND_ID, UNION_TAG, union_text
from PartialSegLib.image.segments import BACKGROUND_NAME, Segment, union_name
from PartialSegLib.image.segments import meanings as meanings_of
from PartialSegLib.scene.hierarchy import place_beside
from PartialSegLib.structures import Code, LabelSet, Structure, parse_terminology
from PartialSegLib.supervision import PAINTED_BACKGROUND

LABELMAP = "Binary labelmap"
_BACKGROUND_COLOR = (128, 128, 128)
_UNION_COLOR = (200, 200, 120)
_TISSUE = (
    "Segmentation category and type - 3D Slicer General Anatomy list~SCT^85756007^Tissue~SCT^85756007^Tissue~^^"
    "~Anatomic codes - DICOM master list~^^~^^"
)

Meaning = tuple[int, frozenset[int]]  # label value, and the classes that its voxels may be


def new_segmentation(volume_node: Any, label_set: LabelSet, name: str, values: Iterable[int] | None = None) -> Any:
    """A segmentation node beside the volume, on its grid, with one empty segment per structure in `values` (all)."""
    structures = list(label_set) if values is None else [label_set.by_value(value) for value in sorted(set(values))]
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", slicer.mrmlScene.GenerateUniqueName(name))
    node.CreateDefaultDisplayNodes()
    node.GetSegmentation().SetSourceRepresentationName(LABELMAP)
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    place_beside(node, volume_node)
    for structure in structures:
        add_structure(node, structure)
    return node


def add_structure(node: Any, structure: Structure) -> str:
    """An empty segment for one structure; returns its id."""
    return _add(node, structure.segment_id, structure.name, structure.color, structure.value, structure.terminology)


def add_background_segment(node: Any) -> str:
    """The segment in which a person paints what is none of the structures; returns its id. Added once only."""
    if node.GetSegmentation().GetSegment(BACKGROUND_ID) is not None:
        return BACKGROUND_ID
    return _add(node, BACKGROUND_ID, BACKGROUND_NAME, _BACKGROUND_COLOR, PAINTED_BACKGROUND, _TISSUE)


def add_union_segment(node: Any, value: int, members: Iterable[int], label_set: LabelSet) -> str:
    """An empty segment for voxels that are one of `members` (0: background), nobody knows which; returns its id."""
    classes = tuple(sorted(set(members)))
    segment_id = _add(node, f"union_{value}", union_name(classes, label_set), _UNION_COLOR, value, _TISSUE)
    node.GetSegmentation().GetSegment(segment_id).SetTag(
        UNION_TAG, union_text(classes, {s.value: s.key for s in label_set})
    )
    return segment_id


def segment_ids(node: Any) -> list[str]:
    """Ids in the order of Slicer's list."""
    segmentation = node.GetSegmentation()
    return [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]


def structure_of(node: Any, segment_id: str, label_set: LabelSet) -> int | None:
    """Label value of the structure that a segment is; None for background, unions and segments of other makers."""
    meaning = meanings(node, label_set).get(segment_id)
    return meaning[0] if meaning and meaning[0] < label_set.n_classes else None


def segment_of(node: Any, value: int, label_set: LabelSet) -> str | None:
    """Id of the first segment with this label value (a structure, PAINTED_BACKGROUND, a union); None when deleted."""
    return next((i for i, meaning in meanings(node, label_set).items() if meaning and meaning[0] == value), None)


def meanings(node: Any, label_set: LabelSet) -> dict[str, Meaning | None]:
    """What each segment stands for, None for a foreign segment; by id, in the order of Slicer's list.

    As in a file (by union tag, id or name), else by its terminology: other tools name in their own language.
    """
    ids = segment_ids(node)
    segments = [_described(node, segment_id) for segment_id in ids]
    found: dict[str, Meaning | None] = {}
    for segment_id, meaning in zip(ids, meanings_of(segments, label_set), strict=True):
        found[segment_id] = (meaning[0], frozenset(meaning[1])) if meaning else _coded(node, segment_id, label_set)
    return found


def tag_of(segment: Any, name: str) -> str:
    """A segment's tag; empty when it has none."""
    value = vtk.reference("")
    return str(value) if segment.GetTag(name, value) else ""


def names_of(classes: Iterable[int], label_set: LabelSet) -> str:
    """Classes in words for a message: "left kidney and right kidney"."""
    return " and ".join(label_set.by_value(c).name if c else BACKGROUND_ID for c in sorted(classes))


def _described(node: Any, segment_id: str) -> Segment:
    segment = node.GetSegmentation().GetSegment(segment_id)
    union = tag_of(segment, UNION_TAG)
    return Segment(segment_id, segment.GetName() or "", segment.GetLabelValue(), 0, {UNION_TAG: union} if union else {})


def _add(node: Any, segment_id: str, name: str, color: tuple[int, ...], value: int, terminology: str) -> str:
    segmentation = node.GetSegmentation()
    added = segmentation.AddEmptySegment(segment_id, name, [part / 255 for part in color])
    segment = segmentation.GetSegment(added)
    segment.SetLabelValue(value)
    segment.SetTerminology(terminology)
    segment.SetNameAutoGenerated(False)
    segment.SetColorAutoGenerated(False)
    return str(added)


def _coded(node: Any, segment_id: str, label_set: LabelSet) -> Meaning | None:
    """The one structure with this type and side; codes count, meanings may be in any language."""
    try:
        terms = parse_terminology(node.GetSegmentation().GetSegment(segment_id).GetTerminology())
    except UserError:
        return None
    code = _code(terms.type, terms.modifier)
    found = [s.value for s in label_set if _code(s.type, s.modifier) == code]
    return (found[0], frozenset(found)) if len(found) == 1 else None


def _code(kind: Code, modifier: Code | None) -> tuple[str, ...]:
    return (kind.scheme, kind.value, *((modifier.scheme, modifier.value) if modifier else ()))
