"""Slice plans: made in each direction, walked through and ticked off from the keyboard, there again with their case."""

import numpy as np
import pytest

SPLEEN, LIVER = 1, 6


def plan(case, way: int, number: int, view: str = "Red", index: int = 12):
    case.show(index, view)
    case.tab.ui.planSelector.setCurrentIndex(way)
    case.tab.ui.planNumber.value = number
    case.tab.ui.planButton.click()
    case.idle()
    return [(p.axis, p.index) for p in case.tab.plan.plan.slices]


@pytest.mark.parametrize("view, axis, count", [("Red", "k", 24), ("Green", "j", 40), ("Yellow", "i", 36)])
def test_every_nth_slice_in_the_direction_of_the_active_view(case, view, axis, count):
    planned = plan(case, 1, 8, view)
    assert {a for a, _ in planned} == {axis}
    assert np.diff([index for _, index in planned]).tolist() == [8] * (len(planned) - 1)
    assert len(planned) == -(-count // 8)


def test_a_plan_is_walked_and_ticked_from_the_keyboard(case):
    planned = plan(case, 0, 3)
    assert len(planned) == 3
    case.show(0)
    case.press("J")
    assert ("k", case.tab.view.position().index) == planned[0]
    case.press("D")
    assert case.tab.plan.plan.n_done == 1
    assert "1 of 3 done" in case.tab.ui.planSection.text
    case.press("J")
    assert ("k", case.tab.view.position().index) == planned[1]
    case.press("K")
    assert ("k", case.tab.view.position().index) == planned[2], "the ticked one is passed over, around the end"


def test_ticking_declares_nothing(case):
    planned = plan(case, 0, 2)
    before = case.tab.session.declarations.completeness
    case.tab.ui.planList.item(0).setCheckState(_checked())
    case.host.process()
    assert case.tab.plan.plan.slices[0].done
    assert case.tab.session.declarations.completeness is before
    assert case.tab.planned("k") == [planned[1][1]]


def test_the_plan_is_there_again_with_its_case(case):
    planned = plan(case, 1, 6)
    case.press("J")
    case.press("D")
    done = [p.done for p in case.tab.plan.plan.slices]
    case.press("Shift+J")
    assert case.tab.plan.plan.slices == ()
    case.press("Shift+K")
    assert [(p.axis, p.index) for p in case.tab.plan.plan.slices] == planned
    assert [p.done for p in case.tab.plan.plan.slices] == done


def test_random_slices_need_something_to_go_by(case, caplog):
    assert plan(case, 2, 3) == []
    assert "nothing is labelled" in caplog.text
    case.paint(LIVER, k=8)
    case.paint(LIVER, k=15)
    assert plan(case, 2, 3) == [("k", 8), ("k", 15)]


def test_least_sure_says_what_is_missing(case, caplog):
    assert plan(case, 3, 3) == []
    assert "segment this volume in the Segment tab" in caplog.text


def _checked():
    from PySide6.QtCore import Qt

    return Qt.CheckState.Checked
