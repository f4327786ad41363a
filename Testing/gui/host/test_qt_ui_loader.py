""".ui files: what Slicer's loader makes of them, and what it would get wrong in silence."""

import pytest

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0">
 <class>Panel</class>
 <widget class="qMRMLWidget" name="Panel">
  <layout class="QVBoxLayout" name="layout">
   <item>{item}</item>
  </layout>
 </widget>
 <resources/>
 <connections>{connections}</connections>
</ui>
"""
SELECTOR = """<widget class="qMRMLNodeComboBox" name="volumeSelector">
 <property name="nodeTypes"><stringlist notr="true"><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
 <property name="noneEnabled"><bool>true</bool></property>
 <property name="noneDisplay"><string>Select a volume</string></property>
 <property name="SlicerParameterName" stdset="0"><string>volume</string></property>
</widget>"""
CONNECTION = """<connection>
 <sender>{}</sender><signal>{}</signal><receiver>{}</receiver><slot>{}</slot>
</connection>"""
SCENE = CONNECTION.format("Panel", "mrmlSceneChanged(vtkMRMLScene*)", "volumeSelector", "setMRMLScene(vtkMRMLScene*)")


@pytest.fixture
def load(slicer, tmp_path):
    """Loads a panel with one item and some connections, as a module does."""

    def loaded(item, connections=""):
        path = tmp_path / "Panel.ui"
        path.write_text(FILE.format(item=item, connections=connections), encoding="utf-8")
        return slicer.util.loadUI(str(path))

    return loaded


def test_properties_names_and_scene_arrive(slicer, load):
    panel = load(SELECTOR, SCENE)
    selector = slicer.util.childWidgetVariables(panel).volumeSelector
    assert isinstance(selector, slicer.qMRMLNodeComboBox)
    assert selector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    assert (selector.noneEnabled, selector.noneDisplay) == (True, "Select a volume")
    assert selector.SlicerParameterName == "volume"
    panel.setMRMLScene(slicer.mrmlScene)
    assert selector.mrmlScene() is slicer.mrmlScene


def test_a_forgotten_connection_leaves_the_selector_without_nodes(slicer, load):
    panel = load(SELECTOR)
    panel.setMRMLScene(slicer.mrmlScene)
    selector = slicer.util.childWidgetVariables(panel).volumeSelector
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    assert (selector.enabled, selector.nodeCount()) == (False, 0)


def test_qt_slots_are_connected(slicer, load):
    item = """<widget class="QWidget" name="both"><layout class="QVBoxLayout" name="rows">
     <item><widget class="QSlider" name="slider"/></item><item><widget class="QSpinBox" name="number"/></item>
    </layout></widget>"""
    panel = load(item, CONNECTION.format("slider", "valueChanged(int)", "number", "setValue(int)"))
    found = slicer.util.childWidgetVariables(panel)
    found.slider.value = 5
    assert found.number.value == 5


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ('<widget class="qMRMLNodeComboBoxx" name="a"/>', "unknown widget class qMRMLNodeComboBoxx"),
        ('<widget class="QLabel" name="a"><property name="t"><string>x</string></property></widget>', "no property t"),
        (SELECTOR.replace("noneEnabled", "noneenabled"), "no property noneenabled"),
        (
            '<widget class="ctkPathLineEdit" name="a"><property name="filters"><set>ctkPathLineEdit::Folders</set>'
            "</property></widget>",
            "unknown enumeration value ctkPathLineEdit::Folders",
        ),
        (
            '<widget class="ctkPathLineEdit" name="a"><property name="filter"><set>ctkPathLineEdit::Dirs</set>'
            "</property></widget>",
            "no property filter",
        ),
    ],
)
def test_mistakes_are_refused(load, item, words):
    with pytest.raises(ValueError, match=words):
        load(item)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Panel", "sceneChanged(vtkMRMLScene*)", "volumeSelector", "setMRMLScene(vtkMRMLScene*)"), "does not exist"),
        (("Panel", "mrmlSceneChanged(vtkMRMLScene*)", "volumeSelector", "setScene(vtkMRMLScene*)"), "has no slot"),
        (("Panel", "mrmlSceneChanged(vtkMRMLScene*)", "selector", "setMRMLScene(vtkMRMLScene*)"), "is named selector"),
    ],
)
def test_wrong_connections_are_refused(load, words, said):
    with pytest.raises(ValueError, match=said):
        load(SELECTOR, CONNECTION.format(*words))


def test_enumerations_of_ctk(slicer, load):
    item = """<widget class="ctkPathLineEdit" name="folder">
     <property name="filters"><set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Writable</set></property>
    </widget>"""
    assert slicer.util.childWidgetVariables(load(item)).folder.filters == 0x21


def test_every_file_of_the_module_loads(slicer):
    from pathlib import Path

    files = sorted((Path(__file__).parents[3] / "PartialSeg" / "Resources" / "UI").glob("*.ui"))
    assert files
    for path in files:
        assert slicer.util.loadUI(str(path)).className()


def test_no_keyword_arguments_for_qt():
    """PythonQt takes none, neither for classes nor for static functions."""
    import ast
    from pathlib import Path

    found = []
    for path in (Path(__file__).parents[3] / "PartialSeg").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and call.keywords and ast.unparse(call.func).startswith(("qt.", "ctk.")):
                found.append(f"{path.name}:{call.lineno} {ast.unparse(call.func)}")
    assert found == []
