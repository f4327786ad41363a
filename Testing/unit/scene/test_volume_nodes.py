"""Volumes to nodes and back."""

import numpy as np
import pytest
import slicer
import slicer.util
import vtk

from PartialSegLib.errors import UserError
from PartialSegLib.scene import put_volume, volume_of


def test_a_volume_survives_the_scene(volume, anyhow):
    given = volume(anyhow)
    back = volume_of(put_volume(given, "CT"))
    assert np.array_equal(back.array, given.array)
    assert back.same_grid(given)
    assert np.allclose(back.direction, given.direction)


def test_each_voxel_lies_where_slicer_says(volume, anyhow):
    given = volume(anyhow)
    node = put_volume(given, "CT")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    r, a, s, _ = matrix.MultiplyPoint((3, 5, 7, 1))
    assert np.allclose(given.world((3, 5, 7)), (-r, -a, s))


def test_voxels_are_shared_not_copied(volume_node):
    node = volume_node()
    slicer.util.arrayFromVolume(node)[2, 3, 4] = 1234
    assert volume_of(node).array[2, 3, 4] == 1234
    assert np.shares_memory(volume_of(node).array, slicer.util.arrayFromVolume(node))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint16, np.float32, np.float64])
def test_every_type_of_voxel_can_be_put(volume, dtype):
    given = volume(dtype=dtype)
    assert np.array_equal(volume_of(put_volume(given, "CT")).array, given.array)


def test_the_window_fits(volume):
    given = volume()
    display = put_volume(given, "CT").GetDisplayNode()
    low, high = display.GetWindowLevelMin(), display.GetWindowLevelMax()
    assert 0 <= low < 10 and 190 < high <= 200


def test_modality_comes_from_dicom(volume_node):
    node = volume_node()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    assert volume_of(node).modality is None
    item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "MR")
    assert volume_of(node).modality == "mr"


def test_a_node_without_voxels_is_refused():
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    with pytest.raises(UserError, match="Empty has no voxels"):
        volume_of(node)


def test_colors_are_refused():
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Photo")
    slicer.util.updateVolumeFromArray(node, np.zeros((3, 4, 5, 3), np.uint8))
    with pytest.raises(UserError, match="gray CT or MR"):
        volume_of(node)


def test_a_registered_volume_keeps_its_own_geometry(volume, transform_node):
    given = volume("tilted")
    node = put_volume(given, "CT")
    node.SetAndObserveTransformNodeID(transform_node(shift=(50, 0, -20)).GetID())
    assert volume_of(node).same_grid(given)


def test_a_volume_that_a_transform_mirrors_is_refused(volume_node, transform_node):
    node = volume_node()
    node.SetAndObserveTransformNodeID(transform_node(np.diag([-1.0, 1, 1])).GetID())
    with pytest.raises(UserError, match="left and right are uncertain"):
        volume_of(node)
