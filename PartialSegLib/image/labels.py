"""Label maps in: plain ones of any format, and 3D Slicer segmentations."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.read import existing, read_file
from PartialSegLib.image.text_headers import check_nrrd
from PartialSegLib.image.volume import Volume
from PartialSegLib.structures import LabelSet

_MAX_LABEL = 65535


@dataclass(frozen=True)
class Segment:
    """One segment of a Slicer segmentation: its voxels are those of `value` in layer number `layer`."""

    id: str
    name: str
    value: int
    layer: int


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
    from PartialSegLib.image.itk import read_itk

    layers = [layer.like(_whole_numbers(layer.array, path)) for layer in read_itk(path, "NrrdImageIO", layers=True)]
    if label_set is None:
        if len(layers) > 1:
            raise UserError(
                f"{path} has segments that overlap (it has {len(layers)} layers): remove the overlap in 3D Slicer"
            )
        return layers[0]
    return _merged(layers, segments, label_set, path)


def read_segments(path: Path) -> list[Segment]:
    """The segments that a file lists; none unless it is a Slicer segmentation."""
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
        segments.append(Segment(header[prefix + "ID"], header.get(prefix + "Name", ""), value, layer))
    return segments


def _merged(layers: list[Volume], segments: list[Segment], label_set: LabelSet, path: Path) -> Volume:
    merged = np.zeros(layers[0].array.shape, np.uint8)
    for number, layer in enumerate(layers):
        table = np.zeros(int(layer.array.max()) + 1, np.uint8)
        for segment in (segment for segment in segments if segment.layer == number and segment.value < len(table)):
            table[segment.value] = _target(segment, label_set, path)
        added = table[layer.array]
        if np.logical_and(merged, added).any():
            raise UserError(f"{path} has segments that overlap: remove the overlap in 3D Slicer")
        np.maximum(merged, added, out=merged)
    return layers[0].like(merged)


def _target(segment: Segment, label_set: LabelSet, path: Path) -> int:
    for query in (segment.id, segment.name):
        if query and not query.isdecimal():
            try:
                return label_set.find(query).value
            except UserError:
                continue
    raise UserError(
        f"{path} has a segment {segment.name or segment.id!r}, which {label_set.name} does not know: "
        f"rename it to one of its structures or remove it"
    )


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
