"""Explicit acts, by hotkey and by button, with the mouse in a slice view; strokes on slices that are complete."""

import numpy as np
import pytest

from PartialSegLib.supervision import State

SPLEEN, LIVER, STOMACH = 1, 6, 7


def test_painting_makes_a_slice_in_part_and_nothing_complete(case):
    case.paint(LIVER, k=8)
    assert (case.tab.session.labels[8] == LIVER).sum() > 3
    assert set(np.unique(case.tab.session.labels)) == {0, LIVER}
    assert case.state(LIVER, "k", 8) == State.IN_PART
    assert case.state(SPLEEN, "k", 8) == State.NOT_LOOKED_AT


def test_scrolling_past_a_slice_declares_nothing(case):
    before = case.tab.session.declarations.completeness
    view = case.show(3)
    view.wheel(4)
    view.key("Right")
    case.host.process()
    assert case.tab.session.declarations.completeness is before
    assert case.tab.session.is_saved


def test_c_declares_the_painted_structure_in_the_slice_under_the_mouse(case):
    case.paint(LIVER, k=8)
    case.press("C")
    assert case.state(LIVER, "k", 8) == State.COMPLETE
    assert case.state(LIVER, "k", 9) == State.NOT_LOOKED_AT
    assert case.state(SPLEEN, "k", 8) == State.NOT_LOOKED_AT


def test_shift_c_declares_all_ticked_structures(case):
    case.tab.structures.tick((LIVER, SPLEEN))
    case.show(5)
    case.press("Shift+C")
    states = [case.state(s, "k", 5) for s in (LIVER, SPLEEN, STOMACH)]
    assert states == [State.COMPLETE, State.COMPLETE, State.NOT_LOOKED_AT]


def test_a_range_from_the_mark_to_here(case):
    case.pick(LIVER)
    case.show(4)
    case.press("M")
    case.show(9)
    case.press("L")
    ribbon = case.tab.session.declarations.ribbon((LIVER,), "k")
    assert np.flatnonzero(ribbon == State.COMPLETE).tolist() == [4, 5, 6, 7, 8, 9]
    assert not case.tab.ui.completeBetweenButton.enabled
    assert "mark" in case.tab.ui.completeBetweenButton.toolTip


def test_absent_is_refused_where_the_structure_is_painted(case, caplog):
    case.paint(LIVER, k=8)
    case.press("N")
    assert case.state(LIVER, "k", 8) == State.IN_PART
    assert "liver is painted in slice 8" in caplog.text
    case.show(9)
    case.press("N")
    assert case.state(LIVER, "k", 9) == State.COMPLETE
    assert "known absent" in case.tab.ui.structureTable.item(LIVER - 1, 1).text()


def test_the_whole_volume_and_back(case):
    case.pick(SPLEEN)
    case.show(2)
    case.press("Ctrl+Shift+C")
    assert case.tab.session.declarations.completeness.volume[SPLEEN] == State.COMPLETE
    case.press("Ctrl+Shift+U")
    assert case.tab.session.declarations.completeness.volume[SPLEEN] == State.IN_PART
    case.press("Ctrl+Shift+N")
    assert case.tab.session.declarations.completeness.volume[SPLEEN] == State.COMPLETE


def test_undo_and_redo_of_declarations(case):
    case.pick(LIVER)
    case.show(6)
    case.press("C")
    case.press("Shift+Z")
    assert case.state(LIVER, "k", 6) == State.NOT_LOOKED_AT
    case.press("Shift+Y")
    assert case.state(LIVER, "k", 6) == State.COMPLETE
    case.press("U")
    assert case.state(LIVER, "k", 6) == State.IN_PART


@pytest.mark.parametrize("view, axis, index", [("Green", "j", 17), ("Yellow", "i", 11)])
def test_declaring_in_other_directions(case, view, axis, index):
    case.pick(LIVER)
    case.show(index, view)
    case.press("C", view)
    assert case.state(LIVER, axis, index) == State.COMPLETE
    assert case.state(LIVER, "k", index) == State.NOT_LOOKED_AT


