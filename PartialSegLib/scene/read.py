"""From segments to a label array: any layers, any order, overlaps kept as unions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.segments import UNION_VALUES
from PartialSegLib.scene.layers import Layer, layers_of, state_of
from PartialSegLib.scene.segments import Meaning, meanings, names_of
from PartialSegLib.scene.steps import Steps, run, slabs
from PartialSegLib.scene.volumes import shape_of
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import PAINTED_BACKGROUND

Overlaps = dict[frozenset[int], int]  # classes that overlap -> number of voxels


@dataclass(frozen=True, eq=False)
class LabelsOf:
    """What is painted. labels: uint8 (z, y, x) on the volume's grid; unions: label value -> the classes it may be.

    warnings: one line each for what was left out or is not what it looks like.
    """

    labels: np.ndarray
    unions: dict[int, tuple[int, ...]]
    warnings: tuple[str, ...]


class Codes:
    """Label values for sets of classes; unions keep their own value, overlaps get the next free one."""

    def __init__(self, label_set: LabelSet, known: Mapping[int, Iterable[int]] | None = None) -> None:
        self._first = max(UNION_VALUES.start, label_set.n_classes)
        self.unions: dict[int, tuple[int, ...]] = {}
        for value, members in (known or {}).items():
            self.unions[value] = tuple(sorted(set(members)))

    def code(self, classes: frozenset[int]) -> int:
        """The label value of a set of classes. UserError when there are more unions than values."""
        if len(classes) == 1:
            return next(iter(classes)) or PAINTED_BACKGROUND
        members = tuple(sorted(classes))
        found = next((value for value, known in self.unions.items() if known == members), None)
        if found is None:
            free = (value for value in range(self._first, UNION_VALUES.stop) if value not in self.unions)
            found = next(free, None)
            if found is None:
                raise UserError("too many different overlaps of segments: remove the overlaps in Segment Editor")
            self.unions[found] = members
        return found

    def classes(self, code: int) -> frozenset[int]:
        """The inverse of `code`."""
        return frozenset(self.unions.get(code, (0 if code == PAINTED_BACKGROUND else code,)))


def labels_of(node: Any, volume_node: Any, label_set: LabelSet) -> LabelsOf:
    """What is painted in a segmentation, on the grid of a volume.

    Overlapping segments become a union label (the voxel is one of them), with a warning; foreign segments are left
    out with a warning. UserError when the segmentation is made of surfaces.
    """
    return run(labels_of_stepwise(node, volume_node, label_set))


def labels_of_stepwise(node: Any, volume_node: Any, label_set: LabelSet) -> Steps[LabelsOf]:
    """`labels_of` in steps; it begins anew when somebody paints between two of them."""
    while True:
        scan = Scan(node, volume_node, label_set)
        labels = np.zeros(scan.shape, np.uint8)
        overlaps = []
        for slab in slabs(scan.shape):
            overlaps.append(scan.read(slab, labels[slab]))
            yield slab.stop / scan.shape[0]
        if state_of(node) == scan.state:
            return scan.result(labels, overlaps)


class Scan:
    """How a segmentation is made up right now: its layers on a volume's grid, and what their values mean."""

    def __init__(self, node: Any, volume_node: Any, label_set: LabelSet, codes: Codes | None = None) -> None:
        self.shape = shape_of(volume_node)
        self.state = state_of(node)
        self.meant = meanings(node, label_set)
        self.layers = layers_of(node, volume_node)
        self.codes = codes or Codes(label_set, unions_in(self.meant))
        self.tables = [self._table(layer) for layer in self.layers]
        self._node, self._volume_node, self._label_set = node, volume_node, label_set

    def read(self, slab: slice, target: np.ndarray) -> Overlaps:
        """Write the labels of a slab of the volume into `target` (zeros); returns what overlaps there."""
        overlaps: Overlaps = {}
        for n, (layer, table) in enumerate(zip(self.layers, self.tables, strict=True)):
            if not table or (found := layer.within(slab)) is None:
                continue
            (z, y, x), voxels = found
            part = target[z.start - slab.start : z.stop - slab.start, y, x]
            if n == 0:
                layer.translated(voxels, table, part)
            else:
                _add(part, layer.translated(voxels, table), self.codes, overlaps)
        return overlaps

    def result(self, labels: np.ndarray, overlaps: Iterable[Overlaps]) -> LabelsOf:
        """`labels` with the unions in it and with everything a person should know; overlaps: of all slabs."""
        total: Overlaps = {}
        for some in overlaps:
            for classes, count in some.items():
                total[classes] = total.get(classes, 0) + count
        known = [*unions_in(self.meant).values(), *total]
        unions = {value: classes for value, classes in self.codes.unions.items() if frozenset(classes) in known}
        warnings = [*_segment_warnings(self._node, self._label_set, self.meant)]
        warnings += _overlap_warnings(total, self._label_set)
        if any(layer.cut for layer in self.layers):
            told = f"{self._node.GetName()} reaches beyond {self._volume_node.GetName()}"
            warnings.append(f"{told}: what lies outside is left out")
        return LabelsOf(labels, unions, tuple(warnings))

    def _table(self, layer: Layer) -> dict[int, int]:
        """Value in the layer -> label value, for the segments that mean something."""
        known = ((value, self.meant[segment_id]) for segment_id, value in layer.segments.items())
        return {value: self.codes.code(meaning[1]) for value, meaning in known if meaning}


def unions_in(meant: Mapping[str, Meaning | None]) -> dict[int, frozenset[int]]:
    """Label value -> classes of the segments that are unions."""
    return {meaning[0]: meaning[1] for meaning in meant.values() if meaning and len(meaning[1]) > 1}


def _add(target: np.ndarray, added: np.ndarray, codes: Codes, overlaps: Overlaps) -> None:
    """Put labels onto labels, in place; where both say something else, the voxel may be either."""
    clash = (target != 0) & (added != 0) & (target != added)
    if clash.any():
        pairs = target[clash].astype(np.uint16) << 8 | added[clash]
        added = added.copy()
        for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
            classes = codes.classes(int(pair >> 8)) | codes.classes(int(pair & 255))
            overlaps[classes] = overlaps.get(classes, 0) + int(count)
            pairs[pairs == pair] = codes.code(classes)
        added[clash] = pairs.astype(np.uint8)
    np.copyto(target, added, where=added != 0)


def _segment_warnings(node: Any, label_set: LabelSet, meant: Mapping[str, Meaning | None]) -> list[str]:
    """Of segments that mean nothing, and of those that the user gave the name of another structure."""
    others = {s.name: s for s in label_set}
    warnings = []
    for segment_id, meaning in meant.items():
        name = node.GetSegmentation().GetSegment(segment_id).GetName() or ""
        if meaning is None:
            warnings.append(f"segment {name!r} is no structure of {label_set.name}, it is left out: rename it to one")
        elif name in others and others[name].value != meaning[0]:
            told = f"segment {name!r} is {names_of(meaning[1], label_set)} by its id, and stays so"
            warnings.append(f"{told}: to make it {name}, copy it to that segment")
    return warnings


def _overlap_warnings(overlaps: Mapping[frozenset[int], int], label_set: LabelSet) -> list[str]:
    return [
        f"{names_of(classes, label_set)} overlap in {count} voxel{'s' * (count > 1)}: there it counts as either of them"
        for classes, count in overlaps.items()
    ]
