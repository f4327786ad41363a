"""The record of what is complete, on the segments themselves, so that plain Slicer saves it with them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

import slicer

from PartialSegLib.annotation.tags import RECORD_TAG, records_in, tags_of
from PartialSegLib.annotation.trust import trusted
from PartialSegLib.errors import UserError
from PartialSegLib.scene.layers import state_of
from PartialSegLib.scene.read import labels_of_stepwise
from PartialSegLib.scene.segments import meanings, tag_of
from PartialSegLib.scene.steps import Steps, run
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import Completeness

T = TypeVar("T")

_PATIENCE = 0.005  # s, per step


def write_record(node: Any, completeness: Completeness, label_set: LabelSet) -> None:
    """Write what is declared of the voxels that are painted now onto the tags and the status of the segments.

    completeness: of the volume that the segmentation was made for. UserError when that volume is gone.
    """
    run(write_record_stepwise(node, completeness, label_set))


def write_record_stepwise(node: Any, completeness: Completeness, label_set: LabelSet) -> Steps[None]:
    """`write_record` in steps; the voxels are hashed in a thread meanwhile. Strokes in between make it begin anew."""
    while True:
        before = state_of(node)
        found = yield from labels_of_stepwise(node, reference_of(node), label_set)
        tags = yield from _aside(tags_of, completeness, found.labels, found.unions)
        if state_of(node) == before:
            _write(node, tags, label_set)
            return


def read_record(node: Any, label_set: LabelSet) -> tuple[Completeness, tuple[str, ...]]:
    """What the segments' tags declare, as far as it is of the voxels that are there, and a line for each doubt.

    UserError when the volume that the segmentation was made for is gone.
    """
    return run(read_record_stepwise(node, label_set))


def read_record_stepwise(node: Any, label_set: LabelSet) -> Steps[tuple[Completeness, tuple[str, ...]]]:
    """`read_record` in steps."""
    found = yield from labels_of_stepwise(node, reference_of(node), label_set)
    tags: dict[int, dict[str, str]] = {}
    for segment_id, meaning in meanings(node, label_set).items():
        text = tag_of(node.GetSegmentation().GetSegment(segment_id), RECORD_TAG)
        if meaning is not None and text:
            tags.setdefault(meaning[0], {RECORD_TAG: text})
    completeness, warnings = yield from _aside(trusted, records_in(tags), None, found.labels, found.unions, label_set)
    return completeness, (*found.warnings, *warnings)


def reference_of(node: Any) -> Any:
    """The volume that a segmentation was made for; UserError when it is not in the scene any more."""
    volume_node = node.GetNodeReference(slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole())
    if volume_node is None:
        raise UserError(f"{node.GetName()} has lost its volume: set its source geometry in Segment Editor")
    return volume_node


def _write(node: Any, tags: Mapping[int, Mapping[str, str]], label_set: LabelSet) -> None:
    segmentation = node.GetSegmentation()
    for segment_id, meaning in meanings(node, label_set).items():
        for name, text in tags.get(meaning[0], {}).items() if meaning else ():
            segmentation.GetSegment(segment_id).SetTag(name, text)


def _aside(work: Callable[..., T], *inputs: Any) -> Steps[T]:
    """Do what knows nothing of the scene in a thread, and step until it is done."""
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(work, *inputs)
        while not wait([result], _PATIENCE).done:
            yield 1.0
        return result.result()
