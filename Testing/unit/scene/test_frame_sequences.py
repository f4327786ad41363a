"""4D: frames in, one segmentation per frame out."""

import numpy as np
import pytest
import slicer
import slicer.util

from PartialSegLib.errors import UserError
from PartialSegLib.scene import (
    browser_of,
    finish,
    frames,
    labels_of,
    new_frame_sequence,
    new_segmentation,
    put_frame_segmentation,
    put_volume,
    reference_of,
    remove,
    set_labels,
    volume_of,
)
from Testing.host.mrml import clear_scene


@pytest.fixture
def browser(volume):
    """A sequence of three frames, with its browser and proxy."""
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Cine")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    for number in range(3):
        frame = put_volume(volume(seed=number), "frame")
        sequence.SetDataNodeAtValue(frame, str(number * 0.5))
        remove(frame)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    node.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(node)
    return node


def segment_all(browser, label_set):
    proxy = browser.GetProxyNode(browser.GetMasterSequenceNode())
    sequence = new_frame_sequence(browser, "Organs")
    for frame in frames(browser):
        node = new_segmentation(proxy, label_set, "frame")
        set_labels(node, proxy, np.full((12, 10, 14), frame.number + 1, np.uint8), range(1, 17), label_set)
        put_frame_segmentation(sequence, frame, node)
    return sequence, finish(browser, sequence)


def test_frames_one_by_one_without_moving_the_browser(browser, volume):
    browser.SetSelectedItemNumber(1)
    found = list(frames(browser))
    assert [frame.index for frame in found] == ["0", "0.5", "1"] or [f.index for f in found] == ["0.0", "0.5", "1.0"]
    for frame in found:
        assert np.array_equal(volume_of(frame.volume_node).array, volume(seed=frame.number).array)
    assert browser.GetSelectedItemNumber() == 1


def test_the_browser_is_found_from_the_volume_on_the_screen(browser, volume_node):
    proxy = browser.GetProxyNode(browser.GetMasterSequenceNode())
    assert browser_of(proxy) is browser
    assert browser_of(volume_node(name="Other")) is None


def test_segmentations_play_along(browser, label_set):
    _, node = segment_all(browser, label_set)
    proxy = browser.GetProxyNode(browser.GetMasterSequenceNode())
    assert node.GetName() == "Organs"
    for number in (2, 0, 1):
        browser.SetSelectedItemNumber(number)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
        assert (labels_of(node, proxy, label_set).labels == number + 1).all()


def test_the_segmentation_belongs_to_the_volume_on_the_screen(browser, label_set):
    _, node = segment_all(browser, label_set)
    for number in range(3):
        browser.SetSelectedItemNumber(number)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
        assert reference_of(node) is browser.GetProxyNode(browser.GetMasterSequenceNode())


def test_a_saved_scene_plays_again(browser, label_set, tmp_path):
    segment_all(browser, label_set)
    assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    clear_scene()
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    again, node = slicer.util.getNode("Browser"), slicer.util.getNode("vtkMRMLSegmentationNode*")
    proxy = again.GetProxyNode(again.GetMasterSequenceNode())
    for number in (1, 2, 0):
        again.SetSelectedItemNumber(number)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(again)
        assert (labels_of(node, proxy, label_set).labels == number + 1).all()


def test_nothing_but_the_sequence_and_its_node_stays(browser, label_set):
    before = {n.GetID() for n in slicer.util.getNodesByClass("vtkMRMLNode")}
    segment_all(browser, label_set)
    added = [n.GetClassName() for n in slicer.util.getNodesByClass("vtkMRMLNode") if n.GetID() not in before]
    assert added.count("vtkMRMLSegmentationNode") == added.count("vtkMRMLSequenceNode") == 1
    parts = {"vtkMRMLSegmentationDisplayNode", "vtkMRMLSegmentationStorageNode"}  # of the node that is shown
    assert set(added) <= {"vtkMRMLSegmentationNode", "vtkMRMLSequenceNode", *parts}
    assert all(added.count(part) <= 1 for part in parts)


def test_a_sequence_of_something_else_is_refused():
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode")
    sequence.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Poses")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    with pytest.raises(UserError, match="Poses is no sequence of gray volumes"):
        list(frames(browser))
