import numpy as np
import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.ranking import evenly, every_nth, least_sure, organ_range, random_foreground
from PartialSegLib.structures import load_label_set

LABEL_SET = load_label_set()
SPLEEN, LIVER, ADRENAL = 1, 6, 12
SHAPE = (30, 40, 50)
AXES = ["k", "j", "i"]


def labels():
    """A liver, a small adrenal gland inside its range, and a union and painted background that are no structures."""
    array = np.zeros(SHAPE, np.uint8)
    array[5:25, 10:30, 4:44] = LIVER
    array[11:13, 14:16, 20:23] = ADRENAL
    array[28], array[2] = 255, 20
    return array


def indices(planned):
    return [one.index for one in planned]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("n", [1, 2, 5, 7, 29, 200])
def test_every_nth_is_that_and_leaves_as_much_on_both_sides(axis, n):
    size = SHAPE[AXES.index(axis)]
    planned = every_nth(SHAPE, axis, n)
    assert {one.axis for one in planned} == {axis} and set(np.diff(indices(planned))) <= {n}
    before, after = planned[0].index, size - 1 - planned[-1].index
    assert (abs(before - after) <= 1 and max(before, after) < max(n, 1)) or n > size
    assert before >= 0 and after >= 0


@pytest.mark.parametrize(("axis", "expected"), [("k", (5, 24)), ("j", (10, 29)), ("i", (4, 43))])
def test_the_range_of_organs(axis, expected):
    assert organ_range(labels(), None, axis) == organ_range(labels(), [LIVER, ADRENAL], axis) == expected
    assert organ_range(labels(), [SPLEEN], axis) is None
    assert organ_range(np.zeros(SHAPE, np.uint8), None, axis) is None


def test_the_range_of_one_organ():
    assert [organ_range(labels(), [ADRENAL], axis) for axis in AXES] == [(11, 12), (14, 15), (20, 22)]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 25])
def test_evenly_spaced_slices_lie_in_the_range_and_evenly(n):
    planned = evenly(n, (5, 24), "j")
    places = indices(planned)
    assert len(places) == min(n, 20) == len(set(places)) and places[0] >= 5 and places[-1] <= 24
    assert np.ptp(np.diff(places)) <= 1 if n > 1 else places == [15]
    assert planned[0].reason == f"1 of {min(n, 20)} evenly spaced"


@pytest.mark.parametrize("axis", AXES)
def test_random_slices_hold_what_their_reason_says(axis):
    planned = random_foreground(6, labels(), axis, 3, LABEL_SET)
    assert len(planned) == 6 and indices(planned) == sorted(set(indices(planned)))
    for one in planned:
        structure = LABEL_SET.find(one.reason.removeprefix("random, with "))
        assert (np.take(labels(), one.index, AXES.index(axis)) == structure.value).any()
    reasons = [one.reason for one in planned]
    assert sum("adrenal" in reason.lower() for reason in reasons) >= 2  # the small one has its turns


def test_random_slices_are_those_of_the_seed():
    plans = [random_foreground(5, labels(), "k", seed, LABEL_SET) for seed in (1, 1, 2, 3)]
    assert plans[0] == plans[1] and not plans[0] == plans[2] == plans[3]


def test_no_more_random_slices_than_there_are():
    assert indices(random_foreground(99, labels(), "k", 0, LABEL_SET)) == list(range(5, 25))
    assert indices(random_foreground(99, labels(), "k", 0, LABEL_SET, [ADRENAL])) == [11, 12]


def confidence():
    nan = np.nan
    return {
        LIVER: np.array([nan, 0.9, 0.8, 0.7, 0.75, 0.9, 0.95, 0.9, nan, nan]),
        SPLEEN: np.array([nan, nan, nan, 0.9, 0.9, 0.6, 0.9, 0.85, 0.5, nan]),
        ADRENAL: np.full(10, nan),
    }


def test_the_least_sure_come_first_with_their_reason():
    planned = least_sure(3, confidence(), "i", LABEL_SET)
    assert indices(planned) == [8, 5, 3] and {one.axis for one in planned} == {"i"}
    assert [one.reason for one in planned] == ["spleen: 50% sure", "spleen: 60% sure", "liver: 70% sure"]


@pytest.mark.parametrize(("distance", "expected"), [(1, [8, 5, 3, 4]), (2, [8, 5, 3, 1]), (4, [8, 3]), (9, [8])])
def test_they_keep_their_distance(distance, expected):
    assert indices(least_sure(4, confidence(), "k", LABEL_SET, distance)) == expected


def test_slices_without_any_structure_are_never_picked():
    assert sorted(indices(least_sure(99, confidence(), "k", LABEL_SET))) == list(range(1, 9))


@pytest.mark.parametrize(
    "pick",
    [
        lambda: every_nth(SHAPE, "k", 0),
        lambda: every_nth(SHAPE, "z", 3),
        lambda: evenly(0, (1, 2), "k"),
        lambda: evenly(3, (1, 2), "axial"),
        lambda: random_foreground(0, labels(), "k", 0, LABEL_SET),
        lambda: random_foreground(3, np.zeros(SHAPE, np.uint8), "k", 0, LABEL_SET),
        lambda: random_foreground(3, labels(), "k", 0, LABEL_SET, [SPLEEN]),
        lambda: least_sure(0, confidence(), "k", LABEL_SET),
        lambda: least_sure(3, confidence(), "k", LABEL_SET, 0),
        lambda: least_sure(3, {}, "k", LABEL_SET),
        lambda: least_sure(3, {LIVER: np.full(4, np.nan)}, "k", LABEL_SET),
        lambda: organ_range(labels(), None, "z"),
    ],
)
def test_what_gives_no_slices_says_what_to_do(pick):
    with pytest.raises(UserError, match=r": (use|space|segment)"):
        pick()
