"""From a label array to segments, without touching what a person keeps.

All segments that can share one label map get one, as Slicer likes it best: painting stays fast and nothing overlaps.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.scene.geometry import grid_in
from PartialSegLib.scene.layers import Layer, layers_of, new_image, state_of, voxels_of
from PartialSegLib.scene.read import Codes, unions_in
from PartialSegLib.scene.segments import (
    LABELMAP,
    add_background_segment,
    add_structure,
    add_union_segment,
    meanings,
)
from PartialSegLib.scene.steps import Steps, run, slabs
from PartialSegLib.scene.volumes import shape_of
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import PAINTED_BACKGROUND

Unions = Mapping[int, tuple[int, ...]]


def set_labels(
    node: Any,
    volume_node: Any,
    labels: np.ndarray,
    values: Collection[int],
    label_set: LabelSet,
    protected: Collection[int] = frozenset(),
    locked: np.ndarray | None = None,
    unions: Unions | None = None,
) -> None:
    """Make the segments of `values` what `labels` (uint8, (z, y, x) on the volume's grid) says, and no others.

    values: structures, PAINTED_BACKGROUND and union values (with their classes in `unions`) to write; one without a
    segment gets it. Those in `protected` keep their voxels, and so does every segment of ours that is not in `values`:
    new labels leave these voxels alone, so nothing overlaps. Where `locked` (bool, same shape) is True everything stays
    as it is. Segments of other makers are not touched. UserError for labels of another shape.
    """
    run(set_labels_stepwise(node, volume_node, labels, values, label_set, protected, locked, unions))


def set_labels_stepwise(
    node: Any,
    volume_node: Any,
    labels: np.ndarray,
    values: Collection[int],
    label_set: LabelSet,
    protected: Collection[int] = frozenset(),
    locked: np.ndarray | None = None,
    unions: Unions | None = None,
) -> Steps[None]:
    """`set_labels` in steps. The first adds missing segments, the last writes; strokes in between are not lost."""
    shape = shape_of(volume_node)
    for array, what in ((labels, "labels"), (locked, "lock")):
        if array is not None and array.shape != shape:
            raise UserError(f"the {what} do not fit {volume_node.GetName()}: segment this volume again")
    wanted = set(values) - set(protected)
    while True:
        rewrite = _Rewrite(node, volume_node, label_set, wanted, unions or {})
        before = state_of(node)
        images = yield from rewrite.images(labels, locked)
        if node.GetScene() is None:
            raise UserError("the segmentation was removed while it was being written: segment again")
        if state_of(node) == before:
            _assign(node, images)
            return


class _Rewrite:
    """One attempt: which segments are written, which keep their voxels, and the label maps that come of it."""

    def __init__(self, node: Any, volume_node: Any, label_set: LabelSet, wanted: set[int], unions: Unions) -> None:
        self.grid = grid_in(node, volume_node)
        codes = Codes(label_set, {**unions, **unions_in(meanings(node, label_set))})
        self.source = {value: _code(value, unions, codes) for value in sorted(wanted)}
        targets = _ensure_segments(node, self.source, codes, label_set)
        self.layers = layers_of(node, volume_node)
        self._own = {i: codes.code(meaning[1]) for i, meaning in meanings(node, label_set).items() if meaning}
        self.written = {i: code for i, code in self._own.items() if code in targets}
        self.kept = {i: code for i, code in self._own.items() if code not in targets}
        # A second segment of the same meaning cannot share the label value: kept, it stays where it is; written, it
        # becomes empty.
        self.main = {code: i for i, code in reversed(self._own.items())}

    def images(self, labels: np.ndarray, locked: np.ndarray | None) -> Steps[dict[str, tuple[Any, int]]]:
        """Segment id -> its new label map and its value there, for every segment that gets another one."""
        alone: set[str] = {i for i in self.kept if self.main[self.kept[i]] != i}
        for layer in self.layers:  # to keep a segment of another grid means not to resample it
            alone |= set() if layer.exact else set(layer.segments) & set(self.kept)
        while True:
            together = [i for i in self.main.values() if i not in alone]
            merged, clashes = yield from self._merged(together, labels, locked)
            if not clashes:
                break
            alone |= {self.main[code] for code in clashes}
        images = yield from self._shared(together, merged)
        for segment_id in alone & set(self.written):
            merged, _ = yield from self._merged([segment_id], labels, locked)
            images |= yield from self._shared([segment_id], merged)
        duplicates = [i for i in self.written if i not in images]
        empty = new_image(self.grid, None)
        images |= {i: (empty, self.written[i]) for i in duplicates}
        return images | (yield from self._without_strays(images))

    def _merged(
        self, together: list[str], labels: np.ndarray, locked: np.ndarray | None
    ) -> Steps[tuple[np.ndarray, set[int]]]:
        """One label map for these segments, and the codes of those that overlap others and so need their own."""
        table = np.zeros(256, np.uint8)
        for value, code in self.source.items():
            table[value] = code if self.main[code] in together else 0
        merged = np.zeros(labels.shape, np.uint8)
        clashes: set[int] = set()
        for slab in slabs(labels.shape):
            merged[slab] = table[labels[slab]]
            if self.kept or locked is not None:
                blocked = np.zeros(merged[slab].shape, bool) if locked is None else locked[slab].astype(bool)
                clashes |= self._keep(merged[slab], slab, together, blocked)
            yield slab.stop / labels.shape[0]
        return merged, clashes

    def _keep(self, merged: np.ndarray, slab: slice, together: Collection[str], locked: np.ndarray) -> set[int]:
        """Put what must stay in a slab back into `merged`; returns the codes of segments that met another one there."""
        blocked = locked.copy()
        stays = np.zeros(merged.shape, np.uint8)
        met: set[int] = set()
        for layer in self.layers:
            if (found := layer.within(slab)) is None:
                continue
            (z, y, x), voxels = found
            place = (slice(z.start - slab.start, z.stop - slab.start), y, x)
            kept = layer.translated(voxels, self._codes_in(layer, self.kept)) != 0
            codes = layer.translated(voxels, self._codes_in(layer, self._twins(together)))
            blocked[place] |= kept
            added, there = (codes != 0) & (kept | locked[place]), stays[place]
            clash = added & (there != 0) & (there != codes)
            met |= set(np.unique(codes[clash]).tolist())
            np.copyto(there, codes, where=added & ~clash)
        np.copyto(merged, stays, where=blocked)
        return met

    def _twins(self, together: Collection[str]) -> set[str]:
        """These segments and the second ones of the same meaning that are merged into them."""
        return {*together, *(i for i, code in self.written.items() if self.main[code] in together)}

    def _codes_in(self, layer: Layer, segments: Collection[str]) -> dict[int, int]:
        return {value: self._own[i] for i, value in layer.segments.items() if i in segments and i in self._own}

    def _shared(self, together: list[str], merged: np.ndarray) -> Steps[dict[str, tuple[Any, int]]]:
        """The label map as a VTK image, cropped to what is in it, for all these segments."""
        box = yield from _box(merged)
        image = new_image(self.grid, box)
        if box is not None:
            target, source = voxels_of(image), merged[box]
            for slab in slabs(source.shape):
                target[slab] = source[slab]
                yield slab.stop / source.shape[0]
        return {i: (image, self._own[i]) for i in together}

    def _without_strays(self, images: Mapping[str, Any]) -> Steps[dict[str, tuple[Any, int]]]:
        """New label maps for segments that stay where others leave: these must not leave their voxels behind."""
        cleaned: dict[str, tuple[Any, int]] = {}
        for layer in self.layers:
            staying = {i: value for i, value in layer.segments.items() if i not in images}
            if not staying or len(staying) == len(layer.segments) or voxels_of(layer.image).size == 0:
                continue
            image = layer.image.NewInstance()
            image.DeepCopy(layer.image)
            voxels = voxels_of(image)
            for slab in slabs(voxels.shape):
                voxels[slab] *= np.isin(voxels[slab], list(staying.values()))
                yield slab.stop / voxels.shape[0]
            cleaned |= {i: (image, value) for i, value in staying.items()}
        return cleaned


def _code(value: int, unions: Unions, codes: Codes) -> int:
    """The value that a label of the caller has in the scene: another one only for a union that has a segment there."""
    classes = unions.get(value, (0 if value == PAINTED_BACKGROUND else value,))
    return codes.code(frozenset(classes))


def _ensure_segments(node: Any, source: Mapping[int, int], codes: Codes, label_set: LabelSet) -> set[int]:
    """Add the segments that are missing; returns the values that are written."""
    present = {codes.code(meaning[1]) for meaning in meanings(node, label_set).values() if meaning}
    for code in set(source.values()) - present:
        if code == PAINTED_BACKGROUND:
            add_background_segment(node)
        elif code in codes.unions:
            add_union_segment(node, code, codes.unions[code], label_set)
        else:
            add_structure(node, label_set.by_value(code))
    return set(source.values())


def _box(merged: np.ndarray) -> Steps[tuple[slice, slice, slice] | None]:
    """The smallest box (z, y, x) around all labels; None when there are none."""
    plane = np.zeros(merged.shape[1:], bool)
    rows = np.zeros(merged.shape[0], bool)
    for slab in slabs(merged.shape):
        occupied = merged[slab] != 0
        plane |= occupied.any(axis=0)
        rows[slab] = occupied.any(axis=(1, 2))
        yield slab.stop / merged.shape[0]
    if not rows.any():
        return None
    ends = [np.flatnonzero(line)[[0, -1]].tolist() for line in (rows, plane.any(axis=1), plane.any(axis=0))]
    z, y, x = (slice(first, last + 1) for first, last in ends)
    return z, y, x


def _assign(node: Any, images: Mapping[str, tuple[Any, int]]) -> None:
    segmentation = node.GetSegmentation()
    for segment_id, (image, value) in images.items():
        segment = segmentation.GetSegment(segment_id)
        segment.AddRepresentation(LABELMAP, image)
        segment.SetLabelValue(value)
    for image in {id(image): image for image, _ in images.values()}.values():
        image.Modified()  # tells the segmentation once: views redraw, surfaces are made again
