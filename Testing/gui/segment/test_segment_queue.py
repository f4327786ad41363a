"""Several volumes, and the frames of a sequence."""

import pytest
import slicer
from segment_bench import LABEL_SET

from PartialSegLib.phantom import make_phantom


def queue_two(bench):
    other = bench.add_volume("Other", spacing=10.0)
    for node in (bench.volume, other):
        bench.parameters.input_volume = node
        bench.host.process(0.05)
        bench.click(bench.ui.queueButton)
    return other


def test_queued_volumes_run_one_after_the_other(bench):
    other = queue_two(bench)
    assert bench.ui.segmentButton.text == "Segment 2 queued volumes"
    assert bench.ui.queueList.topLevelItem(1).text(1) == "waiting"
    bench.click(bench.ui.segmentButton)
    bench.wait_until_idle()
    assert [task.state.value for task in bench.runs.tasks] == ["done", "done"]
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert [node.GetNodeReference(role) for node in bench.segmentations()] == [bench.volume, other]


def test_an_entry_of_the_queue_shows_its_result(bench):
    queue_two(bench)
    bench.click(bench.ui.segmentButton)
    bench.wait_until_idle()
    assert bench.ui.resultNote.text.startswith("Other")
    bench.ui.queueList.setCurrentItem(bench.ui.queueList.topLevelItem(0))
    assert bench.ui.resultNote.text.startswith("Phantom")


def test_cancel_leaves_the_others_waiting(bench):
    queue_two(bench)
    bench.click(bench.ui.segmentButton)
    bench.wait_for_stage("segment")
    bench.click(bench.ui.segmentButton)
    bench.wait_until_idle()
    assert [task.state.value for task in bench.runs.tasks] == ["cancelled", "waiting"]
    assert bench.ui.segmentButton.text == "Segment 1 queued volume"


def test_a_waiting_volume_can_be_removed(bench):
    queue_two(bench)
    bench.ui.queueList.setCurrentItem(bench.ui.queueList.topLevelItem(0))
    bench.click(bench.ui.removeButton)
    assert [task.title for task in bench.runs.tasks] == ["Other"]


@pytest.fixture
def sequence(bench):
    """A sequence of two frames whose browser shows the first one; the proxy volume is chosen."""
    nodes = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Perfusion")
    nodes.SetIndexName("time")
    nodes.SetIndexUnit("s")
    for seed in range(2):
        node = bench.host.add_volume(make_phantom((10.0,) * 3, seed=seed)[0], f"frame {seed}")
        nodes.SetDataNodeAtValue(node, str(seed))
        slicer.mrmlScene.RemoveNode(node)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    browser.SetAndObserveMasterSequenceNodeID(nodes.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    bench.parameters.input_volume = browser.GetProxyNode(nodes)
    bench.host.process(0.05)
    return browser


def test_frames_of_a_sequence_play_along(bench, sequence):
    assert bench.ui.framesCheckBox.visible
    task = bench.segment()
    assert task.state.value == "done", task.message
    (proxy,) = bench.segmentations()
    volume = sequence.GetProxyNode(sequence.GetMasterSequenceNode())
    first = bench.labels(proxy, volume).copy()
    sequence.SetSelectedItemNumber(1)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(sequence)
    assert (bench.labels(proxy, volume) != first).any()
    assert proxy.GetSegmentation().GetNumberOfSegments() == len(list(LABEL_SET))


def test_one_frame_alone(bench, sequence):
    bench.ui.framesCheckBox.setChecked(False)
    task = bench.segment()
    bench.ui.framesCheckBox.setChecked(True)
    assert task.frames == (None,) and task.state.value == "done" and len(bench.segmentations()) == 1


def test_a_cancelled_sequence_leaves_nothing(bench, sequence):
    before = len(slicer.util.getNodesByClass("vtkMRMLSequenceNode"))
    bench.click(bench.ui.segmentButton)
    bench.host.wait_for(lambda: bench.runs.running.frames_done == 1, 60)
    bench.click(bench.ui.segmentButton)
    bench.wait_until_idle()
    assert bench.segmentations() == []
    assert len(slicer.util.getNodesByClass("vtkMRMLSequenceNode")) == before
