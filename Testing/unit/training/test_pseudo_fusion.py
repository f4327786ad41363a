"""Class-wise fusion of predictions with what people said, and the agreement of two models."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from partialseg_training.pseudo import agreement, fuse
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness, State, candidate_sets

SHAPE, N = (3, 4, 2), 5
UNIONS = {20: (1, 2), 21: (0, 3)}
PAINTABLE = [UNPAINTED, *range(1, N), *UNIONS, PAINTED_BACKGROUND]
classes = arrays(np.uint8, SHAPE, elements=st.integers(0, N - 1))
kept_sets = st.sets(st.integers(1, N - 1))


def states(n):
    shape = N if n is None else (n, N)
    return arrays(np.uint8, shape, elements=st.sampled_from([int(state) for state in State]))


@st.composite
def annotations(draw):
    labels = draw(arrays(np.uint8, SHAPE, elements=st.sampled_from(PAINTABLE)))
    tables = [draw(st.none() | states(n)) for n in SHAPE]
    return labels, Completeness(draw(states(None)), *tables)


def said(labels, completeness):
    return candidate_sets(labels, completeness, UNIONS)


@settings(max_examples=60, deadline=None)
@given(annotations(), classes, kept_sets)
def test_what_people_said_stays_and_only_open_voxels_are_filled(annotation, prediction, kept):
    labels, completeness = annotation
    fused, record = fuse(labels, completeness, prediction, kept, UNIONS)
    painted = labels != UNPAINTED
    np.testing.assert_array_equal(fused[painted], labels[painted])
    before, after = said(labels, completeness), said(fused, record)
    assert (after & ~before == 0).all() and (after != 0).all()
    filled = fused != labels
    assert np.isin(fused[filled], list(kept)).all()
    np.testing.assert_array_equal(fused[filled], prediction[filled])


@settings(max_examples=60, deadline=None)
@given(annotations(), classes, kept_sets)
def test_class_by_class_it_is_equation_5(annotation, prediction, kept):
    labels, completeness = annotation
    fused, record = fuse(labels, completeness, prediction, kept, UNIONS)
    for value in range(1, N):
        if completeness.volume[value] == State.COMPLETE:
            np.testing.assert_array_equal(fused == value, labels == value)
        elif value in kept:
            free = (labels == UNPAINTED) & (said(labels, completeness) >> value & 1 == 1)
            np.testing.assert_array_equal(fused == value, np.where(free, prediction == value, labels == value))
        complete = value in kept or completeness.volume[value] == State.COMPLETE
        assert (record.volume[value] == State.COMPLETE) == complete
    for axis in "zyx":
        assert getattr(record, axis) is getattr(completeness, axis)


@settings(max_examples=40, deadline=None)
@given(annotations(), classes, classes, kept_sets)
def test_twice_is_once_and_nothing_kept_is_nothing_done(annotation, prediction, other, kept):
    labels, completeness = annotation
    fused, record = fuse(labels, completeness, prediction, kept, UNIONS)
    again, same = fuse(fused, record, prediction, kept, UNIONS)
    np.testing.assert_array_equal(again, fused)
    np.testing.assert_array_equal(same.volume, record.volume)
    # What is not kept plays no part.
    elsewhere = np.where(np.isin(prediction, list(kept)), prediction, np.where(np.isin(other, list(kept)), 0, other))
    np.testing.assert_array_equal(fuse(labels, completeness, elsewhere, kept, UNIONS)[0], fused)
    untouched, unchanged = fuse(labels, completeness, prediction, (), UNIONS)
    np.testing.assert_array_equal(untouched, labels)
    np.testing.assert_array_equal(unchanged.volume, completeness.volume)


def test_a_slice_that_a_person_finished_keeps_its_absences():
    labels = np.zeros((2, 2, 2), np.uint8)
    table = np.zeros((2, 3), np.uint8)
    table[0, 1] = State.COMPLETE
    record = Completeness(np.zeros(3, np.uint8), z=table)
    fused, _ = fuse(labels, record, np.ones((2, 2, 2), np.uint8), {1})
    assert (fused[0] == 0).all() and (fused[1] == 1).all()


@settings(max_examples=40, deadline=None)
@given(classes, classes)
def test_agreement_is_the_dice_coefficient(first, second):
    dsc = agreement(first, second, N)
    np.testing.assert_array_equal(dsc, agreement(second, first, N))
    for value in range(N):
        a, b = first == value, second == value
        expected = 2 * (a & b).sum() / (a.sum() + b.sum()) if a.any() or b.any() else np.nan
        assert dsc[value] == pytest.approx(expected, nan_ok=True)
    same = agreement(first, first, N)
    assert set(same[~np.isnan(same)]) == {1.0}
