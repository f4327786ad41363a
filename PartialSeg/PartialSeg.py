"""PartialSeg: segment the abdomen with one click, and teach the model with a few strokes.

This file is only what 3D Slicer looks for; the two tabs live in PartialSegPanels, what they do in PartialSegLib.
"""

import importlib.util
import logging
import sys
import tempfile
import time
import unittest
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
        parent.dependencies = ["Segmentations", "Markups", "Sequences"]
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
        if self.parent.isEntered:  # reloaded while it is shown: Slicer does not enter it again
            self.enter()

    def enter(self):
        """The user came to this module."""
        if self.shell is not None:
            self.shell.enter()

    def exit(self):
        """The user went to another module; Slicer calls this after the clean-up too."""
        if self.shell is not None:
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
    """What runs in real Slicer through CTest, Testing/slicer/run_tests.py or Reload and Test.

    What needs Python packages that Slicer does not ship is skipped where they are missing; nothing is installed.
    """

    def setUp(self):
        slicer.mrmlScene.Clear()
        slicer.util.selectModule("PartialSeg")
        self.shell = slicer.modules.partialseg.widgetRepresentation().self().shell
        self.shell.tabs.setCurrentIndex(0)
        self.folder = tempfile.TemporaryDirectory(prefix="partialseg-", ignore_cleanup_errors=True)
        self.addCleanup(self.folder.cleanup)

    def tearDown(self):
        self.shell.tabs.setCurrentIndex(0)
        slicer.mrmlScene.Clear()
        self.doCleanups()

    def runTest(self):  # noqa: N802  Slicer's name
        """Reload and Test: every test in turn; Slicer itself would take a skipped one for a failure."""
        for name in self.moduleTestNames:
            self.setUp()
            try:
                getattr(self, name)()
            except unittest.SkipTest as reason:
                logging.info("%s was skipped: %s", name, reason)
            finally:
                self.tearDown()

    def test_button_says_what_is_missing(self):
        button = self.shell.segment.ui.segmentButton
        self._wait_for(lambda: not button.enabled)
        self.assertTrue(button.toolTip)

    def test_loaded_volume_is_recognized(self):
        self._load_phantom()
        ui = self.shell.segment.ui
        self._wait_for(lambda: ui.segmentButton.enabled)
        self.assertIn("CT", ui.modalityCombo.itemText(0))

    def test_painted_case_is_saved_and_reopened(self):
        liver, k = 6, 4
        annotate = self._open_case()
        mask = self._paint(annotate, liver, k)
        annotate.view.go("k", k)
        annotate.paint.select(liver)
        self._press(annotate.ui.completeHereButton)
        self._wait_for(lambda: annotate.session.declarations.state(liver, "k", k) == _complete())
        self._press(annotate.ui.saveButton)
        self._wait_for(lambda: annotate.session.is_saved)
        slicer.mrmlScene.Clear()
        self._wait_for(lambda: annotate.session is None)
        self._press(annotate.ui.openCaseButton)
        self._wait_for(lambda: annotate.session is not None and annotate.canvas is not None)
        self.assertTrue(((annotate.session.labels == liver) == mask).all())
        self.assertEqual(annotate.session.declarations.state(liver, "k", k), _complete())
        self.assertEqual(annotate.session.warnings, ())

    def test_shipped_model_segments(self):
        if not self.shell.context.has_dependencies():
            self.skipTest("the Python packages that segmenting needs are not installed")
        if self.shell.segment.inputs.model.model is None:
            self.skipTest("no model is installed")
        self._load_phantom()
        self.shell.context.parameters.preset = "fast"
        panel = self.shell.segment
        self._press(panel.ui.segmentButton)
        self._wait_for(lambda: panel.runs.tasks and panel.runs.running is None, 900)
        self.assertEqual([task.message for task in panel.runs.tasks], [""])
        (node,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        self.assertEqual(node.GetSegmentation().GetNumberOfSegments(), 16)

    def _load_phantom(self):
        """A CT-like volume of a torso, through a file, as a user loads one."""
        from PartialSegLib.image import write_volume
        from PartialSegLib.phantom import make_phantom

        path = Path(self.folder.name) / "phantom.nrrd"
        write_volume(path, make_phantom((10.0, 10.0, 10.0))[0])
        return slicer.util.loadVolume(str(path))

    def _open_case(self):
        """The Annotate tab with the phantom open in it, as the only case of a new dataset."""
        if importlib.util.find_spec("pydantic") is None:
            self.skipTest("the Python packages that annotating needs are not installed")
        from PartialSegLib.dataset.worklist import Worklist
        from PartialSegLib.scene import volume_of

        dataset = Path(self.folder.name) / "dataset"
        Worklist.create(dataset, "reader-1").add(volume_of(self._load_phantom()), name="case_001")
        annotate = self.shell.annotate
        self.shell.tabs.setCurrentIndex(1)
        annotate.ui.folderEdit.currentPath, annotate.ui.readerEdit.text = str(dataset), "reader-1"
        self._press(annotate.ui.openFolderButton)
        self._press(annotate.ui.openCaseButton)
        self._wait_for(lambda: annotate.session is not None and annotate.canvas is not None)
        return annotate

    def _paint(self, annotate, value, k):
        """Voxels of a structure in one axial slice, written as another extension would; bool (z, y, x)."""
        import numpy as np

        mask = np.zeros(annotate.session.labels.shape, bool)
        mask[k, 8:12, 5:15] = True
        segment_id = annotate.session.label_set.by_value(value).segment_id
        nodes = annotate.canvas.segmentation_node, annotate.canvas.volume_node
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), nodes[0], segment_id, nodes[1])
        self._wait_for(lambda: (annotate.session.labels == value).sum() == mask.sum())
        return mask

    def _press(self, button):
        self._wait_for(lambda: button.enabled)
        button.click()

    def _wait_for(self, condition, seconds=60):
        """Let Slicer work until something is true."""
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited {seconds} s in vain")
            slicer.app.processEvents()
            time.sleep(0.01)


def _complete():
    from PartialSegLib.supervision import State

    return State.COMPLETE
