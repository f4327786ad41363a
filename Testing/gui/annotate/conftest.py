"""A dataset of two small cases, the Annotate tab open on it, and somebody who answers questions."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from PartialSegLib.image import Volume

SHAPE = (24, 40, 36)  # (z, y, x)
SPACING = (2.0, 2.0, 5.0)
SPLEEN, LIVER, STOMACH = 1, 6, 7


@pytest.fixture
def image() -> Volume:
    """A CT-like block, anisotropic and away from the origin."""
    rng = np.random.default_rng(7)
    array = rng.integers(-100, 100, SHAPE).astype(np.int16)
    array[4:20, 8:32, 6:30] += 150
    return Volume(array, SPACING, (-30.0, -50.0, 12.0), np.eye(3), "ct")


@pytest.fixture
def dataset(tmp_path, image):
    """A dataset folder with case_001 and case_002."""
    from PartialSegLib.dataset.worklist import Worklist

    folder = tmp_path / "dataset"
    worklist = Worklist.create(folder, "reader-1")
    for name in ("case_001", "case_002"):
        worklist.add(image, name=name, modality="ct")
    return folder


@pytest.fixture
def dialogs(host):
    """Presses buttons of message boxes: `expect("words", "button")` in the order in which they will be asked."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QMessageBox

    told = SimpleNamespace(seen=[], expected=[])

    def answer() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            return
        text = QMessageBox.text(box)
        told.seen.append(text)
        words, button = told.expected.pop(0) if told.expected else ("", "")
        for candidate in QMessageBox.buttons(box):
            if button and candidate.property("text") == button and words in text:
                candidate.click()
                return
        QMessageBox.reject(box)
        told.seen[-1] += " (nobody answered)"

    timer = QTimer()
    timer.timeout.connect(answer)
    timer.start(20)
    told.expect = lambda words, button: told.expected.append((words, button))
    yield told
    timer.stop()
    assert told.expected == [], "a question was expected and never asked"
    assert not [text for text in told.seen if text.endswith("(nobody answered)")]


@pytest.fixture
def tab(host, empty_scene, dialogs):
    """The Annotate tab with nothing open."""
    widget = host.module("PartialSeg")
    widget.shell.context.ensure_dependencies = lambda: True
    widget.shell.tabs.setCurrentIndex(1)
    panel = widget.shell.annotate
    panel.flow.cancel()
    host.wait_for(lambda: not panel.desk.saver.busy)
    panel.desk.worklist, panel.desk.kept = None, []
    panel.structures.tick(tuple(range(1, 17)))
    panel.cases.show([], None)
    panel.keeper.autosave_timer.setInterval(60_000)
    host.process()
    yield panel
    wait_until_idle(panel, host)


def wait_until_idle(tab, host) -> None:
    """Wait until the tab has done what it was told to."""
    host.process()
    host.wait_for(lambda: not tab.flow.busy, 20)
    host.process()


@pytest.fixture
def idle(tab, host) -> Callable:
    """Waits until the tab has done what it was told to."""
    return lambda: wait_until_idle(tab, host)


@pytest.fixture
def open_dataset(tab, host, dataset) -> Callable:
    """Opens the dataset as a reader, through the widgets."""

    def open_as(reader: str = "reader-1") -> None:
        tab.ui.folderEdit.currentPath = str(dataset)
        tab.ui.readerEdit.text = reader
        tab.ui.openFolderButton.click()
        wait_until_idle(tab, host)

    return open_as


@pytest.fixture
def case(tab, host, open_dataset):
    """The first case, open: what a test needs to paint in it and to look at it."""
    open_dataset()
    tab.ui.openCaseButton.click()
    wait_until_idle(tab, host)
    assert tab.session is not None
    return Case(tab, host)


class Case:
    """Hands of a reader."""

    def __init__(self, tab, host) -> None:
        self.tab, self.host = tab, host

    def show(self, index: int, view: str = "Red"):
        """Show a slice in a view and have the mouse over it; the view's driver."""
        from PartialSegLib.scene import show_slice

        node = self.host.slice_view(view).widget.mrmlSliceNode()
        show_slice(node, self.tab.canvas.volume_node, {"Red": "k", "Green": "j", "Yellow": "i"}[view], index)
        self.host.process()
        driver = self.host.slice_view(view)
        voxel = {"Red": (18, 20, index), "Green": (18, index, 12), "Yellow": (index, 20, 12)}[view]
        driver.hover(self.ras(*voxel))
        self.host.process()
        return driver

    def ras(self, i: float, j: float, k: float) -> tuple[float, float, float]:
        """Where a voxel lies in the scene."""
        x, y, z = self.tab.session.image.world((i, j, k))
        return -x, -y, z

    def pick(self, structure: int) -> None:
        """Select a structure by clicking its row."""
        table = self.tab.ui.structureTable
        table.cellClicked.emit(structure - 1, 0)
        self.host.process()

    def paint(self, structure: int, k: int, i: int = 18, j: int = 20) -> None:
        """Draw a stroke of a structure in axial slice k with the mouse."""
        view = self.show(k)
        self.pick(structure)
        self.tab.ui.editor.setActiveEffectByName("Paint")
        self.host.process()
        view.drag([self.ras(i, j, k), self.ras(i + 4, j, k), self.ras(i + 4, j + 3, k)])
        self.settle()

    def settle(self) -> None:
        """Wait until the stroke was looked at."""
        self.host.wait_for(lambda: not self.tab.strokes.pending, 10)
        self.host.process()

    def idle(self) -> None:
        """Wait until the tab has done what it was told to."""
        wait_until_idle(self.tab, self.host)

    def press(self, key: str, view: str = "Red") -> None:
        """Press a hotkey with the mouse in a view."""
        self.host.slice_view(view).key(key)
        self.idle()

    def save(self) -> None:
        """Press Save and wait until it is done."""
        self.tab.ui.saveButton.click()
        self.host.wait_for(lambda: not self.tab.strokes.pending and not self.tab.desk.saver.busy, 20)
        self.host.process()

    def state(self, structure: int, axis: str, index: int) -> int:
        return int(self.tab.session.declarations.state(structure, axis, index))
