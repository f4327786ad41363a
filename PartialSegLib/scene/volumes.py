"""Volume nodes and the library's volumes."""

from typing import Any

import numpy as np
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from PartialSegLib.errors import UserError
from PartialSegLib.image.geometry import check_geometry, split_matrix
from PartialSegLib.image.orientation import lps_view
from PartialSegLib.image.volume import Modality, Volume
from PartialSegLib.scene.geometry import LPS, ijk_to_ras, to_vtk, to_world
from PartialSegLib.scene.steps import Steps, run, slabs

_ABDOMEN = (-160.0, 240.0)  # HU, the soft tissue window
_MODALITIES: dict[str, Modality] = {"CT": "ct", "MR": "mr"}


def volume_of(volume_node: Any) -> Volume:
    """The node's voxels, shared and not copied, with its own geometry (LPS), i.e. without its parent transform.

    So it is the volume that Slicer saves, and a segmentation of it belongs under the same parent transform. UserError
    when it has no voxels, has colours, is no rectangular grid, or when the parent transform turns it so far that the
    patient's left is no longer where the volume says.
    """
    shape_of(volume_node)
    name, image = volume_node.GetName(), volume_node.GetImageData()
    if image.GetNumberOfScalarComponents() != 1:
        raise UserError(f"{name} has colors or vectors: choose a gray CT or MR volume")
    volume = on_grid_of(volume_node, slicer.util.arrayFromVolume(volume_node))
    check_geometry(name, volume.spacing, volume.origin, volume.direction)
    _check_transform(volume_node, volume)
    return volume


def on_grid_of(volume_node: Any, array: np.ndarray) -> Volume:
    """An array (z, y, x) at the place of a volume node's voxels."""
    matrix = LPS @ ijk_to_ras(volume_node)
    spacing, direction = split_matrix(matrix[:3, :3])
    sx, sy, sz = spacing.tolist()
    ox, oy, oz = matrix[:3, 3].tolist()
    return Volume(array, (sx, sy, sz), (ox, oy, oz), direction, _modality(volume_node))


def shape_of(volume_node: Any) -> tuple[int, int, int]:
    """(z, y, x) of a volume node; UserError when it has no voxels."""
    image = volume_node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or 0 in image.GetDimensions():
        raise UserError(f"{volume_node.GetName()} has no voxels: load it again")
    x, y, z = image.GetDimensions()
    return z, y, x


def put_volume(volume: Volume, name: str) -> Any:
    """A new scalar volume node in the scene with a copy of the voxels, shown in a window that fits them."""
    return run(put_volume_stepwise(volume, name))


def put_volume_stepwise(volume: Volume, name: str) -> Steps[Any]:
    """`put_volume` in steps; the node comes into the scene in the last one."""
    array = volume.array.astype(np.uint8) if volume.array.dtype == bool else volume.array
    image = vtk.vtkImageData()
    image.SetDimensions(*array.shape[::-1])
    image.AllocateScalars(get_vtk_array_type(array.dtype), 1)
    target = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(array.shape)
    for slab in slabs(array.shape):
        target[slab] = array[slab]
        yield slab.stop / array.shape[0]
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(slicer.mrmlScene.GenerateUniqueName(name))
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = volume.matrix, volume.origin
    node.SetIJKToRASMatrix(to_vtk(LPS @ matrix))
    node.SetAndObserveImageData(image)
    slicer.mrmlScene.AddNode(node)
    _show(node, volume)
    return node


def _show(node: Any, volume: Volume) -> None:
    """Slicer would sort all voxels to find a window; a sample does, and CT has its usual one."""
    display = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeDisplayNode")
    display.SetDefaultColorMap()
    display.SetAutoWindowLevel(False)
    sample = volume.array[tuple(slice(None, None, max(1, n // 64)) for n in volume.array.shape)]
    low, high = np.percentile(sample.astype(np.float32), (1, 99)).tolist()
    if volume.modality == "ct":
        low, high = _ABDOMEN
    display.SetWindowLevelMinMax(low, max(high, low + 1e-6))
    node.SetAndObserveDisplayNodeID(display.GetID())


def _check_transform(volume_node: Any, volume: Volume) -> None:
    """A registration may shift and tilt a volume; one that exchanges the patient's axes contradicts its geometry."""
    parent = volume_node.GetParentTransformNode()
    if parent is None or not parent.IsTransformToWorldLinear():
        return
    turned = LPS @ to_world(volume_node) @ LPS
    _, direction = split_matrix(turned[:3, :3] @ volume.matrix)
    there = lps_view(Volume(volume.array, volume.spacing, volume.origin, direction))
    here = lps_view(volume)
    if (there.axes, there.flips) != (here.axes, here.flips):
        raise UserError(
            f"{volume_node.GetName()} is turned by its transform, so left and right are uncertain: "
            "harden the transform in the Data module first"
        )


def _modality(volume_node: Any) -> Modality | None:
    """What DICOM said; the subject hierarchy keeps it for volumes that Slicer loaded from its DICOM database."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(volume_node)
    return _MODALITIES.get(hierarchy.GetItemAttribute(item, "DICOM.Modality")) if item else None
