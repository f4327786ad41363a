import json

import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.ranking import PlannedSlice, SlicePlan


def plan(*indices, axis="k"):
    return SlicePlan.of(PlannedSlice(axis, index, f"because of {index}") for index in indices)


def test_ticking_off_leaves_the_plan_as_it_was():
    before = plan(3, 7, 5)
    after = before.tick("k", 7)
    assert [planned.done for planned in after.slices] == [False, True, False] and after.n_done == 1
    assert before.n_done == 0 and after.tick("k", 7, done=False) == before
    assert before.tick("j", 7) == before.tick("k", 4) == before


def test_each_place_occurs_once():
    twice = SlicePlan.of([PlannedSlice("k", 3, "first"), PlannedSlice("j", 3, "other"), PlannedSlice("k", 3, "again")])
    assert [planned.reason for planned in twice.slices] == ["first", "other"]


def test_next_and_previous_skip_what_is_done_and_go_round():
    some = plan(3, 7, 5, 9).tick("k", 7)
    assert some.next("k", 3).index == 5 and some.previous("k", 5).index == 3
    assert some.next("k", 9).index == 3 and some.previous("k", 3).index == 9
    assert some.next("k", 7).index == 5  # from one that is done
    assert some.next("k", 4).index == 3 and some.previous("i", 3).index == 9  # from one that is not planned
    rest = plan(3, 7).tick("k", 7)
    assert rest.next("k", 3) is None and rest.next("k", 7).index == 3
    assert SlicePlan().next("k", 0) is None


def test_it_survives_a_file():
    some = SlicePlan.of([PlannedSlice("k", 3, "Leber ü"), PlannedSlice("i", 300, "b", True)])
    assert SlicePlan.from_json(some.to_json()) == some
    assert SlicePlan.from_json(json.dumps(some.to_json())) == some
    assert SlicePlan.from_json([]) == SlicePlan()


ENTRY = {"axis": "k", "index": 3, "reason": "r", "done": False}


@pytest.mark.parametrize(
    "values",
    [
        "{", 7, None, [7], [{}], [{**ENTRY, "axis": "z"}], [{**ENTRY, "index": -1}], [{**ENTRY, "index": "3"}],
        [{**ENTRY, "index": True}], [{**ENTRY, "reason": None}], [{**ENTRY, "done": 1}],
    ],
)  # fmt: skip
def test_damaged_plans_are_refused(values):
    with pytest.raises(UserError, match="cannot be read"):
        SlicePlan.from_json(values)