def test_an_oblique_view_is_refused_in_plain_words(case):
    view = case.show(8)
    node = view.widget.mrmlSliceNode()
    matrix = node.GetSliceToRAS()
    angle = np.deg2rad(20)
    for row, (a, b) in enumerate(((1, 0), (0, np.cos(angle)), (0, np.sin(angle)))):
        matrix.SetElement(row, 0, a)
        matrix.SetElement(row, 1, b)
    for row, value in enumerate((0, -np.sin(angle), np.cos(angle))):
        matrix.SetElement(row, 2, value)
    node.UpdateMatrices()
    case.host.process()
    assert "oblique" in case.tab.ui.positionLabel.text
    assert not case.tab.ui.completeHereButton.enabled
    assert "oblique" in case.tab.ui.completeHereButton.toolTip
    before = case.tab.session.declarations.completeness
    case.press("C")
    assert case.tab.session.declarations.completeness is before


def test_editing_a_complete_slice_asks_once_and_sets_it_in_part(case, dialogs):
    case.paint(LIVER, k=8)
    case.press("C")
    dialogs.expect("liver", "Set back to in part")
    case.paint(LIVER, k=8, j=26)
    assert case.state(LIVER, "k", 8) == State.IN_PART
    case.paint(LIVER, k=8, j=14)
    assert len(dialogs.seen) == 1
    assert "axial slice 9 of 24" in dialogs.seen[0]


def test_the_stroke_on_a_complete_slice_can_be_taken_back(case, dialogs):
    case.paint(LIVER, k=8)
    case.press("C")
    before = case.tab.session.labels.copy()
    dialogs.expect("liver", "Undo the stroke")
    case.paint(LIVER, k=8, j=26)
    assert case.state(LIVER, "k", 8) == State.COMPLETE
    assert np.array_equal(case.tab.canvas.look().labels, before)


def test_background_scribbles_are_painted_background(case):
    view = case.show(8)
    case.press("O")
    view.drag([case.ras(10, 10, 8), case.ras(14, 10, 8)])
    case.settle()
    assert set(np.unique(case.tab.session.labels)) == {0, 255}
    assert case.tab.current() == ()
    assert not case.tab.ui.completeHereButton.enabled


def test_leaving_the_tab_gives_the_keys_back(case):
    from PySide6.QtGui import QShortcut

    window = case.host.window
    installed = {s.key.toString() for s in window.findChildren(QShortcut)}
    assert {"C", "Shift+C", "J"} <= installed
    case.host.module("PartialSeg").shell.tabs.setCurrentIndex(0)
    case.host.process()
    left = {s.key.toString() for s in window.findChildren(QShortcut)}
    assert {"C", "Shift+C", "J"} & left == set()
    case.host.module("PartialSeg").shell.tabs.setCurrentIndex(1)
    case.host.process()
    again = [s.key.toString() for s in window.findChildren(QShortcut)]
    assert again.count("C") == 1


def test_hotkeys_do_not_clash_with_slicers_and_are_on_their_buttons(tab):
    from PartialSegPanels.annotate.hotkeys import KEYS

    editor = {*"1234567890", *"QWZYI/*,.<>", "Esc", "Space", *(f"Shift+{n}" for n in range(10)), "Ctrl+Z", "Ctrl+Y"}
    views = {*"BFGRTVAX+-=_[]{}", "Left", "Right", "Up", "Down", "Shift+V", "Ctrl+B"}
    window = {f"Ctrl+{key}" for key in "FHOSWCVX0234569"} | {"Ctrl+Left", "Ctrl+Right"}
    assert set(KEYS.values()) & (editor | views | window) == set()
    assert len(set(KEYS.values())) == len(KEYS)
    for name, key in KEYS.items():
        assert f"({key})" in getattr(tab.ui, name).text
