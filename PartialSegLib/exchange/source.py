"""Labels of others as they come: a label map, a Slicer segmentation or a DICOM segmentation, every label by number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from PartialSegLib.exchange.values import count_values
from PartialSegLib.image import Volume, read_labels
from PartialSegLib.image.kinds import is_dicom_file
from PartialSegLib.image.segment_tags import UNION_TAG
from PartialSegLib.image.segments import Segment, read_segments


@dataclass(frozen=True, eq=False)
class Source:
    """What a label file holds.

    labels: uint16 or uint8 (z, y, x) of source values, 0 unlabelled. names: source value -> name of that segment; empty
    for a plain label map, which has none. overlaps: value of voxels in several segments at once -> those segments.
    may_be_cropped: whether the file only holds the part of the image that is labelled.
    """

    labels: Volume
    names: Mapping[int, str] = field(default_factory=dict)
    overlaps: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    may_be_cropped: bool = False

    @cached_property
    def single_values(self) -> list[int]:
        """The values that occur, overlaps taken apart, ascending, without 0."""
        values = set(np.flatnonzero(count_values(self.labels.array)).tolist()) - {0}
        overlapping = {part for value in values & set(self.overlaps) for part in self.overlaps[value]}
        return sorted(values - set(self.overlaps) | overlapping)


def read_source(path: str | Path) -> Source:
    """Read labels of any kind; segments are numbered 1, 2, ... in the file's order, whatever their label values.

    Raises UserError for what is no label map or segmentation.
    """
    path = Path(path)
    if path.is_file() and is_dicom_file(path):
        from PartialSegLib.exchange.dicom_seg_reading import read_dicom_seg

        return read_dicom_seg(path)
    if not path.name.lower().endswith(".nrrd") or not path.is_file() or not read_segments(path):
        return Source(read_labels(path))
    return _read_segmentation(path)


def _read_segmentation(path: Path) -> Source:
    from PartialSegLib.image.itk import read_itk

    segments = read_segments(path)
    layers = read_itk(path, "NrrdImageIO", layers=True)
    overlay = Overlay(layers[0].array.shape, len(segments))
    for number, layer in enumerate(layers):
        table = np.zeros(int(layer.array.max()) + 1, np.uint16)
        for n, segment in enumerate(segments, 1):
            if segment.layer == number and 0 <= segment.value < len(table):
                table[segment.value] = n
        overlay.add(table[layer.array])
    names = {n: _name(segment) for n, segment in enumerate(segments, 1)}
    return Source(layers[0].like(overlay.labels), names, overlay.overlaps, may_be_cropped=True)


def _name(segment: Segment) -> str:
    """The segment's name, or what our own tag says of a union."""
    union = segment.tags.get(UNION_TAG, "")
    return " or ".join(union.split(",")) if union else segment.name or segment.id


class Overlay:
    """Layers of segments joined to one label map in which every overlap has a value of its own.

    labels: uint16 (z, y, x). overlaps: value above the number of segments -> the segments that overlap there.
    """

    def __init__(self, shape: tuple[int, ...], segments: int) -> None:
        self.labels = np.zeros(shape, np.uint16)
        self.overlaps: dict[int, tuple[int, ...]] = {}
        self._segments = segments

    def add(self, layer: np.ndarray) -> None:
        """Add a layer of segment numbers, 0 for none."""
        both = (self.labels > 0) & (layer > 0)
        below, above = self.labels[both].astype(np.int64), layer[both].astype(np.int64)
        np.maximum(self.labels, layer, out=self.labels, where=~both)
        pairs, inverse = np.unique(below << 32 | above, return_inverse=True)
        values = [self._value_of(int(pair) >> 32, int(pair) & 0xFFFFFFFF) for pair in pairs]
        self.labels[both] = np.array(values, np.uint16)[inverse.reshape(-1)] if values else 0

    def _value_of(self, below: int, above: int) -> int:
        parts = tuple(sorted({*self.overlaps.get(below, (below,)), above}))
        for value, known in self.overlaps.items():
            if known == parts:
                return value
        value = self._segments + len(self.overlaps) + 1
        self.overlaps[value] = parts
        return value
