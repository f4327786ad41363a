"""Boxes in the scene as ranges of voxels."""

import numpy as np
import pytest
import slicer

from PartialSegLib.errors import UserError
from PartialSegLib.scene import region_of
from PartialSegLib.scene.geometry import apply, ijk_to_world, to_vtk


@pytest.fixture
def box():
    """A function: a ROI node around voxels (x0, y0, z0) to (x1, y1, z1), ends excluded, along the volume's axes."""

    def make(volume_node, first, stop):
        matrix = ijk_to_world(volume_node)
        steps = np.linalg.norm(matrix[:3, :3], axis=0)
        pose = np.eye(4)
        pose[:3, :3] = matrix[:3, :3] / steps
        pose[:3, 3] = apply(matrix, (np.array([first]) + np.array([stop]) - 1.0) / 2)[0]
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
        node.SetSize(*(steps * (np.array(stop) - np.array(first))))
        node.SetAndObserveObjectToNodeMatrix(to_vtk(pose))
        node.AddControlPoint(*pose[:3, 3])
        node.SetAndObserveObjectToNodeMatrix(to_vtk(pose))
        return node

    return make


def test_a_box_is_its_voxels(volume_node, box, anyhow):
    source = volume_node(anyhow)
    roi = box(source, (2, 3, 4), (9, 8, 6))
    assert region_of(roi, source) == ((4, 6), (3, 8), (2, 9))


def test_it_is_cut_at_the_edges(volume_node, box):
    source = volume_node()
    assert region_of(box(source, (-5, 2, -1), (30, 40, 99)), source) == ((0, 12), (2, 10), (0, 14))


def test_a_turned_box_is_held(volume_node, box):
    straight, source = volume_node(), volume_node("tilted", name="MR")
    ranges = region_of(box(straight, (4, 3, 3), (10, 8, 9)), source)
    assert all(0 <= first < stop for first, stop in ranges)


def test_transforms_of_volume_and_box_count(volume_node, box, transform_node):
    source = volume_node()
    roi = box(source, (2, 3, 4), (9, 8, 6))
    source.SetAndObserveTransformNodeID(transform_node(shift=(0, 0, -2)).GetID())
    assert region_of(roi, source) == ((6, 8), (3, 8), (2, 9))
    roi.SetAndObserveTransformNodeID(source.GetTransformNodeID())
    assert region_of(roi, source) == ((4, 6), (3, 8), (2, 9))


def test_outside_and_not_placed_are_refused(volume_node, box):
    source = volume_node()
    with pytest.raises(UserError, match="Box lies outside CT"):
        region_of(box(source, (50, 50, 50), (60, 60, 60)), source)
    with pytest.raises(UserError, match="not placed yet"):
        region_of(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode"), source)
