"""Which slice a view shows, in every geometry, and showing another."""

import numpy as np
import pytest
import slicer

from PartialSegLib.errors import UserError
from PartialSegLib.scene import SlicePosition, jump_to, new_segmentation, set_labels, show_slice, slice_position
from PartialSegLib.scene.geometry import apply, ijk_to_world

SHAPE = {"k": 12, "j": 10, "i": 14}
ROW = {"k": 2, "j": 1, "i": 0}


def shown(slice_node, volume_node):
    """Index (i, j, k), with fractions, of the middle of a view."""
    matrix = slice_node.GetSliceToRAS()
    origin = np.array([[matrix.GetElement(row, 3) for row in range(3)]])
    return apply(np.linalg.inv(ijk_to_world(volume_node)), origin)[0]


@pytest.mark.parametrize(("orientation", "axis"), [("Axial", "k"), ("Coronal", "j"), ("Sagittal", "i")])
def test_the_three_views_of_a_straight_volume(volume_node, slice_node, orientation, axis):
    source, view = volume_node(), slice_node(orientation)
    for index in (0, 5, SHAPE[axis] - 1):
        ijk = np.full((1, 3), 4.0)
        ijk[0, ROW[axis]] = index
        view.JumpSliceByOffsetting(*apply(ijk_to_world(source), ijk)[0])
        assert slice_position(view, source) == SlicePosition(axis, index)


@pytest.mark.parametrize("axis", "kji")
def test_what_is_shown_is_where_it_says(volume_node, slice_node, anyhow, axis):
    source, view = volume_node(anyhow), slice_node()
    for index in (0, 3, SHAPE[axis] - 1):
        show_slice(view, source, axis, index)
        assert slice_position(view, source) == SlicePosition(axis, index)
        assert abs(shown(view, source)[ROW[axis]] - index) < 1e-3


@pytest.mark.parametrize("axis", "kji")
def test_a_transform_moves_the_slices_with_it(volume_node, slice_node, transform_node, axis):
    source, view = volume_node("tilted"), slice_node()
    source.SetAndObserveTransformNodeID(transform_node(shift=(40, -30, 20)).GetID())
    show_slice(view, source, axis, 7)
    assert slice_position(view, source) == SlicePosition(axis, 7)


def test_a_view_that_looks_along_keeps_its_direction(volume_node, slice_node):
    source, view = volume_node(), slice_node("Sagittal")
    show_slice(view, source, "i", 3)
    assert view.GetOrientation() == "Sagittal"
    show_slice(view, source, "k", 3)
    assert view.GetOrientation() == "Axial"


def test_between_two_slices_the_nearer_one_counts(volume_node, slice_node):
    source, view = volume_node(), slice_node("Axial")
    show_slice(view, source, "k", 5)
    start = view.GetSliceOffset()
    for offset, index in ((0.4, 5), (0.6, 6), (-0.4, 5)):
        view.SetSliceOffset(start + offset)
        assert slice_position(view, source).index == index


def test_an_oblique_view_is_refused(volume_node, slice_node):
    source, view = volume_node("tilted"), slice_node("Axial")
    with pytest.raises(UserError, match=r"Red view is oblique to CT.*Rotate to volume plane"):
        slice_position(view, source)
    show_slice(view, source, "k", 4)
    assert slice_position(view, source) == SlicePosition("k", 4)


def test_a_hair_off_is_not_oblique(volume_node, slice_node):
    angle = 1e-5
    direction = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    source, view = volume_node(((1.0, 1.0, 1.0), direction)), slice_node("Axial")
    view.JumpSliceByOffsetting(*apply(ijk_to_world(source), np.array([[7.0, 5, 6]]))[0])
    assert slice_position(view, source) == SlicePosition("k", 6)


def test_a_plane_outside_is_refused(volume_node, slice_node):
    source, view = volume_node(), slice_node("Axial")
    show_slice(view, source, "k", 11)
    view.SetSliceOffset(view.GetSliceOffset() + 1)
    with pytest.raises(UserError, match="outside CT"):
        slice_position(view, source)


def test_a_slice_that_is_not_there_is_refused(volume_node, slice_node):
    source, view = volume_node(), slice_node()
    for index in (-1, 12):
        with pytest.raises(UserError, match=f"CT has no slice {index} across k"):
            show_slice(view, source, "k", index)


def test_a_nonlinear_transform_is_refused(volume_node, slice_node):
    source = volume_node()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode")
    source.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(UserError, match="harden the transform"):
        slice_position(slice_node(), source)


def test_jump_to_a_structure_ends_inside_it(volume_node, slice_node, label_set, anyhow, transform_node):
    source = volume_node(anyhow)
    source.SetAndObserveTransformNodeID(transform_node(shift=(5, 6, 7)).GetID())
    node = new_segmentation(source, label_set, "Organs")
    labels = np.zeros((12, 10, 14), np.uint8)
    labels[6, 1:9, 1:13] = 6  # a ring: its center of mass is not in it
    labels[6, 2:8, 2:12] = 0
    labels[2, 2, 2] = 6
    set_labels(node, source, labels, [6], label_set)
    view = slice_node()
    jump_to(source, 6, node, label_set)
    i, j, k = np.rint(shown(view, source)).astype(int)
    assert k == 6 and labels[k, j, i] == 6


def test_jump_to_nothing_says_so(volume_node, label_set):
    source = volume_node()
    node = new_segmentation(source, label_set, "Organs")
    with pytest.raises(UserError, match="liver is painted nowhere in Organs"):
        jump_to(source, 6, node, label_set)
