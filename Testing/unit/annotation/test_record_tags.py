"""The record in tags: what goes in comes out, hashes follow the voxels, and only what still holds is believed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import N_CLASSES, UNIONS, annotated

from PartialSegLib.annotation.fingerprints import structure_hashes
from PartialSegLib.annotation.ledger import same
from PartialSegLib.annotation.tags import (
    RECORD_TAG,
    STATUS_TAG,
    completeness_of_records,
    decode,
    records_in,
    records_of,
    tags_of,
)
from PartialSegLib.annotation.trust import at_most
from PartialSegLib.errors import UserError
from PartialSegLib.image.segment_tags import format_tags, parse_tags, parse_union, union_text
from PartialSegLib.supervision import Completeness, State


@settings(max_examples=100, deadline=None)
@given(annotated(), st.data())
def test_what_is_declared_survives_the_tags(case, data):
    labels, record = case
    begun = data.draw(st.lists(st.integers(1, N_CLASSES - 1)))
    volume = record.volume.copy()
    volume[begun] = np.maximum(volume[begun], State.IN_PART)
    record = Completeness(volume, record.z, record.y, record.x)
    for table in (record.z, record.y, record.x):
        if table is not None:
            table[-1, 1] = State.IN_PART
    texts = {value: format_tags(tags) for value, tags in tags_of(record, labels, UNIONS).items()}
    assert not any(set(text) - set(text.encode("ascii").decode()) or "\n" in text for text in texts.values())
    records = records_in({value: parse_tags(text) for value, text in texts.items()})
    assert records == records_of(record, labels, UNIONS)
    assert same(completeness_of_records(records, labels.shape, N_CLASSES), record)


def test_how_a_tag_reads():
    record = Completeness.of_volume((1,), 4)
    z = np.zeros((30, 4), np.uint8)
    z[[3, 7, 8, 9], 2], z[20, 2] = State.COMPLETE, State.IN_PART
    tags = tags_of(Completeness(record.volume, z), np.zeros((30, 2, 2), np.uint8), {})
    text = tags[2][RECORD_TAG]
    assert text.startswith("1;value=2;volume=not looked at;complete k=3,7-9;in part k=20;voxels=")
    assert [tags[s][STATUS_TAG] for s in (1, 2, 3)] == ["completed", "inprogress", "notstarted"]


@pytest.mark.parametrize(
    "text",
    ["", "2;value=1;volume=complete;voxels=ab", "1;value=1;volume=done;voxels=ab", "1;value=1;volume=complete",
     "1;value=x;volume=complete;voxels=ab", "1;value=1;volume=complete;finished k=1;voxels=ab", "complete"],
)  # fmt: skip
def test_what_cannot_be_read_says_nothing(text):
    assert decode(text) is None


def test_a_tag_on_another_structures_segment_says_nothing():
    tags = tags_of(Completeness.of_volume((1,), 4), np.zeros((3, 3, 3), np.uint8), {})
    assert records_in({2: tags[1]}) == {}


def test_slices_outside_the_volume():
    records = records_in({1: {RECORD_TAG: "1;value=1;volume=in part;complete k=9;voxels=ab"}})
    with pytest.raises(UserError, match="slice 9 across k, the volume has 3"):
        completeness_of_records(records, (3, 3, 3), 4)


def test_tags_that_would_not_come_back():
    for tags in ({"a:b": "c"}, {"a": "b|c"}, {"a": "b\nc"}):
        with pytest.raises(ValueError, match="would not survive"):
            format_tags(tags)
    assert parse_tags("a:b:c|d:|") == {"a": "b:c", "d": ""}


def test_unions_by_key():
    keys = {2: "right_kidney", 3: "left_kidney"}
    assert union_text((0, 2, 3), keys) == "background,right_kidney,left_kidney"
    values = {key: value for value, key in keys.items()}
    assert parse_union("left_kidney,background", values) == (0, 3) and parse_union("left_kidney,liver", values) is None


@settings(max_examples=60, deadline=None)
@given(annotated(), st.data())
def test_a_hash_changes_with_its_own_voxels_only(case, data):
    labels, _ = case
    place = tuple(data.draw(st.integers(0, n - 1)) for n in labels.shape)
    changed = labels.copy()
    changed[place] = data.draw(st.sampled_from([0, 1, 2, 3, 4, 9, 10, 255]))
    old, new = structure_hashes(labels, N_CLASSES, UNIONS), structure_hashes(changed, N_CLASSES, UNIONS)
    for structure in range(1, N_CLASSES):
        could = [possible(label, structure) for label in (labels[place], changed[place])]
        assert (old[structure] == new[structure]) == (could[0] == could[1])


def possible(label, structure):
    return 2 if label == structure else int(structure in UNIONS.get(int(label), ()))


def test_empty_structures_of_other_shapes_differ():
    one, other = np.zeros((2, 3, 4), np.uint8), np.zeros((4, 3, 2), np.uint8)
    assert structure_hashes(one, 3, {}) != structure_hashes(other, 3, {})


def test_at_most_what_is_believed():
    z = np.array([[0, 2, 2, 1], [0, 2, 0, 2]], np.uint8)
    limit_z = np.array([[0, 2, 0, 0], [0, 1, 0, 2]], np.uint8)
    said = Completeness(np.array([0, 2, 0, 2], np.uint8), z)
    found = at_most(said, Completeness(np.array([0, 1, 2, 1], np.uint8), limit_z))
    assert found.volume.tolist() == [0, 1, 0, 1] and found.z.tolist() == [[0, 2, 2, 1], [0, 1, 0, 2]]
    assert at_most(said, Completeness.of_volume((), 4)).z.tolist() == [[0, 1, 1, 1], [0, 1, 0, 1]]
