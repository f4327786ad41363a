"""Records as JSON ranges: written and read back, and what is said about ranges that make no sense."""

import json

import numpy as np
import pytest
from hypothesis import given
from records import N_CLASSES, annotated

from PartialSegLib.annotation import completeness_of, parse_range, ranges_of
from PartialSegLib.errors import UserError
from PartialSegLib.supervision import Completeness, State


@given(annotated())
def test_what_is_written_is_read(case):
    labels, record = case
    whole = np.flatnonzero(record.volume == State.COMPLETE).tolist()
    ranges = json.loads(json.dumps(ranges_of(record)))
    again = completeness_of(whole, (), ranges, labels.shape, N_CLASSES)
    np.testing.assert_array_equal(again.volume, record.volume)
    for axis in "zyx":
        before, after = getattr(record, axis), getattr(again, axis)
        assert (before is None) == (after is None)
        if before is not None:
            np.testing.assert_array_equal(after, before)


def test_ranges_are_as_a_person_would_write_them():
    record = completeness_of([1], [2], {"k": {"2": [1, 3], "4-6": [4]}, "i": {"0": [3]}}, (9, 5, 3), N_CLASSES)
    assert record.volume.tolist() == [0, State.COMPLETE, State.IN_PART, 0, 0]
    assert record.y is None
    assert record.z.shape == (9, N_CLASSES) and record.x.shape == (3, N_CLASSES)
    assert np.argwhere(record.z == State.COMPLETE).tolist() == [[2, 1], [2, 3], [4, 4], [5, 4], [6, 4]]
    assert np.argwhere(record.x == State.COMPLETE).tolist() == [[0, 3]]
    assert ranges_of(record) == {"k": {"2": [1, 3], "4-6": [4]}, "i": {"0": [3]}}


def test_what_is_only_begun_in_a_slice_is_not_complete():
    table = np.full((2, N_CLASSES), State.IN_PART, np.uint8)
    assert ranges_of(Completeness(np.zeros(N_CLASSES, np.uint8), z=table)) == {"k": {}}


@pytest.mark.parametrize("text", ["", "a", "3-", "-3", "5-4", "1,2", "1-2-3", " 1", "9999999"])
def test_text_that_names_no_slices(text):
    with pytest.raises(UserError, match="names no slices"):
        parse_range(text)


@pytest.mark.parametrize(
    ("annotated", "slices", "said"),
    [
        ((), {"k": {"4": [1]}}, "slice 4 across k lies outside the volume, whose slices count from 0 to 3"),
        ((), {"j": {"3-9": [1]}}, "slice 3-9 across j lies outside"),
        ((), {"i": {"0": [5]}}, "label 5 stands for no structure: use 1 to 4"),
        ((0,), {}, "label 0 stands for no structure"),
    ],
)
def test_records_that_do_not_fit(annotated, slices, said):
    with pytest.raises(UserError, match=said):
        completeness_of(annotated, (), slices, (4, 5, 6), N_CLASSES)
