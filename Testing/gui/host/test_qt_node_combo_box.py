"""qMRMLNodeComboBox follows the scene and tells of every choice."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

VOLUME = "vtkMRMLScalarVolumeNode"


@pytest.fixture
def box(slicer):
    """A list of volumes that shows the scene, and `heard`, the choices it told of."""
    made = slicer.qMRMLNodeComboBox()
    made.nodeTypes = [VOLUME]
    made.addEnabled = made.removeEnabled = False
    made.setMRMLScene(slicer.mrmlScene)
    return made


@pytest.fixture
def heard(box):
    """What the list told of its current node."""
    told = []
    box.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: told.append(node and node.GetName()))
    return told


def add(slicer, name, kind=VOLUME):
    return slicer.mrmlScene.AddNewNodeByClass(kind, name)


def texts(box):
    return [box._list.itemText(row) for row in range(box._list.count)]


def test_the_first_node_is_chosen_when_none_is_no_choice(slicer, box, heard):
    first, second = add(slicer, "CT"), add(slicer, "MR")
    assert box.currentNode() is first
    assert box.currentNodeID == first.GetID()
    box.setCurrentNode(second)
    box.setCurrentNode(second)
    assert heard == ["CT", "MR"]
    assert box.nodeCount() == 2
    assert box.nodeFromIndex(1) is second


def test_nothing_is_chosen_when_none_is_a_choice(slicer, box, heard):
    box.noneEnabled = True
    add(slicer, "CT")
    assert (box.currentNode(), heard) == (None, [])
    assert texts(box) == ["None", "CT"]


def test_other_signals(slicer, box):
    told = []
    box.connect("currentNodeChanged(bool)", told.append)
    box.connect("currentNodeIDChanged(QString)", told.append)
    box.connect("nodeAdded(vtkMRMLNode*)", lambda node: told.append(node.GetName()))
    box.connect("nodeAboutToBeRemoved(vtkMRMLNode*)", lambda node: told.append("removing " + node.GetName()))
    node = add(slicer, "CT")
    slicer.mrmlScene.RemoveNode(node)
    assert told == ["CT", True, f"{VOLUME}1", "removing CT", False, ""]


def test_only_signals_that_slicer_has(box):
    for signal in ("currentNodeChanged(PyObject)", "currentNodeChanged()", "nodeChanged(vtkMRMLNode*)"):
        with pytest.raises(ValueError, match="does not exist"):
            box.connect(signal, lambda: None)


def test_the_next_node_takes_the_place_of_a_removed_one(slicer, box):
    nodes = [add(slicer, name) for name in ("a", "b", "c")]
    box.setCurrentNode(nodes[1])
    slicer.mrmlScene.RemoveNode(nodes[1])
    assert box.currentNode() is nodes[2]
    slicer.mrmlScene.RemoveNode(nodes[2])
    assert box.currentNode() is nodes[0]
    slicer.mrmlScene.Clear(0)
    assert box.currentNode() is None


def test_names_are_followed_and_hidden_or_other_nodes_left_out(slicer, box):
    node = add(slicer, "CT")
    add(slicer, "labels", "vtkMRMLLabelMapVolumeNode")
    add(slicer, "ROI", "vtkMRMLMarkupsROINode")
    node.SetName("CT of today")
    assert texts(box) == ["CT of today", "labels"]
    box.showChildNodeTypes = False
    assert texts(box) == ["CT of today"]
    node.SetHideFromEditors(True)
    assert texts(box) == []


def test_attributes_filter(slicer, box):
    box.addAttribute(VOLUME, "PartialSeg.Case", "1")
    node = add(slicer, "CT")
    assert box.nodeCount() == 0
    node.SetAttribute("PartialSeg.Case", "1")
    assert box.nodeCount() == 1


def test_a_node_asked_for_before_the_scene_came_is_chosen(slicer):
    add(slicer, "CT")
    wanted = add(slicer, "MR")
    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = [VOLUME]
    box.setCurrentNode(wanted)
    assert not box.enabled
    box.setMRMLScene(slicer.mrmlScene)
    assert box.enabled
    assert box.currentNode() is wanted


def test_wrong_arguments_are_refused(slicer, box):
    with pytest.raises(TypeError):
        box.setMRMLScene(box)
    with pytest.raises(TypeError):
        box.setCurrentNode("vtkMRMLScalarVolumeNode1")
    with pytest.raises(AttributeError):
        box.currentnode = None
    with pytest.raises(TypeError):
        box.noneEnabled()


def test_choosing_with_the_keyboard(slicer, box, heard):
    add(slicer, "CT"), add(slicer, "MR")
    box.show()
    QTest.keyClick(box._list, Qt.Key.Key_Down)
    assert heard == ["CT", "MR"]
    box.hide()


def test_nodes_are_made_renamed_and_deleted_from_the_list(slicer, box, monkeypatch):
    from PySide6.QtWidgets import QInputDialog

    told = []
    box.nodeTypes = ["vtkMRMLSegmentationNode"]
    box.addEnabled = box.removeEnabled = box.renameEnabled = True
    box.connect("nodeAddedByUser(vtkMRMLNode*)", lambda node: told.append(node.GetName()))
    box.connect("currentNodeRenamed(QString)", told.append)
    assert texts(box)[-1] == "Create new Segmentation"
    box._list.activated.emit(box._list.count - 1)
    node = box.currentNode()
    monkeypatch.setattr(QInputDialog, "getText", lambda *args: ("Liver", True))
    box.renameCurrentNode()
    assert texts(box) == ["Liver", "", "Create new Segmentation", "Rename current Segmentation",
                          "Delete current Segmentation"]  # fmt: skip
    box._list.activated.emit(box._list.count - 1)
    assert told == ["Segmentation", "Liver"]
    assert (box.currentNode(), slicer.mrmlScene.IsNodePresent(node)) == (None, 0)


def test_a_deleted_list_is_left_alone(slicer, box):
    box.delete()
    add(slicer, "CT")
