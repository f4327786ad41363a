"""The table of segments, and the button that shows them in 3D."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


@pytest.fixture
def segmentation(slicer):
    """A segmentation of a small volume: liver (painted), spleen (empty)."""
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.util.updateVolumeFromArray(volume, np.zeros((10, 12, 14), np.int16))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name in ("liver", "spleen"):
        node.GetSegmentation().AddEmptySegment(name, name.capitalize(), (0.9, 0.6, 0.1))
    labels = np.zeros((10, 12, 14), np.uint8)
    labels[2:8, 2:8, 2:8] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(labels, node, "liver", volume)
    return node


@pytest.fixture
def table(slicer, segmentation):
    """The table that shows it."""
    made = slicer.qMRMLSegmentsTableView()
    made.setMRMLScene(slicer.mrmlScene)
    made.setSegmentationNode(segmentation)
    return made


def names(table):
    return [table.tableWidget().item(row, 3).text() for row in range(table.segmentCount)]


def test_segments_are_listed_and_followed(table, segmentation):
    assert names(table) == ["Liver", "Spleen"]
    segmentation.GetSegmentation().AddEmptySegment("stomach", "Stomach")
    segmentation.GetSegmentation().GetSegment("liver").SetName("Liver and more")
    segmentation.GetSegmentation().RemoveSegment("spleen")
    assert names(table) == ["Liver and more", "Stomach"]
    assert table.displayedSegmentIDs() == ("liver", "stomach")
    table.setSegmentationNode(None)
    assert table.segmentCount == 0


def test_selection_is_told_and_stays(table, segmentation):
    heard = []
    table.connect("selectionChanged(QItemSelection,QItemSelection)", lambda: heard.append(table.selectedSegmentIDs()))
    table.setSelectedSegmentIDs(["spleen", "no such segment"])
    assert heard[-1] == ("spleen",)
    segmentation.GetSegmentation().AddEmptySegment("stomach", "Stomach")
    assert table.selectedSegmentIDs() == ("spleen",)
    table.clearSelection()
    assert heard[-1] == ()


def test_filter_and_hidden_segments(table):
    table.filterBarVisible = True
    table.textFilter = "LIV"
    assert names(table) == ["Liver"]
    table.textFilter = ""
    table.setHideSegments(["liver"])
    assert (names(table), table.rowForSegmentID("liver")) == (["Spleen"], -1)


def test_names_are_edited_and_eyes_clicked(table, segmentation):
    heard = []
    table.connect("segmentAboutToBeModified(QString)", heard.append)
    table.tableWidget().item(1, 3).setText("Milz")
    assert (heard, segmentation.GetSegmentation().GetSegment("spleen").GetName()) == (["spleen"], "Milz")
    table.show()
    view = table.tableWidget()
    eye = view.visualItemRect(view.item(0, 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, eye)
    assert not segmentation.GetDisplayNode().GetSegmentVisibility("liver")
    table.readOnly = True
    assert not view.item(1, 3).flags() & Qt.ItemFlag.ItemIsEditable
    table.hide()


def test_show_3d_makes_and_removes_surfaces(slicer, segmentation):
    surface = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
    button = slicer.qMRMLSegmentationShow3DButton()
    assert not button.enabled
    button.setSegmentationNode(segmentation)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert segmentation.GetSegmentation().ContainsRepresentation(surface)
    assert button.checked
    segmentation.GetSegmentation().RemoveRepresentation(surface)
    assert not button.checked
    button.locked = True
    assert not button.enabled


def test_only_segmentations_are_taken(slicer, table):
    volume = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    with pytest.raises(TypeError, match="vtkMRMLSegmentationNode"):
        table.setSegmentationNode(volume)


def test_sliders_of_quantities(slicer):
    slider = slicer.qMRMLSliderWidget()
    slider.setMRMLScene(slicer.mrmlScene)
    slider.quantity = "length"
    slider.minimum, slider.maximum, slider.value = 1, 50, 7.5
    assert (slider.value, slider.quantity) == (7.5, "length")
