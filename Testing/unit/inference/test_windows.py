import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from PartialSegLib.inference.windows import importance_map, plan_rows, start_positions


@given(patch=st.integers(1, 40), extra=st.integers(0, 200), overlap=st.sampled_from([0.0, 0.25, 0.5, 0.8]))
def test_windows_cover_every_voxel_and_overlap_enough(patch, extra, overlap):
    size = patch + extra
    starts = start_positions(size, patch, overlap)
    covered = np.zeros(size, bool)
    for start in starts:
        assert 0 <= start <= size - patch
        covered[start : start + patch] = True
    assert covered.all()
    # Rounding to whole voxels may cost one.
    assert all(b - a <= patch * (1 - overlap) + 1 for a, b in itertools.pairwise(starts))


@pytest.mark.parametrize(
    ("size", "patch", "overlap", "expected"),
    [
        (64, 64, 0.5, [0]),
        (65, 64, 0.5, [0, 1]),
        (110, 64, 0.5, [0, 23, 46]),
        # the example in the documentation of nnU-Net's compute_steps_for_sliding_window
        (123, 96, 0.5, [0, 27]),
        (167, 64, 0.5, [0, 26, 52, 77, 103]),
        (190, 96, 0.25, [0, 47, 94]),
    ],
)
def test_positions_are_those_of_nnunet(size, patch, overlap, expected):
    assert start_positions(size, patch, overlap) == expected


def test_an_axis_shorter_than_the_window_is_refused():
    with pytest.raises(ValueError, match="pad it first"):
        start_positions(10, 16, 0.5)


def test_rows_finish_every_slice_once_and_skip_air():
    rows = plan_rows((100, 40, 40), (32, 16, 16), 0.5, lambda start, stop: stop[0] <= 60 and start[2] >= 8)
    assert sum(row.final for row in rows) == 100
    assert [row.start for row in rows] == list(np.cumsum([0, *(row.final for row in rows)][:-1]))
    for row in rows:
        assert all(x >= 8 for _, x in row.corners)
        assert bool(row.corners) == (row.start + 32 <= 60)


def test_importance_is_a_gaussian_with_an_eighth_of_the_window_as_sigma():
    weights = importance_map((32, 16, 24))
    assert weights.dtype == np.float32
    assert weights[16, 8, 12] == 1 == weights.max()
    assert weights.min() > 0
    np.testing.assert_allclose(weights[16 + 4, 8, 12], np.exp(-0.5), rtol=1e-6)
    np.testing.assert_allclose(weights[16, 8 - 2, 12 + 3], np.exp(-1), rtol=1e-6)
