"""A scripted module lives in the host as in Slicer: opened, entered, left, reloaded, unloaded, told of the scene."""

import sys
import textwrap

import pytest

SOURCE = """
    import slicer
    from slicer.ScriptedLoadableModule import *
    from slicer.util import VTKObservationMixin
    import qt

    class Sample(ScriptedLoadableModule):
        def __init__(self, parent):
            ScriptedLoadableModule.__init__(self, parent)
            parent.title = "Sample title"
            parent.categories = ["Testing"]
            slicer.app.connect("startupCompleted()", lambda: SampleWidget.said.append("startup"))

    class SampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
        said = []

        def __init__(self, parent=None):
            ScriptedLoadableModuleWidget.__init__(self, parent)
            VTKObservationMixin.__init__(self)

        def setup(self):
            ScriptedLoadableModuleWidget.setup(self)
            self.button = qt.QPushButton("Press")
            self.button.objectName = "press"
            self.button.connect("clicked()", lambda: self.said.append("pressed"))
            self.layout.addWidget(self.button)
            self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.closing)
            self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.closed)

        def enter(self):
            self.said.append("enter")

        def exit(self):
            self.said.append("exit")

        def cleanup(self):
            self.removeObservers()
            self.said.append("cleanup")

        def closing(self, caller, event):
            self.said.append(f"closing {caller.GetNumberOfNodesByClass('vtkMRMLScalarVolumeNode')}")

        def closed(self, caller, event):
            self.said.append(f"closed {caller.GetNumberOfNodesByClass('vtkMRMLScalarVolumeNode')}")

    class SampleLogic(ScriptedLoadableModuleLogic):
        pass

    class SampleTest(ScriptedLoadableModuleTest):
        ran = []

        def test_one(self):
            self.ran.append("one")
"""


@pytest.fixture
def sample(empty_scene, tmp_path):
    """The host, and the widget instance of a small module that writes down what happens to it."""
    path = tmp_path / "Sample.py"
    path.write_text(textwrap.dedent(SOURCE))
    empty_scene.app.moduleManager().load(path)
    empty_scene.app.startupCompleted.emit()
    widget = empty_scene.module("Sample")
    yield empty_scene, widget
    empty_scene.close_module("Sample")


def test_opening_describes_sets_up_and_enters(sample):
    _, widget = sample
    import slicer

    assert slicer.modules.sample.title == "Sample title"
    assert slicer.util.getModuleWidget("Sample") is widget
    assert slicer.util.modulePath("Sample").endswith("Sample.py")
    assert widget.said == ["startup", "enter"]
    assert widget.parent.isEntered
    slicer.util.findChild(widget.parent, "press").click()
    assert widget.said[-1] == "pressed"


def test_leaving_and_coming_back_keeps_the_panel(sample):
    host, widget = sample
    host.leave_module()
    assert widget.said[-1] == "exit" and not widget.parent.isEntered
    assert host.module("Sample") is widget
    assert widget.said[-2:] == ["exit", "enter"]


def test_reloading_makes_a_new_panel_from_the_file(sample):
    host, widget = sample
    path = sys.modules["Sample"].__file__
    with open(path, "a") as file:
        file.write("\nADDED = 1\n")
    again = host.reload_module("Sample")
    assert again is not widget
    assert sys.modules["Sample"].ADDED == 1
    assert "cleanup" in widget.said and again.said == []  # Slicer enters a module when it is chosen, not now
    host.close_module("Sample")
    assert widget.said.count("cleanup") == 1 and again.said[-2:] == ["exit", "cleanup"]


def test_unloading_leaves_nothing(sample):
    host, widget = sample
    import slicer

    host.close_module("Sample")
    assert widget.said[-2:] == ["exit", "cleanup"]
    assert not hasattr(slicer.modules, "sample") and not hasattr(slicer.modules, "SampleWidget")


def test_closing_the_scene_tells_the_module_before_and_after(sample, small_volume):
    host, widget = sample
    host.add_volume(small_volume, "CT")
    host.clear()
    assert widget.said[-2:] == ["closing 1", "closed 0"]


def test_parameter_node_is_one_per_scene(sample):
    host, _ = sample
    logic = sys.modules["Sample"].SampleLogic()
    node = logic.getParameterNode()
    assert logic.getParameterNode() is node
    assert node.GetSingletonTag() == "Sample"
    host.clear()
    assert sys.modules["Sample"].SampleLogic().getParameterNode().GetAttribute("ModuleName") == "Sample"


def test_self_test_runs(sample):
    import slicer

    slicer.selfTests["Sample"](msec=0)
    assert sys.modules["Sample"].SampleTest.ran == ["one"]


def test_packages_are_asked_for_and_never_installed(empty_scene):
    import slicer

    assert slicer.packaging.pip_check("numpy>=1.0")
    assert not slicer.packaging.pip_check("no-such-package-as-this")
    slicer.packaging.requested.clear()
    slicer.packaging.pip_ensure("no-such-package-as-this>=2", requester="Sample")
    assert slicer.packaging.requested == []  # as in Slicer: not while testing
    slicer.packaging.pip_ensure(["no-such-package-as-this>=2", "numpy"], requester="Sample", skip_in_testing=False)
    assert [one["requirements"] for one in slicer.packaging.requested] == [["no-such-package-as-this>=2"]]


def test_texts_can_be_translated(empty_scene):
    from slicer.i18n import tr

    empty_scene.app.translations[("test_host_module", "Liver")] = "Leber"
    assert tr("Liver") == "Leber"
    assert tr("Spleen") == "Spleen"
    empty_scene.app.translations.clear()


def test_sample_data_is_registered(empty_scene):
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="Test", sampleName="One", uris="https://example.org/one", fileNames="one.nrrd", nodeNames="One"
    )
    assert SampleData.sources.pop("Test")[0].fileNames == ["one.nrrd"]
    with pytest.raises(Exception, match="nodeName"):
        SampleData.SampleDataLogic.registerCustomSampleDataSource(sampleName="Two", uris=["a", "b"], fileNames="x")
