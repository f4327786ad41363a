"""Labels and record on another grid: no voxel gains certainty, and what was said is not lost without need."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import N_CLASSES, UNIONS, annotated, shapes

from PartialSegLib.annotation import resample_annotation
from PartialSegLib.preprocessing import resample_labels
from PartialSegLib.supervision import Completeness, State, candidate_sets, everything

NOTHING = np.zeros(N_CLASSES, np.uint8)


def table(n, slices):
    """(n, C): structures complete in slices, from {slice: structures}."""
    result = np.zeros((n, N_CLASSES), np.uint8)
    for index, structures in slices.items():
        result[index, structures] = State.COMPLETE
    return result


def overlapping(n, m):
    """(m, n) bool: source cells of which some part lies in each target cell."""
    source, target = np.arange(n), np.arange(m)
    low = np.maximum(source[None] * m, target[:, None] * n)
    high = np.minimum((source[None] + 1) * m, (target[:, None] + 1) * n)
    return low < high


@settings(max_examples=300, deadline=None)
@given(annotated(), shapes)
def test_no_voxel_gains_certainty(case, shape):
    """What is known of a target voxel is known of a source voxel that it shares some space with."""
    labels, record = case
    before = candidate_sets(labels, record, UNIONS)
    after = candidate_sets(*resample_annotation(labels, record, shape, UNIONS), UNIONS)
    near = [overlapping(n, m) for n, m in zip(labels.shape, shape, strict=True)]
    for voxel in product(*map(range, shape)):
        sources = before[np.ix_(*(np.flatnonzero(rows[i]) for rows, i in zip(near, voxel, strict=True)))]
        assert ((sources & ~after[voxel]) == 0).any()


@given(annotated())
def test_the_same_grid_changes_nothing(case):
    labels, record = case
    again, after = resample_annotation(labels, record, labels.shape, UNIONS)
    np.testing.assert_array_equal(candidate_sets(again, after, UNIONS), candidate_sets(labels, record, UNIONS))


@given(shapes, shapes, st.integers(0, 2**32 - 1))
def test_volumes_that_are_complete_are_resampled_to_the_nearest(source, target, seed):
    labels = np.random.default_rng(seed).integers(0, N_CLASSES, source).astype(np.uint8)
    record = Completeness.of_volume([1, 2, 3, 4], N_CLASSES)
    again, after = resample_annotation(labels, record, target)
    np.testing.assert_array_equal(again, resample_labels(labels, target))
    np.testing.assert_array_equal(after.volume, record.volume)
    assert after.z is after.y is after.x is None


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_a_complete_slice_stays_where_it_was(n, m, data):
    """One annotated slice is complete in just the target slice at its place, with its own labels.

    The outer halves of the first and last slice, where images are extrapolated, go with them.
    """
    s = data.draw(st.integers(0, n - 1))
    labels = np.random.default_rng(n * m).integers(1, N_CLASSES, (n, 4, 4)).astype(np.uint8)
    labels[np.arange(n) != s] = 0
    again, after = resample_annotation(labels, Completeness(NOTHING, z=table(n, {s: [1, 2, 3, 4]})), (m, 4, 4))
    found = (after.z == State.COMPLETE).any(1)
    distance = np.abs(np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1) - s)
    here = (distance == 0) | (np.arange(m) == int((s + 0.5) * m / n))
    assert distance[found].max() <= 0.5 * n / m + 1e-9
    np.testing.assert_array_equal(found, here)
    assert (again[found] == labels[s]).all() and (again[~found] == 0).all()


def test_thinner_slices_between_two_complete_ones_are_complete():
    labels = np.ones((4, 2, 2), np.uint8)
    record = Completeness(NOTHING, z=table(4, {1: [1, 2], 2: [1]}))
    again, after = resample_annotation(labels, record, (12, 2, 2))
    complete = after.z == State.COMPLETE
    # Centres of slices 1 and 2 are those of target slices 4 and 7; what lies between is bracketed by both.
    assert np.flatnonzero(complete[:, 1]).tolist() == [4, 5, 6, 7]
    assert np.flatnonzero(complete[:, 2]).tolist() == [4]
    # Beside the last complete slice nothing says where structure 1 is not, so nothing says where it is.
    assert (again[:, 0, 0] == [1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1]).all()


def test_of_two_slices_in_one_target_slice_the_one_that_says_more_wins():
    labels = np.zeros((4, 1, 1), np.uint8)
    labels[:, 0, 0] = [3, 1, 2, 3]
    for slices, label, structures in (
        ({1: [1], 2: [1, 2]}, 2, [1, 2]),
        ({0: [1, 2, 3], 2: [1]}, 3, [1, 2, 3]),
        ({3: [3]}, 3, [3]),
    ):
        again, after = resample_annotation(labels, Completeness(NOTHING, z=table(4, slices)), (1, 1, 1))
        assert again.tolist() == [[[label]]]
        assert np.flatnonzero(after.z[0] == State.COMPLETE).tolist() == structures


@pytest.mark.parametrize(
    ("voxels", "structures", "label"),
    [
        ([0, 1, 0, 0], [], 1),  # a scribble survives
        ([0, 255, 0, 0], [], 255),
        ([0, 9, 0, 9], [], 9),
        ([0, 1, 2, 0], [], 0),  # disagreement
        ([1, 1, 255, 0], [], 0),
        ([0, 9, 1, 0], [], 0),
        ([1, 0, 0, 0], [2], 1),  # 2 is known not to be there, 1 is unknown
        ([1, 0, 0, 0], [1], 0),  # the voxel that stands for the others is known not to be 1
        ([0, 0, 1, 0], [1], 1),
        ([0, 9, 0, 0], [2], 0),
    ],
)
def test_scribbles_where_voxels_get_larger(voxels, structures, label):
    record = Completeness.of_volume(structures, N_CLASSES)
    labels = np.array(voxels, np.uint8).reshape(1, 1, 4)
    again, _ = resample_annotation(labels, record, (1, 1, 1), UNIONS)
    assert again.tolist() == [[[label]]]


def test_a_scribble_does_not_outweigh_a_slice_that_says_otherwise():
    labels = np.array([0, 0, 0, 1], np.uint8).reshape(4, 1, 1)
    for structures, label in (([1], 0), ([2], 1)):
        again, after = resample_annotation(labels, Completeness(NOTHING, z=table(4, {1: structures})), (1, 1, 1))
        assert again.tolist() == [[[label]]]
        assert np.flatnonzero(after.z[0]).tolist() == structures
    # Nor one whose labels were not taken, because another slice says more.
    labels[3] = 3
    again, after = resample_annotation(labels, Completeness(NOTHING, z=table(4, {1: [1, 2], 2: [3]})), (1, 1, 1))
    assert again.tolist() == [[[0]]] and np.flatnonzero(after.z[0]).tolist() == [1, 2]


def test_no_painted_voxel_is_lost_where_scribbles_are_sparse():
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[1, 2, 3], labels[6, 6, 0], labels[4, 1, 7] = 1, 2, 255
    again, _ = resample_annotation(labels, Completeness(NOTHING), (2, 2, 2))
    assert sorted(again[again > 0].tolist()) == [1, 2, 255]
    assert (again[0, 0, 0], again[1, 1, 0], again[1, 0, 1]) == (1, 2, 255)


def test_crossing_slices_keep_their_own_records():
    labels = np.ones((6, 6, 6), np.uint8)
    record = Completeness(NOTHING, z=table(6, {2: [1]}), x=table(6, {5: [2]}))
    again, after = resample_annotation(labels, record, (3, 3, 3))
    sets = candidate_sets(again, after)
    assert np.flatnonzero(after.z[:, 1]).tolist() == [1] and np.flatnonzero(after.x[:, 2]).tolist() == [2]
    assert after.y is None
    # In the axial slice the ones belong to a complete structure; elsewhere they are scribbles.
    assert (sets[1] == 1 << 1).all()
    assert (sets != everything(N_CLASSES)).any()
