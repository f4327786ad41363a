"""The shipped mappings, and candidate sets made from label maps with them."""

import numpy as np
import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.mappings import BLOCK, Mapping, apply_mapping, load_mapping, mapping_names

# Source value -> our values, written down again here on purpose: a slip in the data shows.
PUBLISHED = {
    "amos": {i: (i,) for i in range(1, 16)},
    "amos_mr": {i: (i,) for i in range(1, 16)},
    "btcv": dict(enumerate([(1,), (2,), (3,), (4,), (5,), (6,), (7,), (8,), (9,), (16,), (10,), (11,), (12,)], 1)),
    "flare22": dict(enumerate([(6,), (2,), (1,), (10,), (8,), (9,), (11,), (12,), (4,), (5,), (7,), (13,), (3,)], 1)),
    "abdomenct1k": {1: (6,), 2: (2, 3), 3: (1,), 4: (10,)},
    "nih_pancreas": {1: (10,)},
    "word": dict(
        enumerate(
            [(6,), (1,), (3,), (2,), (7,), (4,), (5,), (10,), (13,), (0,), (0,), (11, 12), (0,), (14,), (0,), (0,)], 1
        )
    ),
    "chaos_mr": {
        value: target
        for values, target in [
            (range(55, 71), (6,)),
            (range(110, 136), (2,)),
            (range(175, 201), (3,)),
            (range(240, 256), (1,)),
        ]
        for value in values
    },
    "totalsegmentator_v2": {i: (0,) for i in range(1, 118)}
    | {1: (1,), 2: (2,), 3: (3,), 4: (4,), 5: (6,), 6: (7,), 7: (10,), 8: (11,), 9: (12,), 15: (5,), 19: (13,)}
    | {21: (14,), 22: (15,), 23: (0, 3), 24: (0, 2), 52: (8,), 63: (9,), 64: (16,)},
}
UNKNOWN_IN = {
    "amos": {16},
    "amos_mr": {14, 15, 16},
    "btcv": {13, 14, 15},
    "flare22": {14, 15, 16},
    "abdomenct1k": set(range(1, 17)) - {1, 2, 3, 6, 10},
    "nih_pancreas": set(range(1, 17)) - {10},
    "word": {8, 9, 15, 16},
    "chaos_mr": set(range(1, 17)) - {1, 2, 3, 6},
    "totalsegmentator_v2": {15},
}


@pytest.fixture(params=mapping_names())
def mapping(request: pytest.FixtureRequest) -> Mapping:
    return load_mapping(request.param)


def classes(bits: int) -> set[int]:
    return {c for c in range(32) if bits >> c & 1}


def test_every_mapping_is_checked_here() -> None:
    assert mapping_names() == sorted(PUBLISHED) == sorted(UNKNOWN_IN)


def test_values_are_the_published_ones(mapping: Mapping) -> None:
    assert mapping.targets == PUBLISHED[mapping.name]
    assert mapping.target.name == "abdomen16"


def test_annotated_and_unknown_structures_together_are_all_of_them(mapping: Mapping) -> None:
    assert mapping.annotated == tuple(sorted(set(range(1, 17)) - UNKNOWN_IN[mapping.name]))
    assert mapping.unlisted == (0, *sorted(UNKNOWN_IN[mapping.name]))


def test_every_annotated_structure_has_a_label(mapping: Mapping) -> None:
    assert set(mapping.annotated) <= {value for targets in mapping.targets.values() for value in targets}


def test_source_and_title_are_given(mapping: Mapping) -> None:
    assert mapping.title and all(mapping.source)


def test_left_never_maps_to_right(mapping: Mapping) -> None:
    for value, name in mapping.names.items():
        words = set(name.lower().replace("_", " ").split())
        names = [mapping.target.by_value(t).name for t in mapping.targets[value] if t]
        if words & {"left", "l"}:
            assert not any("right" in n for n in names), name
        if words & {"right", "r"}:
            assert not any("left" in n for n in names), name


