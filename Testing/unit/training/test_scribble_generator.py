"""Strokes: thin, inside, in the middle, one for every larger part of a region."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from partialseg_training.simulation.scribble import _ring
from partialseg_training.simulation.stroke import stroke

EIGHT = np.ones((3, 3), bool)


def blob(seed, shape=(40, 50), smooth=2.5, level=0.02):
    rng = np.random.default_rng(seed)
    return ndimage.gaussian_filter(rng.standard_normal(shape), smooth) > level


def disc(radius, shape=(41, 41)):
    rows, columns = np.indices(shape)
    return (rows - shape[0] // 2) ** 2 + (columns - shape[1] // 2) ** 2 <= radius**2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(1.0, 1.0), (0.7, 3.0), (5.0, 1.0)]))
def test_a_stroke_stays_inside_and_off_the_border_of_what_is_thick(seed, pixel):
    region = blob(seed)
    drawn = stroke(region, pixel)
    assert not (drawn & ~region).any()
    parts, count = ndimage.label(region, EIGHT)
    sizes = np.bincount(parts.ravel())[1:]
    for number in range(1, count + 1):
        part = parts == number
        line = drawn & part
        if sizes[number - 1] < 0.1 * sizes.max():
            assert not line.any()
            continue
        assert line.any() and ndimage.label(line, EIGHT)[1] == 1  # one line, unbroken
        inner = ndimage.binary_erosion(part, EIGHT)
        assert not inner.any() or (line <= inner).all()


def test_a_stroke_is_a_line_along_the_middle():
    drawn = stroke(disc(15), (1.0, 1.0))
    neighbours = ndimage.convolve(drawn.astype(int), EIGHT.astype(int), mode="constant")[drawn] - 1
    assert neighbours.max() <= 2 and (neighbours == 1).sum() == 2  # no branches, two ends
    assert 18 <= drawn.sum() <= 30
    rows, columns = np.nonzero(drawn)
    assert np.hypot(rows - 20, columns - 20).min() <= 2


def test_a_bar_is_scribbled_along_its_length_in_millimetres():
    bar = np.zeros((30, 30), bool)
    bar[5:25, 10:19] = True
    tall, flat = stroke(bar, (1.0, 1.0)), stroke(bar, (0.1, 1.0))  # 20 x 9 mm, 2 x 9 mm
    assert tall.any(axis=1).sum() >= 12 and tall.any(axis=0).sum() <= 9
    assert flat.any(axis=0).sum() >= 5 > 2
    assert set(np.nonzero(tall)[1][4:-4]) <= {13, 14, 15}


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 3)])
def test_the_smallest_regions_get_a_stroke(shape):
    region = np.zeros((12, 12), bool)
    region[: shape[0], : shape[1]] = True  # in the corner of the slice
    drawn = stroke(region, (1.0, 1.0))
    assert drawn.any() and (drawn <= region).all()
    assert not stroke(np.zeros((12, 12), bool), (1.0, 1.0)).any()
    assert stroke(np.ones((12, 12), bool), (1.0, 1.0)).any()


def test_equal_regions_get_equal_strokes():
    assert (stroke(blob(3), (1.0, 2.0)) == stroke(blob(3), (1.0, 2.0))).all()


def test_a_ring_keeps_its_distance_in_millimetres():
    region = disc(6, (61, 61))
    ring = _ring(region, 10.0, 0.0, (1.0, 2.0))
    away = ndimage.distance_transform_edt(~region, sampling=(1.0, 2.0))
    assert ring.any() and away[ring].min() > 10 and away[ring].max() <= 12
    assert 50 < away[_ring(region, 10.0, 1.0, (1.0, 2.0))].min() <= 52
    near = ndimage.distance_transform_edt(~region)
    assert near[_ring(region, 10.0, 1.0, (1.0, 1.0))].min() >= near.max() - 1  # the slice ends before 50 mm
    thick = _ring(region, 5.0, 0.0, (8.0, 1.0))  # one pixel wide where pixels are eight times as high as wide, too
    assert all(np.diff(np.flatnonzero(row)).min(initial=9) > 1 for row in thick[28:33])
    assert (_ring(region, -np.inf, 0.0, (1.0, 1.0)) <= region).all()
    assert not _ring(region & False, 10.0, 0.5, (1.0, 1.0)).any()
