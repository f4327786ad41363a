"""Records turned with their volume: every slice keeps what was said about it, wherever it ends up."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from records import UNIONS, annotated

from PartialSegLib.annotation import reorient
from PartialSegLib.image import LpsView, Volume, to_lps
from PartialSegLib.supervision import Completeness, State, candidate_sets

VIEWS = [
    LpsView(axes, flips, (1.0, 1.0, 1.0))
    for axes in permutations(range(3))
    for flips in product((False, True), repeat=3)
]


@given(annotated())
def test_candidate_sets_turn_with_the_volume(case):
    labels, record = case
    before = candidate_sets(labels, record, UNIONS)
    for view in VIEWS:
        after = candidate_sets(view.apply(labels), reorient(record, view), UNIONS)
        np.testing.assert_array_equal(after, view.apply(before))


@pytest.mark.parametrize("tilt", [0.0, 20.0])
def test_a_slice_stays_the_same_slice_of_the_patient(tilt):
    """A sagittal volume, flipped and tilted: its slice 3 is where it was declared, told by positions in mm."""
    turn = np.radians(tilt)
    tilted = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    # Index axes (i, j, k) run to posterior, inferior, right.
    direction = tilted @ np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]], float)
    volume = Volume(np.zeros((7, 5, 6), np.uint8), (1.0, 2.0, 4.0), (30.0, -10.0, 5.0), direction)
    table = np.zeros((7, 3), np.uint8)
    table[3, 2] = State.COMPLETE
    marked = np.zeros(volume.array.shape, bool)
    marked[3] = True
    array, view = to_lps(volume.like(marked))
    record = reorient(Completeness(np.zeros(3, np.uint8), z=table), view)
    assert record.z is None and record.y is None
    declared = record.x[:, 2] == State.COMPLETE
    assert declared.sum() == 1
    np.testing.assert_array_equal(np.broadcast_to(declared, array.shape), array)
