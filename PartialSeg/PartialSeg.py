"""PartialSeg: segment the abdomen with one click, and teach the model with a few strokes.

This file is only what 3D Slicer looks for; the two tabs live in PartialSegPanels, what they do in PartialSegLib.
"""

import sys
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

try:
    import PartialSegLib
except ImportError:  # a checkout: the library lies one folder up instead of beside this file
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    import PartialSegLib

HOMEPAGE = "https://github.com/PartialSeg/SlicerPartialSeg"


class PartialSeg(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = "PartialSeg"
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = []
        parent.contributors = ["PartialSeg developers"]
        parent.helpText = _(
            "Segments 16 abdominal structures in CT and MR with one click, and learns from annotations that are only"
            " partly there: painted slices, scribbles, single structures. Not for clinical use."
            ' See the <a href="{url}">documentation</a>.'
        ).format(url=HOMEPAGE)
        parent.acknowledgementText = _("PartialSeg {version}, Apache License 2.0.").format(
            version=PartialSegLib.__version__
        )
        slicer.app.connect("startupCompleted()", _register_sample_data)


def _register_sample_data():
    from PartialSegPanels.sample_data import register_sample_data

    register_sample_data()


class PartialSegWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's panel: hands Slicer's events to the shell, which owns the tabs."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.shell = None

    def setup(self):
        """Build the tabs; Slicer calls this when the module is opened for the first time."""
        from PartialSegPanels.shell import Shell

        super().setup()
        self.logic = PartialSegLogic()
        self.shell = Shell(self.layout, self.logic, self.resourcePath)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self._scene_closing)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self._scene_closed)

    def enter(self):
        """The user came to this module."""
        self.shell.enter()

    def exit(self):
        """The user went to another module."""
        self.shell.exit()

    def cleanup(self):
        """The application closes or the module is reloaded."""
        self.removeObservers()
        if self.shell is not None:
            self.shell.cleanup()
            self.shell = None

    def _scene_closing(self, caller, event):
        self.shell.scene_closing()

    def _scene_closed(self, caller, event):
        self.shell.scene_closed(entered=self.parent.isEntered)


class PartialSegLogic(ScriptedLoadableModuleLogic):
    """Gives the scene's one parameter node; everything else is in PartialSegLib and works without a module."""

    def getParameterNode(self):  # noqa: N802  Slicer's name
        """The typed parameter node of this scene, made when there is none."""
        from PartialSegPanels.parameters import Parameters

        return Parameters(super().getParameterNode())


class PartialSegTest(ScriptedLoadableModuleTest):
    """What runs in real Slicer through CTest or Reload and Test: the module opens, and says why it cannot segment."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):  # noqa: N802  Slicer's name
        """Run every test in turn."""
        self.setUp()
        self.test_panel_says_what_is_missing()

    def test_panel_says_what_is_missing(self):
        slicer.util.selectModule("PartialSeg")
        widget = slicer.modules.partialseg.widgetRepresentation().self()
        button = slicer.util.findChild(widget.parent, "segmentButton")
        self.assertFalse(button.enabled)
        self.assertTrue(button.toolTip)
