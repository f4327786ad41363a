"""The ribbon: what it paints, where a click leads, what its tool tips say."""

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from PartialSegLib.supervision import State

SPLEEN, LIVER = 1, 6


def click(ribbon, index):
    QTest.mouseClick(ribbon, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(ribbon.x_of(index), 12))


def test_runs_of_equal_states(tab):
    from PartialSegPanels.annotate.ribbon import runs_of

    assert runs_of([0, 0, 2, 2, 2, 1]) == [(0, 1, 0), (2, 4, 2), (5, 5, 1)]
    assert runs_of([]) == []


def test_every_slice_is_found_where_it_is_painted(case):
    ribbon = case.tab.slices.current
    case.pick(LIVER)
    case.show(8)
    assert [ribbon.slice_at(ribbon.x_of(index)) for index in range(24)] == list(range(24))
    assert ribbon.slice_at(-5) == 0
    assert ribbon.slice_at(10_000) == 23


def test_a_click_goes_to_the_slice(case):
    case.pick(LIVER)
    case.show(8)
    click(case.tab.slices.current, 15)
    case.host.process()
    assert case.tab.view.position().index == 15
    assert "16 of 24" in case.tab.ui.positionLabel.text


def test_the_three_states_look_different_without_color(case):
    case.pick(LIVER)
    case.show(2)
    case.press("C")
    case.paint(LIVER, k=12)
    case.show(20)
    ribbon = case.tab.slices.current
    picture = ribbon.grab().toImage()
    gray = [_band(picture, ribbon, index) for index in (2, 12, 22)]
    spread = [float(column.std()) for column in gray]
    assert spread[0] < 2 and spread[2] < 2, "complete and untouched are plain"
    assert spread[1] > 10, "in part is hatched"
    assert abs(gray[0].mean() - gray[2].mean()) > 60


def test_tool_tips_say_what_is_complete(case):
    case.tab.structures.tick((LIVER, SPLEEN))
    case.pick(LIVER)
    case.show(2)
    case.press("C")
    text = case.tab.slices.ticked.tell(2)
    assert text.splitlines() == ["Axial slice 3 of 24", "Complete: liver", "Not looked at: spleen"]


def test_each_slice_view_has_a_ribbon_of_its_own_direction(case):
    case.tab.structures.tick((LIVER,))
    case.pick(LIVER)
    case.show(17, "Green")
    case.press("C", "Green")
    ribbons = case.tab.ribbons.ribbons
    assert set(ribbons) == {"Red", "Green", "Yellow"}
    assert ribbons["Green"]._states[17] == State.COMPLETE
    assert len(ribbons["Red"]._states) == 24 and State.COMPLETE not in ribbons["Red"]._states
    click(ribbons["Yellow"], 5)
    case.host.process()
    assert case.tab.view.name == "Yellow"
    assert (case.tab.view.position().axis, case.tab.view.position().index) == ("i", 5)


def test_ribbons_leave_the_views_with_the_tab(case):
    from PartialSegPanels.annotate.ribbon import Ribbon

    assert len([w for w in case.host.window.centralWidget().findChildren(Ribbon) if w.isVisible()]) == 3
    case.host.leave_module()
    assert not case.host.window.centralWidget().findChildren(Ribbon)


def _band(picture, ribbon, index) -> np.ndarray:
    """Gray values of the middle of one slice's part of the ribbon."""
    left, right = ribbon.x_of(index) - 3, ribbon.x_of(index) + 3
    return np.array([[picture.pixelColor(x, y).lightness() for x in range(left, right)] for y in range(9, 20)], float)
