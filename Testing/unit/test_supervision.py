"""Candidate sets: unknown, background and known absent stay three different things."""

import numpy as np
import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.supervision import PAINTED_BACKGROUND, Completeness, State, candidate_sets, everything

N = 4  # background and three structures
ALL = everything(N)


def bits(*classes: int) -> int:
    return sum(1 << c for c in classes)


def empty(shape: tuple[int, int, int] = (2, 3, 4)) -> np.ndarray:
    return np.zeros(shape, np.uint8)


def nothing() -> np.ndarray:
    return np.zeros(N, np.uint8)


def test_nothing_said_means_no_supervision() -> None:
    assert (candidate_sets(empty(), Completeness(nothing())) == ALL).all()


def test_in_part_declares_nothing() -> None:
    record = Completeness(np.full(N, State.IN_PART, np.uint8), z=np.full((2, N), State.IN_PART, np.uint8))
    assert (candidate_sets(empty(), record) == ALL).all()


def test_painted_voxels_are_sure_whatever_is_declared() -> None:
    labels = empty()
    labels[0, 0, :3] = 2, PAINTED_BACKGROUND, 3
    sets = candidate_sets(labels, Completeness.of_volume([1], N))
    assert sets[0, 0].tolist() == [bits(2), bits(0), bits(3), bits(0, 2, 3)]


def test_known_absent_differs_from_unknown_and_from_background() -> None:
    known_absent = candidate_sets(empty(), Completeness.of_volume([2], N))
    background = candidate_sets(empty(), Completeness.of_volume([1, 2, 3], N))
    assert (known_absent == bits(0, 1, 3)).all()
    assert (background == bits(0)).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_record_reaches_its_slice_only(axis: int) -> None:
    table = np.zeros((empty().shape[axis], N), np.uint8)
    table[1, [1, 3]] = State.COMPLETE
    sets = candidate_sets(empty(), Completeness(nothing(), **{"zyx"[axis]: table}))
    assert (np.take(sets, 1, axis) == bits(0, 2)).all()
    assert (np.delete(sets, 1, axis) == ALL).all()


def test_crossing_slices_intersect() -> None:
    z, x = np.zeros((2, N), np.uint8), np.zeros((4, N), np.uint8)
    z[0, 1] = x[3, 2] = State.COMPLETE
    sets = candidate_sets(empty(), Completeness(nothing(), z=z, x=x))
    assert sets[0, 0, 3] == bits(0, 3)
    assert sets[0, 0, 0] == bits(0, 2, 3)
    assert sets[1, 0, 3] == bits(0, 1, 3)
    assert sets[1, 0, 0] == ALL


def test_a_union_keeps_both_sides_even_where_one_is_complete() -> None:
    labels = empty()
    labels[0, 0, 0] = 200
    sets = candidate_sets(labels, Completeness.of_volume([1], N), unions={200: (1, 2)})
    assert sets[0, 0, 0] == bits(1, 2)


def test_every_voxel_keeps_a_candidate() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        labels = rng.choice([0, 1, 2, 3, PAINTED_BACKGROUND], (3, 4, 5)).astype(np.uint8)
        volume, z, y, x = (rng.integers(0, 3, shape).astype(np.uint8) for shape in [(N,), (3, N), (4, N), (5, N)])
        record = Completeness(volume, z, y, x)
        assert (candidate_sets(labels, record) > 0).all()


def test_declaring_more_never_adds_candidates() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, N, (3, 4, 5)).astype(np.uint8)
    table = rng.integers(0, 3, (3, N)).astype(np.uint8)
    more = np.where(rng.random(table.shape) < 0.3, np.uint8(State.COMPLETE), table)
    before = candidate_sets(labels, Completeness(nothing(), z=table))
    after = candidate_sets(labels, Completeness(nothing(), z=more))
    assert ((after & ~before) == 0).all()


def test_the_record_is_not_changed() -> None:
    record = Completeness.of_volume([1], N)
    record.volume[0] = State.COMPLETE
    candidate_sets(empty(), record)
    assert record.volume[0] == State.COMPLETE


def test_labels_without_a_meaning_are_refused() -> None:
    labels = empty()
    labels[0, 0, 0] = 77
    with pytest.raises(UserError, match="label 77 stands for no structure"):
        candidate_sets(labels, Completeness(nothing()))


def test_a_record_of_another_volume_is_refused() -> None:
    with pytest.raises(UserError, match="axis y has 7 slices, the volume 3"):
        candidate_sets(empty(), Completeness(nothing(), y=np.zeros((7, N), np.uint8)))
