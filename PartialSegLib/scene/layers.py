"""The label maps inside a segmentation, as arrays on the grid of a volume.

Slicer keeps segments that do not overlap in one shared label map ("layer"); only overlapping ones get another.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from PartialSegLib.errors import UserError
from PartialSegLib.scene.geometry import ijk_to_ras, points_between, to_numpy, to_vtk, transform_between
from PartialSegLib.scene.segments import LABELMAP, segment_ids
from PartialSegLib.scene.volumes import shape_of

_SAME_VOXEL = 0.01  # of a voxel, at the corners


@dataclass(frozen=True, eq=False)
class Layer:
    """One label map. `array` (z, y, x) is shared with the scene and lies at index `start` (z, y, x) of the volume.

    segments: id -> value in `array`. cut: whether it has voxels outside the volume. image: the VTK object itself.
    exact: whether `array` is all there is, neither cut nor resampled.
    """

    array: np.ndarray
    start: tuple[int, int, int]
    segments: dict[str, int]
    cut: bool
    image: Any
    exact: bool = True

    def within(self, slab: slice) -> tuple[tuple[slice, slice, slice], np.ndarray] | None:
        """Where in the volume, and which voxels, this layer has in a slab of the volume's first axis."""
        first, last = max(slab.start, self.start[0]), min(slab.stop, self.start[0] + self.array.shape[0])
        if first >= last or self.array.size == 0:
            return None
        place = [slice(first, last)]
        place += [slice(s, s + n) for s, n in zip(self.start[1:], self.array.shape[1:], strict=True)]
        return (place[0], place[1], place[2]), self.array[first - self.start[0] : last - self.start[0]]

    def translated(self, voxels: np.ndarray, codes: dict[int, int], out: np.ndarray | None = None) -> np.ndarray:
        """uint8: `voxels` of this layer with its values replaced by `codes`, 0 for all others."""
        size = 256 if voxels.dtype == np.uint8 else max(codes, default=0) + 2
        if size != 256:  # Slicer widens label maps that once held more than 255 segments
            voxels = np.clip(voxels, 0, size - 1)
        table = np.zeros(size, np.uint8)
        for value, code in codes.items():
            table[value] = code
        return np.take(table, voxels, out=out, mode="clip")  # every index is in range; this mode is the fast one


def layers_of(node: Any, volume_node: Any) -> list[Layer]:
    """The label maps of a segmentation on the grid of a volume; resampled (nearest neighbor) where grids differ.

    UserError when the segmentation is made of surfaces or contours.
    """
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfSegments() and segmentation.GetSourceRepresentationName() != LABELMAP:
        raise UserError(
            f"{node.GetName()} is made of surfaces or contours: "
            "make Binary labelmap its source representation in the Segmentations module first"
        )
    shared: dict[Any, dict[str, int]] = {}
    for segment_id in segment_ids(node):
        segment = segmentation.GetSegment(segment_id)
        image = segment.GetRepresentation(LABELMAP)
        if image is not None:
            shared.setdefault(image, {})[segment_id] = segment.GetLabelValue()
    return [_layer(image, segments, node, volume_node) for image, segments in shared.items()]


def state_of(node: Any) -> tuple:
    """Something that changes with every change of voxels, segments or their label values."""
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetSegment(segment_id) for segment_id in segment_ids(node)]
    images = [segment.GetRepresentation(LABELMAP) for segment in segments]
    return (
        tuple(segment_ids(node)),
        tuple(segment.GetLabelValue() for segment in segments),
        tuple(None if image is None else (image, image.GetMTime()) for image in images),
    )


def voxels_of(image: Any) -> np.ndarray:
    """The voxels (z, y, x) of a vtkImageData, shared; of size 0 when it is empty."""
    x, y, z = image.GetDimensions()
    scalars = image.GetPointData().GetScalars()
    if scalars is None or 0 in (x, y, z):
        return np.zeros((0, 0, 0), np.uint8)
    return vtk_to_numpy(scalars).reshape(z, y, x)


def new_image(grid: np.ndarray, box: tuple[slice, slice, slice] | None) -> Any:
    """vtkOrientedImageData (uint8, not filled) on the part `box` (z, y, x) of a grid; None: without voxels.

    grid: 4x4, voxel index (i, j, k, 1) to RAS.
    """
    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(to_vtk(grid))
    if box is None:
        image.SetExtent(0, -1, 0, -1, 0, -1)
    else:
        image.SetExtent([bound for part in reversed(box) for bound in (part.start, part.stop - 1)])
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    return image


def _layer(image: Any, segments: dict[str, int], node: Any, volume_node: Any) -> Layer:
    array = voxels_of(image)
    if array.size == 0:
        return Layer(array, (0, 0, 0), segments, False, image)
    shift = _shift(image, node, volume_node)
    if shift is None:
        return Layer(_resampled(image, node, volume_node), (0, 0, 0), segments, False, image, False)
    extent = image.GetExtent()
    start = [extent[4] + shift[2], extent[2] + shift[1], extent[0] + shift[0]]
    low = [max(0, -s) for s in start]
    high = [min(n, size - s) for n, size, s in zip(array.shape, shape_of(volume_node), start, strict=True)]
    inside = array[tuple(slice(a, max(a, b)) for a, b in zip(low, high, strict=True))]
    cut = inside.shape != array.shape and bool(np.count_nonzero(inside) < np.count_nonzero(array))
    z, y, x = (s + a for s, a in zip(start, low, strict=True))
    return Layer(inside, (z, y, x), segments, cut, image, not cut)


def _shift(image: Any, node: Any, volume_node: Any) -> tuple[int, int, int] | None:
    """Voxels (i, j, k) from the image's index to the volume's; None when their voxels do not coincide."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    extent = np.array(image.GetExtent(), float).reshape(3, 2)
    corners = np.array(np.meshgrid(*extent)).reshape(3, -1).T
    to_index = np.linalg.inv(ijk_to_ras(volume_node))
    ras = corners @ to_numpy(matrix)[:3, :3].T + to_numpy(matrix)[:3, 3]
    there = points_between(node, volume_node, ras) @ to_index[:3, :3].T + to_index[:3, 3]
    drift = there - corners
    shift = np.rint(drift.mean(0))
    if np.abs(drift - shift).max() > _SAME_VOXEL:
        return None
    i, j, k = shift.astype(int).tolist()
    return i, j, k


def _resampled(image: Any, node: Any, volume_node: Any) -> np.ndarray:
    reference, result = new_image(ijk_to_ras(volume_node), None), slicer.vtkOrientedImageData()
    x, y, z = volume_node.GetImageData().GetDimensions()
    reference.SetExtent(0, x - 1, 0, y - 1, 0, z - 1)
    resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
    if not resample(image, reference, result, False, False, transform_between(node, volume_node)):
        raise UserError(f"{node.GetName()} cannot be brought to the grid of {volume_node.GetName()}: check transforms")
    array = voxels_of(result)
    if array.shape == (z, y, x):
        return array
    whole = np.zeros((z, y, x), array.dtype)  # the resampler may crop to what it filled
    if array.size:
        e = result.GetExtent()
        whole[e[4] : e[5] + 1, e[2] : e[3] + 1, e[0] : e[1] + 1] = array
    return whole
