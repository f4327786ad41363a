"""The stand-in for parameterNodeWrapper: typed, strict, kept in the scene, and shown in widgets both ways."""

import enum
from types import SimpleNamespace
from typing import Annotated

import pytest


class Preset(enum.Enum):
    FAST = 1
    ACCURATE = 2

    def label(self):
        return self.name.capitalize()


@pytest.fixture
def parameters(empty_scene):
    import slicer
    from slicer.parameterNodeWrapper import Default, WithinRange, parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        region: slicer.vtkMRMLMarkupsROINode | None
        name: str = "reader"
        count: Annotated[int, WithinRange(1, 9)] = 3
        share: Annotated[float, Default(0.5)]
        locked: bool = True
        preset: Preset = Preset.ACCURATE
        structures: list[int]
        hint: str | None

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    return Parameters(node)


def test_defaults(parameters):
    assert (parameters.name, parameters.count, parameters.share, parameters.locked) == ("reader", 3, 0.5, True)
    assert parameters.preset is Preset.ACCURATE
    assert parameters.volume is None and parameters.hint is None and list(parameters.structures) == []


def test_values_live_in_the_node(parameters, small_volume, empty_scene):
    node = empty_scene.add_volume(small_volume, "CT")
    parameters.volume = node
    parameters.structures = [1, 5]
    parameters.structures.append(7)
    parameters.hint = ""
    parameters.preset = Preset.FAST
    again = type(parameters)(parameters.parameterNode)
    assert again.volume is node
    assert again.structures == [1, 5, 7]
    assert again.hint == "" and again.preset is Preset.FAST
    empty_scene.scene.RemoveNode(node)
    assert again.volume is None


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("count", "3", TypeError),
        ("count", 10, ValueError),
        ("count", None, ValueError),
        ("name", 3, TypeError),
        ("locked", 1, TypeError),
        ("volume", "CT", TypeError),
        ("structures", ["liver"], TypeError),
        ("cuont", 3, AttributeError),
    ],
)
def test_wrong_values_and_names_are_refused(parameters, name, value, error):
    with pytest.raises(error):
        setattr(parameters, name, value)
    assert parameters.count == 3


def test_unknown_types_are_refused_when_the_class_is_made(empty_scene):
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    with pytest.raises(Exception, match="serializer"):

        @parameterNodeWrapper
        class Wrong:
            value: complex


def test_widgets_and_parameters_follow_each_other(parameters, small_volume, empty_scene):
    import qt
    import slicer

    widgets = {
        "name": qt.QLineEdit(),
        "count": qt.QSpinBox(),
        "share": qt.QDoubleSpinBox(),
        "locked": qt.QCheckBox(),
        "preset": qt.QComboBox(),
        "volume": slicer.qMRMLNodeComboBox(),
    }
    widgets["volume"].nodeTypes = ["vtkMRMLScalarVolumeNode"]
    widgets["volume"].setMRMLScene(slicer.mrmlScene)
    for name, widget in widgets.items():
        widget.setProperty("SlicerParameterName", name)
    tag = parameters.connectGui(SimpleNamespace(**widgets, other=qt.QLabel("no parameter")))
    assert widgets["count"].maximum == 9 and widgets["preset"].currentText == "Accurate"
    widgets["count"].value = 7
    widgets["name"].text = "somebody"
    widgets["locked"].click()
    widgets["preset"].currentIndex = 0
    assert (parameters.count, parameters.name, parameters.locked) == (7, "somebody", False)
    assert parameters.preset is Preset.FAST
    node = empty_scene.add_volume(small_volume, "CT")
    widgets["volume"].setCurrentNode(node)
    assert parameters.volume is node
    parameters.share = 0.25
    assert widgets["share"].value == 0.25
    parameters.disconnectGui(tag)
    widgets["count"].value = 2
    assert parameters.count == 7


def test_a_widget_for_an_unknown_parameter_is_an_error(parameters):
    import qt

    box = qt.QCheckBox()
    box.setProperty("SlicerParameterName", "lokced")
    with pytest.raises(ValueError, match="lokced"):
        parameters.connectGui(SimpleNamespace(box=box))
    box.setProperty("SlicerParameterName", "count")
    with pytest.raises(Exception, match="QCheckBox"):
        parameters.connectGui(SimpleNamespace(box=box))
