"""A case opens while the window lives: what happens meanwhile leaves nothing half open."""

import threading

import numpy as np
import pytest
import slicer

LIVER = 6


@pytest.fixture
def slow(monkeypatch):
    """Reading a case waits for `set()`; `started` tells that it has begun, and in which thread."""
    from PartialSegPanels.annotate import desk

    gate, real = threading.Event(), desk.open_session
    gate.threads = []

    def open_slowly(*arguments):
        gate.threads.append(threading.current_thread())
        assert gate.wait(20)
        return real(*arguments)

    monkeypatch.setattr(desk, "open_session", open_slowly)
    yield gate
    gate.set()


@pytest.fixture
def opening(tab, host, open_dataset, slow):
    """The first case on its way in: it is being read."""
    open_dataset()
    tab.ui.openCaseButton.click()
    host.wait_for(lambda: slow.threads, 10)
    return tab


def nodes():
    kinds = ("vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLScalarVolumeDisplayNode")
    return [node.GetName() for kind in kinds for node in slicer.util.getNodesByClass(kind)]


def test_it_is_read_in_a_thread_and_the_buttons_say_why_they_wait(opening, slow, idle):
    assert slow.threads[0] is not threading.main_thread()
    for name in ("openCaseButton", "nextCaseButton", "openFolderButton", "saveButton", "completeHereButton"):
        button = getattr(opening.ui, name)
        assert not button.enabled
        assert button.toolTip == "Not now: opening case_001"
    assert opening.ui.caseLabel.text == "Opening case_001…"
    slow.set()
    idle()
    assert opening.session.name == "case_001"
    assert opening.ui.openCaseButton.enabled and opening.ui.saveButton.enabled


def test_a_second_click_opens_it_once(opening, slow, idle, host):
    opening.ui.openCaseButton.click()
    opening.ui.caseTable.cellDoubleClicked.emit(1, 0)
    host.process()
    slow.set()
    idle()
    assert len(slow.threads) == 1
    assert opening.session.name == "case_001"
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 1


@pytest.mark.parametrize("act", ["scene", "tab", "module"])
def test_what_goes_away_meanwhile_leaves_nothing_half_open(opening, slow, host, act):
    if act == "scene":
        host.clear()
    elif act == "tab":
        host.module("PartialSeg").shell.tabs.setCurrentIndex(0)
    else:
        host.close_module()
    slow.set()
    slow.threads[0].join(20)
    host.process(0.1)
    assert opening.session is None and opening.canvas is None
    assert nodes() == []


@pytest.mark.parametrize("steps", [1, 3, 6, 9])
def test_closing_the_scene_at_any_step_leaves_nothing(tab, host, open_dataset, steps, monkeypatch):
    from PartialSegPanels.annotate import case_door

    real, taken = case_door.CaseDoor._opening, []

    def counted(self, item):
        inner = real(self, item)
        try:
            yield from hold(inner)
        finally:
            inner.close()

    def hold(inner):
        for step in inner:
            if tab.session is None and nodes():
                taken.append(step)
            yield step
            while len(taken) == steps:
                yield  # stay here until the scene goes

    monkeypatch.setattr(case_door.CaseDoor, "_opening", counted)
    open_dataset()
    tab.ui.openCaseButton.click()
    host.wait_for(lambda: len(taken) >= steps or not tab.flow.busy, 10)
    host.clear()
    host.wait_for(lambda: not tab.flow.busy, 10)
    assert tab.session is None and tab.canvas is None
    assert nodes() == []


def test_a_case_that_is_changed_is_saved_in_a_thread_while_the_window_lives(case, dataset, monkeypatch):
    from PartialSegPanels.annotate import session as sessions

    from PartialSegLib.annotation.reading import open_reading

    real, threads = sessions.Snapshot.write, []

    def write(self):
        threads.append(threading.current_thread())
        return real(self)

    monkeypatch.setattr(sessions.Snapshot, "write", write)
    case.paint(LIVER, k=8)
    labels = case.tab.session.labels.copy()
    case.press("Shift+J")
    assert case.tab.session.name == "case_002"
    assert threads and threading.main_thread() not in threads
    assert np.array_equal(open_reading(dataset / "case_001", "reader-1").labels.array, labels)


def test_a_key_pressed_right_after_a_stroke_declares_what_the_stroke_painted(case):
    view = case.show(8)
    case.pick(LIVER)
    case.tab.ui.editor.setActiveEffectByName("Paint")
    case.host.process()
    view.drag([case.ras(18, 20, 8), case.ras(22, 20, 8)])
    assert case.tab.strokes.pending
    case.press("C")
    case.settle()
    assert (case.tab.session.labels[8] == LIVER).any()
    assert case.state(LIVER, "k", 8) == 2


def test_leaving_the_tab_and_closing_the_case_while_the_record_is_written_logs_nothing(case, caplog):
    case.paint(LIVER, k=8)
    case.press("C")
    case.host.wait_for(lambda: not case.tab.record.pending, 10)
    case.tab.record._write()
    assert case.tab.record.pending, "it takes several steps"
    case.host.module("PartialSeg").shell.tabs.setCurrentIndex(0)
    case.tab.door.close()
    case.idle()
    case.host.process(0.5)
    assert case.tab.session is None
    assert nodes() == []
    assert "lost its volume" not in caplog.text


def test_the_record_is_on_the_segments_while_the_tab_is_open(case):
    from PartialSegLib.scene import read_record

    case.paint(LIVER, k=8)
    case.press("C")
    case.host.wait_for(lambda: not case.tab.record.pending, 10)
    record, warnings = read_record(case.tab.canvas.segmentation_node, case.tab.context.label_set)
    assert record.z[8, LIVER] == 2
    assert warnings == ()


def test_views_that_come_with_a_layout_are_followed(case):
    case.tab.view.uninstall()
    case.tab.ribbons.uninstall()
    slicer.app.layoutManager().setLayout(3)
    case.host.process()
    assert set(case.tab.ribbons.ribbons) == {"Red", "Green", "Yellow"}
    case.show(5, "Green")
    assert case.tab.view.name == "Green"
    case.host.module("PartialSeg").shell.tabs.setCurrentIndex(0)
    slicer.app.layoutManager().setLayout(3)
    case.host.process()
    assert case.tab.ribbons.ribbons == {}
