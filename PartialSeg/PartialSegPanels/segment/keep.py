"""Which voxels of a segmentation a refresh must leave as they are, besides those of locked segments."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from PartialSegLib.annotation.declarations import Declarations
from PartialSegLib.annotation.tags import RECORD_TAG
from PartialSegLib.scene.read import labels_of_stepwise
from PartialSegLib.scene.records import read_record_stepwise
from PartialSegLib.scene.segments import segment_ids, tag_of
from PartialSegLib.structures import LabelSet
from PartialSegPanels.segment.tasks import Region

Mask = np.ndarray
PATIENCE_S = 0.005


def kept_voxels(
    node: Any, volume_node: Any, label_set: LabelSet, region: Region | None
) -> Generator[Any, None, Mask | None]:
    """bool (z, y, x): slices that a person declared complete, and all outside the region; None when there are none."""
    mask = yield from _declared(node, volume_node, label_set)
    if region is None:
        return mask
    x, y, z = volume_node.GetImageData().GetDimensions()
    outside = np.ones((z, y, x), bool)
    outside[tuple(slice(*ends) for ends in region)] = False
    return outside if mask is None else mask | outside


def _declared(node: Any, volume_node: Any, label_set: LabelSet) -> Generator[Any, None, Mask | None]:
    segmentation = node.GetSegmentation()
    if not any(tag_of(segmentation.GetSegment(name), RECORD_TAG) for name in segment_ids(node)):
        return None
    found = yield from labels_of_stepwise(node, volume_node, label_set)
    completeness, _ = yield from read_record_stepwise(node, label_set)
    z, y, x = found.labels.shape
    declarations = Declarations(completeness, (z, y, x), unions=found.unions, label_set=label_set)
    with ThreadPoolExecutor(1) as thread:  # numpy alone, and longer than a frame of the screen for a large volume
        mask = thread.submit(declarations.locked, found.labels)
        while not mask.done():
            wait([mask], PATIENCE_S)
            yield 1.0
    return mask.result() if mask.result().any() else None
