"""3D on demand."""

import numpy as np
import pytest
import slicer
import vtk

from PartialSegLib.scene import hide_3d, new_segmentation, set_labels, show_3d, show_3d_stepwise


@pytest.fixture
def ball(volume_node, label_set):
    """Segmentation with a liver that is a ball."""
    source = volume_node("tilted", (30, 30, 30))
    node = new_segmentation(source, label_set, "Organs")
    z, y, x = np.mgrid[:30, :30, :30]
    labels = np.where((z - 14) ** 2 + (y - 15) ** 2 + (x - 16) ** 2 < 81, 6, 0).astype(np.uint8)
    set_labels(node, source, labels, range(1, 17), label_set)
    return node


def test_the_surface_is_slicers_own(ball):
    show_3d(ball)
    ours = vtk.vtkPolyData()
    ball.GetClosedSurfaceRepresentation("liver", ours)
    hide_3d(ball)
    ball.CreateClosedSurfaceRepresentation()
    slicers = vtk.vtkPolyData()
    ball.GetClosedSurfaceRepresentation("liver", slicers)
    assert ours.GetNumberOfPoints() == slicers.GetNumberOfPoints() > 500
    assert np.allclose(ours.GetBounds(), slicers.GetBounds(), atol=1e-3)


def test_one_step_per_segment_and_hide(ball):
    assert len(list(show_3d_stepwise(ball))) == 16
    assert ball.GetDisplayNode().GetVisibility3D()
    for segment_id in ("liver", "spleen"):
        assert ball.GetSegmentation().GetSegment(segment_id).GetRepresentation("Closed surface") is not None
    hide_3d(ball)
    assert ball.GetSegmentation().GetSegment("liver").GetRepresentation("Closed surface") is None


def test_new_labels_make_old_surfaces_go(ball, label_set):
    show_3d(ball)
    source = slicer.util.getNode("CT")
    set_labels(ball, source, np.zeros((30, 30, 30), np.uint8), range(1, 17), label_set)
    assert ball.GetSegmentation().GetSegment("liver").GetRepresentation("Closed surface") is None
