"""Slice views and the slices of a volume: which one a view shows, and how to show another."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer

from PartialSegLib.annotation.record import AXES, Axis
from PartialSegLib.errors import UserError
from PartialSegLib.scene.geometry import apply, ijk_to_ras, ijk_to_world, points_between, to_numpy
from PartialSegLib.scene.layers import layers_of
from PartialSegLib.scene.segments import segment_of
from PartialSegLib.scene.volumes import shape_of
from PartialSegLib.structures import LabelSet

_MAX_DRIFT = 0.5  # voxels, between two edges of the volume: then the view shows voxels of one slice only
_PRESETS = ("Sagittal", "Coronal", "Axial")  # by the RAS axis that each looks along


@dataclass(frozen=True)
class SlicePosition:
    """A slice of a volume: `axis` of its array ("k", "j", "i" for z, y, x) and `index` along it, from 0."""

    axis: Axis
    index: int


def slice_position(slice_node: Any, volume_node: Any) -> SlicePosition:
    """The slice of the volume that a view shows.

    UserError when the view cuts through several slices (it is oblique to the volume) or lies outside.
    """
    axis, index = _plane(slice_node, volume_node)
    count = shape_of(volume_node)[AXES.index(axis)]
    if not 0 <= index < count:
        raise UserError(f"the {slice_node.GetName()} view shows a plane outside {volume_node.GetName()}: scroll back")
    return SlicePosition(axis, index)


def show_slice(slice_node: Any, volume_node: Any, axis: Axis, index: int) -> None:
    """Make a view show one slice of a volume; it keeps its zoom, and is turned only when it shows another axis.

    UserError when the slice is not in the volume.
    """
    shape = shape_of(volume_node)
    if not 0 <= index < shape[AXES.index(axis)]:
        raise UserError(f"{volume_node.GetName()} has no slice {index} across {axis}")
    center = (np.array(shape[::-1], float) - 1) / 2
    center[2 - AXES.index(axis)] = index
    position = apply(ijk_to_world(volume_node), center[None])[0].tolist()
    if _is_aligned(slice_node, volume_node, axis):
        slice_node.JumpSliceByOffsetting(*position)
    else:
        _turn(slice_node, volume_node, axis)
        slice_node.JumpSliceByCentering(*position)  # what was in the middle before may not even be in this plane


def jump_to(volume_node: Any, value: int, node: Any, label_set: LabelSet) -> None:
    """Center all slice views on a structure, at a voxel in the middle of its largest slice.

    UserError when nothing of it is painted.
    """
    name = label_set.by_value(value).name
    index = _inside(node, volume_node, segment_of(node, value, label_set))
    if index is None:
        raise UserError(f"{name} is painted nowhere in {node.GetName()}")
    ras = apply(ijk_to_ras(volume_node), np.array([index], float))
    position = points_between(volume_node, None, ras)[0].tolist()
    centered = slicer.vtkMRMLSliceNode.CenteredJumpSlice
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *position, centered)


def _plane(slice_node: Any, volume_node: Any) -> tuple[Axis, int]:
    """Axis and index (which may be outside) of the slice that a view lies in."""
    to_index = np.linalg.inv(ijk_to_world(volume_node)) @ to_numpy(slice_node.GetSliceToRAS())
    for axis in AXES:
        if _along(to_index, axis, volume_node) <= _MAX_DRIFT:
            return axis, int(np.floor(_at_volume(to_index, axis, volume_node) + 0.5))
    raise UserError(
        f"the {slice_node.GetName()} view is oblique to {volume_node.GetName()} and shows no single slice: "
        "click Rotate to volume plane in the view's menu first"
    )


def _along(to_index: np.ndarray, axis: Axis, volume_node: Any) -> float:
    """How many voxels of `axis` a plane climbs between two opposite corners of the volume's slice."""
    row = 2 - AXES.index(axis)
    shape = np.array(shape_of(volume_node)[::-1], float)
    normal = np.cross(to_index[:3, 0], to_index[:3, 1])  # in index space
    others = [n for n in range(3) if n != row]
    if abs(normal[row]) < 1e-9:
        return float("inf")
    return float(sum(abs(normal[n] / normal[row]) * (shape[n] - 1) for n in others))


def _at_volume(to_index: np.ndarray, axis: Axis, volume_node: Any) -> float:
    """The index along `axis` at which a plane passes through the middle of the volume's other two axes."""
    row = 2 - AXES.index(axis)
    normal = np.cross(to_index[:3, 0], to_index[:3, 1])
    center = (np.array(shape_of(volume_node)[::-1], float) - 1) / 2
    offset = to_index[:3, 3] - center
    return float(center[row] + normal @ offset / normal[row])


def _is_aligned(slice_node: Any, volume_node: Any, axis: Axis) -> bool:
    try:
        return _plane(slice_node, volume_node)[0] == axis
    except UserError:
        return False


def _turn(slice_node: Any, volume_node: Any, axis: Axis) -> None:
    """Look along an axis of the volume, from the side from which radiologists look."""
    direction = np.abs(ijk_to_world(volume_node)[:3, 2 - AXES.index(axis)])
    slice_node.SetOrientation(_PRESETS[int(np.argmax(direction))])
    slice_node.RotateToVolumePlane(volume_node)


def _inside(node: Any, volume_node: Any, segment_id: str | None) -> list[int] | None:
    """Index (i, j, k) of a voxel of a segment: of its largest slice the voxel nearest to that slice's centroid."""
    for layer in layers_of(node, volume_node) if segment_id else ():
        if segment_id not in layer.segments:
            continue
        mask = layer.array == layer.segments[segment_id]
        areas = np.count_nonzero(mask, axis=(1, 2))
        if not areas.any():
            return None
        k = int(np.argmax(areas))
        points = np.argwhere(mask[k])
        j, i = points[np.argmin(((points - points.mean(0)) ** 2).sum(1))].tolist()
        return [i + layer.start[2], j + layer.start[1], k + layer.start[0]]
    return None
