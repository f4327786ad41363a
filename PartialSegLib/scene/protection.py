"""Which structures no tool may overwrite: those that the user marked completed in Slicer's list, or locked."""

from typing import Any

import slicer

from PartialSegLib.errors import UserError
from PartialSegLib.scene.segments import meanings, segment_of, tag_of
from PartialSegLib.structures import LabelSet

LOCK_TAG = "PartialSeg.Locked"


def protected(node: Any, label_set: LabelSet) -> set[int]:
    """Label values (also of background and unions) of the segments that are locked or have the status completed."""
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    found: set[int] = set()
    for segment_id, meaning in meanings(node, label_set).items():
        segment = node.GetSegmentation().GetSegment(segment_id)
        is_closed = tag_of(segment, LOCK_TAG) == "1" or logic.GetSegmentStatus(segment) == logic.Completed
        if is_closed and meaning:
            found.add(meaning[0])
    return found


def set_protected(node: Any, value: int, on: bool, label_set: LabelSet) -> None:
    """Lock or release one structure. Releasing also takes the status completed back to in progress.

    UserError when the segmentation has no segment for it.
    """
    segment_id = segment_of(node, value, label_set)
    if segment_id is None:
        raise UserError(f"{node.GetName()} has no segment for this structure: add it first")
    segment = node.GetSegmentation().GetSegment(segment_id)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if on:
        segment.SetTag(LOCK_TAG, "1")
        return
    segment.RemoveTag(LOCK_TAG)
    if logic.GetSegmentStatus(segment) == logic.Completed:
        logic.SetSegmentStatus(segment, logic.InProgress)
