"""The MRML half of the stand-in host: what Slicer registers at start is there, and closing the scene empties it."""

import pytest
import slicer

from PartialSegLib.scene import put_volume, remove
from Testing.host.mrml import clear_scene, start_scene


def test_there_is_one_scene():
    assert start_scene() is start_scene()
    assert slicer.mrmlScene is start_scene().scene


@pytest.mark.parametrize("name", ["segmentations", "volumes", "sequences", "markups", "terminologies", "models"])
def test_modules_have_the_logic_that_the_application_knows(name):
    module = getattr(slicer.modules, name)
    assert module.logic() is start_scene().application_logic.GetModuleLogic(module.name)
    assert module.logic().GetMRMLScene() is slicer.mrmlScene


def test_terminologies_are_loaded():
    logic = slicer.modules.terminologies.logic()
    assert logic.IsTerminologyContextLoaded("Segmentation category and type - 3D Slicer General Anatomy list")


def test_closing_the_scene_leaves_no_data(volume):
    put_volume(volume(), "CT")
    clear_scene()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeDisplayNode") == 0
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLColorNode") > 20
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 1


def test_a_volume_goes_with_its_parts(volume):
    before = slicer.mrmlScene.GetNumberOfNodes()
    node = put_volume(volume(), "CT")
    node.AddDefaultStorageNode()
    remove(node)
    assert slicer.mrmlScene.GetNumberOfNodes() == before
