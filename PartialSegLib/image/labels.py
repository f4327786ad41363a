"""Label maps in: plain ones of any format, and 3D Slicer segmentations."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.read import existing, read_file
from PartialSegLib.image.segments import NEW_UNIONS, Segment, meanings, read_segments
from PartialSegLib.image.volume import Volume
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import PAINTED_BACKGROUND

_MAX_LABEL = 65535

Unions = dict[int, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A Slicer segmentation in the values of a label set.

    labels: uint8 (z, y, x); 255 where the segment "background" is, the values of `unions` where several structures
    are possible. unions: label value -> the classes it may be. tags: label value -> tags of its segment. unknown: names
    of the segments with voxels that the label set does not know; they are not in `labels`. overlap: number of voxels
    that were in several segments and are a union now.
    """

    labels: Volume
    unions: Unions
    tags: dict[int, dict[str, str]]
    unknown: tuple[str, ...] = ()
    overlap: int = 0


def read_labels(path: str | os.PathLike[str], label_set: LabelSet | None = None) -> Volume:
    """Read a label map as uint8 (uint16 above 255) on its own grid.

    With `label_set`, the segments of a .seg.nrrd file are found in it by id or name and get its values, whatever values
    the file uses; without, the file's own values are returned. UserError for voxels that are no label values, for
    segments that are not in the label set and for segments that overlap.
    """
    path = existing(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder: give a label map file (NIfTI, NRRD, MetaImage or .seg.nrrd)")
    segments = read_segments(path)
    if not segments:
        volume = read_file(path)
        return volume.like(_whole_numbers(volume.array, path))
    if label_set is not None:
        return strict(read_segmentation(path, label_set), path, label_set).labels
    layers = _layers(path)
    if len(layers) > 1:
        raise UserError(
            f"{path} has segments that overlap (it has {len(layers)} layers): remove the overlap in 3D Slicer"
        )
    return layers[0]


def strict(segmentation: Segmentation, path: Path, label_set: LabelSet) -> Segmentation:
    """The segmentation itself; UserError when it has segments that are unknown or overlap."""
    if segmentation.unknown:
        raise UserError(
            f"{path} has a segment {segmentation.unknown[0]!r}, which {label_set.name} does not know: "
            f"rename it to one of its structures or remove it"
        )
    if segmentation.overlap:
        raise UserError(f"{path} has segments that overlap: remove the overlap in 3D Slicer")
    return segmentation


def read_segmentation(path: str | os.PathLike[str], label_set: LabelSet) -> Segmentation:
    """Read a Slicer segmentation so that what a person said in it is kept as far as it can be.

    Segments that the label set does not know are left out and named; where segments overlap, a voxel may be any of
    them. UserError when the file cannot be read or lists no segments.
    """
    path = existing(path)
    segments = [] if path.is_dir() else read_segments(path)
    if not segments:
        raise UserError(f"{path} lists no segments: save it as a segmentation (.seg.nrrd) in 3D Slicer")
    layers = _layers(path)
    means = meanings(segments, label_set)
    known = [(segment, meaning[0]) for segment, meaning in zip(segments, means, strict=True) if meaning]
    unions = {m[0]: m[1] for m in means if m and m[0] >= label_set.n_classes and m[0] != PAINTED_BACKGROUND}
    strange = [segment for segment, meaning in zip(segments, means, strict=True) if meaning is None]
    unknown = tuple(
        s.name or s.id for s in strange if s.layer < len(layers) and (layers[s.layer].array == s.value).any()
    )
    labels, overlap = _merged(layers, known, unions)
    return Segmentation(labels, unions, {value: segment.tags for segment, value in known}, unknown, overlap)


def _layers(path: Path) -> list[Volume]:
    from PartialSegLib.image.itk import read_itk

    return [layer.like(_whole_numbers(layer.array, path)) for layer in read_itk(path, "NrrdImageIO", layers=True)]


def _merged(layers: list[Volume], known: list[tuple[Segment, int]], unions: Unions) -> tuple[Volume, int]:
    """All layers as one uint8 label map, and the number of voxels in several segments, whose unions join `unions`."""
    merged, overlap = np.empty(0, np.uint8), 0
    for number, layer in enumerate(layers):
        table = np.zeros(int(layer.array.max()) + 1, np.uint8)
        for segment, value in known:
            if segment.layer == number and segment.value < len(table):
                table[segment.value] = value
        added = table[layer.array]
        if number == 0:
            merged = added
            continue
        place = np.nonzero(merged.astype(bool) & added.astype(bool) & (merged != added))
        pairs, which = np.unique(merged[place].astype(np.uint16) * 256 + added[place], return_inverse=True)
        np.maximum(merged, added, out=merged)
        merged[place] = np.array([_either(pair // 256, pair % 256, unions) for pair in pairs.tolist()], np.uint8)[which]
        overlap += len(which)
    return layers[0].like(merged), overlap


def _either(first: int, second: int, unions: Unions) -> int:
    """The label of a voxel that may be what `first` or `second` stands for."""
    members = {member for value in (first, second) for member in unions.get(value, (value % PAINTED_BACKGROUND,))}
    found = next((value for value, known in unions.items() if set(known) == members), None)
    if found is None:
        found = next((value for value in NEW_UNIONS if value not in unions), None)
        if found is None:
            raise UserError("too many different overlaps of segments: remove the overlap in 3D Slicer")
        unions[found] = tuple(sorted(members))
    return found


def _whole_numbers(array: np.ndarray, path: Path) -> np.ndarray:
    """The array as uint8 or uint16; UserError when its values are no labels."""
    if array.size == 0:
        raise UserError(f"{path} holds no voxels: export the label map again")
    with np.errstate(invalid="ignore"):
        low, high = array.min(), array.max()
    if not (low >= 0 and high <= _MAX_LABEL):  # also when either is NaN
        raise UserError(f"{path} is no label map: its values go from {low:g} to {high:g}, not from 0 to {_MAX_LABEL}")
    labels = array.astype(np.uint8 if high <= 255 else np.uint16, copy=False)
    if array.dtype.kind == "f" and not np.array_equal(labels, array):
        raise UserError(f"{path} is no label map: it has values that are no whole numbers")
    return labels
