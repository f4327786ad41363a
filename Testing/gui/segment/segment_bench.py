"""Drives the Segment tab as a person does, and looks at the scene."""

import numpy as np
import psutil
import slicer
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from PartialSegLib.phantom import make_phantom
from PartialSegLib.scene import labels_of, segment_of
from PartialSegLib.structures import load_label_set

LABEL_SET = load_label_set()
SECONDS = 60.0


class Bench:
    """The tab, a phantom in the scene, and short words for what tests do with them."""

    def __init__(self, host):
        self.host = host
        self.volume = self.add_volume("Phantom")
        self.widget = host.module()
        host.process()

    @property
    def panel(self):
        return self.widget.shell.segment

    @property
    def ui(self):
        return self.panel.ui

    @property
    def runs(self):
        return self.panel.runs

    @property
    def parameters(self):
        return self.widget.shell.context.parameters

    def add_volume(self, name, spacing=8.0):
        return self.host.add_volume(make_phantom((spacing,) * 3)[0], name)

    def install(self, archive):
        """Install and choose the model in a .zip file, as the button does after its dialog."""
        self.panel.inputs.model.install(archive)
        self.host.wait_for(lambda: self.ui.installModelButton.enabled, SECONDS)
        assert self.panel.inputs.model.model.name == "tiny"

    def click(self, widget):
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        self.host.process()

    def segment(self):
        """Press the button and wait for the end; returns the task."""
        self.click(self.ui.segmentButton)
        task = self.runs.running
        self.wait_until_idle()
        return task

    def wait_for_stage(self, *stages):
        self.host.wait_for(lambda: self.runs.standing is not None and self.runs.standing.stage in stages, SECONDS)

    def wait_until_idle(self):
        self.host.wait_for(lambda: self.runs.running is None, SECONDS)
        self.host.process()

    def settle(self):
        """Nothing runs and nobody waits for an answer any more."""
        self.runs.drop()
        self.host.wait_for(lambda: not self.widget.shell.context.jobs.busy, SECONDS)

    def segmentations(self):
        return list(slicer.util.getNodesByClass("vtkMRMLSegmentationNode"))

    def labels(self, node, volume=None):
        return labels_of(node, volume or self.volume, LABEL_SET).labels

    def voxels(self, node, value):
        """Where a segment is, whatever else is there (bool (z, y, x))."""
        return slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_of(node, value, LABEL_SET), self.volume) != 0

    def paint(self, node, value, where, volume=None):
        """Make a segment what a boolean array says."""
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            where.astype(np.uint8), node, segment_of(node, value, LABEL_SET), volume or self.volume
        )


def worker_pids():
    """The worker's child processes of this process."""
    children = psutil.Process().children(recursive=True)
    return [child.pid for child in children if _is_worker(child)]


def _is_worker(process):
    try:
        return "PartialSegLib.worker" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