def test_a_structure_with_sides_maps_to_its_side_or_to_both(mapping: Mapping) -> None:
    pair_of = {value: pair for pair in mapping.target.pairs for value in pair}
    for value, targets in mapping.targets.items():
        for target in filter(pair_of.get, targets):
            named = {"left", "right"} & set(mapping.names[value].replace("_", " ").split())
            assert named or set(pair_of[target]) <= set(targets)


def test_union_in_word_keeps_both_sides() -> None:
    candidates = apply_mapping(np.array([[[12, 10, 3, 0]]], np.uint8), load_mapping("word"))
    assert [classes(int(c)) for c in candidates.ravel()] == [{11, 12}, {0}, {3}, {0, 8, 9, 15, 16}]


def test_unlabelled_voxel_of_a_merged_structure_is_neither_side() -> None:
    background = classes(int(apply_mapping(np.zeros(1, np.uint8), load_mapping("abdomenct1k"))[0]))
    assert {2, 3}.isdisjoint(background) and 0 in background


def test_value_ranges_include_both_ends_and_nothing_more() -> None:
    chaos = load_mapping("chaos_mr")
    inside = apply_mapping(np.array([55, 63, 70, 110, 126, 135, 175, 189, 200, 240, 252, 255], np.uint8), chaos)
    assert [classes(int(c)) for c in inside] == [{6}] * 3 + [{2}] * 3 + [{3}] * 3 + [{1}] * 3
    outside = apply_mapping(np.array([0, 1, 54, 71, 109, 136, 174, 201, 239, 256, 1000], np.int16), chaos)
    assert {frozenset(classes(int(c))) for c in outside} == {frozenset(chaos.unlisted)}


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i2", "bool"]
)
def test_every_integer_type_and_every_stray_value(dtype: str, mapping: Mapping) -> None:
    limits = np.iinfo(dtype) if dtype != "bool" else None
    values = [0, 1] if limits is None else [limits.min, *range(127), limits.max - 1, limits.max]
    candidates = apply_mapping(np.array(values, dtype), mapping)
    expected = [mapping.targets.get(int(value), mapping.unlisted) for value in values]
    assert [tuple(sorted(classes(int(c)))) for c in candidates] == expected


def test_agrees_with_a_plain_loop_and_keeps_the_shape_of_a_view(mapping: Mapping) -> None:
    volume = np.random.default_rng(0).integers(-3, 300, (7, 6, 5), dtype=np.int16)[::-1, :, ::2].transpose(2, 0, 1)
    candidates = apply_mapping(volume, mapping)
    assert candidates.dtype == np.uint32 and candidates.shape == volume.shape
    for index in np.ndindex(volume.shape):
        allowed = mapping.targets.get(int(volume[index]), mapping.unlisted)
        assert candidates[index] == sum(1 << c for c in allowed)


def test_more_voxels_than_one_block() -> None:
    labels = np.arange(BLOCK + 7, dtype=np.int32) % 14
    candidates = apply_mapping(labels, load_mapping("btcv"))
    assert np.array_equal(candidates, candidates[:14][labels])
    assert classes(int(candidates[10])) == {16}


def test_empty_label_map() -> None:
    assert apply_mapping(np.zeros((0, 4, 4), np.uint8), load_mapping("btcv")).shape == (0, 4, 4)


def test_the_input_is_left_alone() -> None:
    labels = np.array([1, 2, 3], np.uint8)
    apply_mapping(labels, load_mapping("btcv"))
    assert labels.tolist() == [1, 2, 3]


@pytest.mark.parametrize("dtype", ["float32", "complex64", "U1"])
def test_labels_that_are_no_integers_are_refused(dtype: str) -> None:
    with pytest.raises(UserError, match="whole numbers"):
        apply_mapping(np.zeros(3, dtype), load_mapping("btcv"))
