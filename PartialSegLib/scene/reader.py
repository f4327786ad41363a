"""Reading a segmentation again after every stroke, as fast as a stroke needs."""

from typing import Any

import numpy as np

from PartialSegLib.scene.layers import Layer
from PartialSegLib.scene.read import LabelsOf, Overlaps, Scan
from PartialSegLib.scene.steps import slabs
from PartialSegLib.structures import LabelSet


class LabelReader:
    """`labels_of` for one segmentation, again and again: only where voxels changed are they translated anew.

    It keeps a copy of the segmentation's voxels to see that.
    """

    def __init__(self, node: Any, volume_node: Any, label_set: LabelSet) -> None:
        self._source = node, volume_node, label_set
        self._last: Scan | None = None
        self._copies: list[np.ndarray] = []
        self._overlaps: list[Overlaps] = []
        self._found: LabelsOf | None = None

    def read(self) -> LabelsOf:
        """What is painted now. The arrays given out before stay as they were."""
        codes = self._last.codes if self._last is not None else None
        scan = Scan(*self._source, codes)
        if self._found is None or self._last is None or not _comparable(self._last, scan):
            scan = Scan(*self._source)
            self._found = self._read_all(scan)
        elif scan.state != self._last.state:
            self._found = self._read_changes(scan, self._found.labels.copy())
        else:
            self._found = scan.result(self._found.labels, self._overlaps)
        self._last = scan
        return self._found

    def _read_all(self, scan: Scan) -> LabelsOf:
        labels = np.zeros(scan.shape, np.uint8)
        self._overlaps = [scan.read(slab, labels[slab]) for slab in slabs(scan.shape)]
        self._copies = [np.zeros(scan.shape, layer.array.dtype) for layer in scan.layers]
        for layer, copy in zip(scan.layers, self._copies, strict=True):
            copy[_place(layer)] = layer.array
        return scan.result(labels, self._overlaps)

    def _read_changes(self, scan: Scan, labels: np.ndarray) -> LabelsOf:
        for n, slab in enumerate(slabs(scan.shape)):
            changed = False
            for layer, copy in zip(scan.layers, self._copies, strict=True):
                found = layer.within(slab)
                if found is not None and not np.array_equal(copy[found[0]], found[1]):
                    copy[found[0]] = found[1]
                    changed = True
            if changed:
                labels[slab] = 0
                self._overlaps[n] = scan.read(slab, labels[slab])
        return scan.result(labels, self._overlaps)


def _comparable(before: Scan, after: Scan) -> bool:
    """Whether the same values mean the same in the same layers, none of which became smaller."""
    if before.shape != after.shape or before.meant != after.meant or len(before.layers) != len(after.layers):
        return False
    pairs = zip(before.layers, after.layers, strict=True)
    return all(a.segments == b.segments and a.array.dtype == b.array.dtype and _holds(b, a) for a, b in pairs)


def _holds(larger: Layer, smaller: Layer) -> bool:
    if smaller.array.size == 0:
        return True
    outer, inner = _place(larger), _place(smaller)
    return all(o.start <= i.start and i.stop <= o.stop for o, i in zip(outer, inner, strict=True))


def _place(layer: Layer) -> tuple[slice, ...]:
    return tuple(slice(s, s + n) for s, n in zip(layer.start, layer.array.shape, strict=True))
