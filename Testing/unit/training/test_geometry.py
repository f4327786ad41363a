"""Where patches come from, in space or only in the planes across one axis."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from partialseg_training.data.augment import AugmentConfig
from partialseg_training.data.geometry import read_points, rotation, sampling_grid, whole_slice

NONE = AugmentConfig(rotation=0, scale=0, elastic=0, intensity=0, noise=0, low_resolution=0)
PATCH = (6, 8, 10)
seeds = st.integers(0, 10_000)
quick = settings(max_examples=40, deadline=None)


def volume(shape=(20, 21, 22), seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@quick
@given(angles=st.tuples(*[st.floats(-3.2, 3.2)] * 3))
def test_rotations_neither_stretch_nor_mirror(angles):
    matrix = rotation(np.array(angles))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_a_turn_about_the_foot_head_axis_leaves_it_alone():
    z, y, x = rotation(np.radians([90, 0, 0])) @ np.diag([1, 2, 3])
    np.testing.assert_allclose([z, y, x], [[1, 0, 0], [0, 0, -3], [0, 2, 0]], atol=1e-12)


def test_without_augmentation_the_patch_is_the_crop():
    data = volume()
    grid = sampling_grid(PATCH, (3.0, 2.0, 1.5), NONE, 0.0, np.random.default_rng(0))
    corner = np.array([5, 4, 3])
    points = corner + (np.array(PATCH) - 1) / 2 + grid
    box = tuple(slice(a, a + n) for a, n in zip(corner, PATCH, strict=True))
    image, labels = read_points([(data, "bilinear"), ((data * 17).astype(np.uint8), "nearest")], points)
    np.testing.assert_allclose(image, data[box], atol=1e-5)
    np.testing.assert_array_equal(labels, (data[box] * 17).astype(np.uint8))


def test_points_between_voxels_are_interpolated_and_those_outside_give_zero():
    data = volume() + 1
    inside = np.random.default_rng(1).uniform(0, np.array(data.shape) - 1, (4, 4, 4, 3))
    (image,) = read_points([(data, "bilinear")], inside)
    expected = ndimage.map_coordinates(data, inside.reshape(-1, 3).T, order=1).reshape(4, 4, 4)
    np.testing.assert_allclose(image, expected, atol=1e-4)
    for away in ((30, 0, 0), (0, -30, 0), (-30, 40, 25)):
        outside = inside + np.array(away)
        image, labels = read_points([(data, "bilinear"), (data.astype(np.uint8), "nearest")], outside)
        assert not image.any() and not labels.any()


def test_half_a_voxel_decides_between_inside_and_outside():
    data = np.ones((5, 5, 5), np.uint8)
    line = np.full((1, 1, 6, 3), 2.0)
    line[0, 0, :, 0] = [-0.6, -0.4, 0, 4, 4.4, 4.6]
    (labels,) = read_points([(data, "nearest")], line)
    assert labels.ravel().tolist() == [0, 1, 1, 1, 1, 0]


@quick
@given(seed=seeds, spacing=st.tuples(*[st.floats(0.7, 6)] * 3))
def test_turns_are_turns_in_the_patient(seed, spacing):
    """In mm, all distances within a patch stay as they were, however anisotropic the voxels are."""
    turned = replace(NONE, rotation=40)
    grid = sampling_grid(PATCH, spacing, turned, 0.0, np.random.default_rng(seed))
    straight = sampling_grid(PATCH, spacing, NONE, 0.0, np.random.default_rng(seed))
    mm = np.array(spacing)
    np.testing.assert_allclose(
        np.linalg.norm(grid * mm, axis=-1), np.linalg.norm(straight * mm, axis=-1), rtol=1e-4, atol=1e-4
    )
    assert not np.allclose(grid, straight, atol=1e-3)


@quick
@given(seed=seeds, scale=st.floats(0, 0.69))
def test_scaling_stays_within_its_limits(seed, scale):
    grid = sampling_grid(PATCH, (3.0, 2.0, 1.0), replace(NONE, scale=scale), 0.0, np.random.default_rng(seed))
    for axis, n in enumerate(PATCH):
        length = np.ptp(grid[..., axis]) / (n - 1)
        assert 1 - scale * 4 / 3 - 1e-5 <= length <= 1 + scale * 4 / 3 + 1e-5
        assert length > 0


@quick
@given(seed=seeds)
def test_left_and_right_never_change_sides(seed):
    """Neither turns, scaling nor bending make a patch its mirror image: its local volume stays positive."""
    config = AugmentConfig()
    patch, spacing = (16, 24, 24), (3.0, 2.0, 2.0)
    grid = sampling_grid(patch, spacing, config, config.elastic, np.random.default_rng(seed))
    assert (np.diff(grid[..., 2].mean((0, 1))) > 0).all()
    linear = sampling_grid(patch, spacing, config, 0.0, np.random.default_rng(seed))
    steps = np.stack([linear[step] - linear[0, 0, 0] for step in ((1, 0, 0), (0, 1, 0), (0, 0, 1))])
    assert np.linalg.det(steps) > 0


def test_bending_has_the_stated_strength_in_mm():
    spacing = (4.0, 2.0, 1.0)
    moved = [sampling_grid((5, 5, 5), spacing, NONE, 6.0, np.random.default_rng(seed)) for seed in range(40)]
    straight = sampling_grid((5, 5, 5), spacing, NONE, 0.0, np.random.default_rng(0))
    deviation = ((np.stack(moved) - straight) * np.array(spacing)).reshape(-1, 3).std(0)
    np.testing.assert_allclose(deviation, 6.0, rtol=0.05)


def test_bending_is_linear_between_its_nodes():
    """Five nodes along each axis, the outer ones in the patch's corners: here every second voxel is one."""
    straight = sampling_grid((9, 9, 9), (1, 1, 1), NONE, 0.0, np.random.default_rng(0))
    bend = sampling_grid((9, 9, 9), (1, 1, 1), NONE, 6.0, np.random.default_rng(0)) - straight
    for axis in range(3):
        along = np.moveaxis(bend, axis, 0)
        np.testing.assert_allclose(along[1::2], (along[:-1:2] + along[2::2]) / 2, atol=1e-5)
        assert np.abs(along[2] - (along[0] + along[4]) / 2).max() > 1


@quick
@given(seed=seeds, across=st.integers(0, 2), n=st.tuples(*[st.integers(1, 9)] * 3))
def test_planes_across_a_fixed_axis_stay_whole(seed, across, n):
    """They are moved in themselves alone, and with the right centre each falls on one slice of the volume."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(-5, 30, 3)
    nearest = whole_slice(centre[across], n[across])
    assert abs(nearest - centre[across]) <= 0.5
    centre[across] = nearest
    grid = sampling_grid(n, (3.0, 2.0, 1.5), AugmentConfig(), 6.0, rng, across)
    along = np.moveaxis((centre + grid)[..., across], across, 0)
    np.testing.assert_array_equal(along, along[:, :1, :1] + np.zeros_like(along))
    np.testing.assert_array_equal(along, np.round(along))
    np.testing.assert_array_equal(np.diff(along, axis=0), 1)


@pytest.mark.parametrize("across", [0, 1, 2])
def test_in_the_planes_patches_are_turned_scaled_and_bent(across):
    spacing = (3.0, 2.0, 1.5)
    straight = sampling_grid(PATCH, spacing, NONE, 0.0, np.random.default_rng(0), across)
    for config, elastic in ((replace(NONE, rotation=20), 0.0), (replace(NONE, scale=0.2), 0.0), (NONE, 6.0)):
        changed = sampling_grid(PATCH, spacing, config, elastic, np.random.default_rng(0), across)
        for axis in range(3):
            assert (np.abs(changed - straight)[..., axis].max() > 0.05) == (axis != across)


def test_a_turn_in_the_planes_keeps_distances_in_mm():
    mm = np.array([4.0, 2.0, 1.0])
    for across in range(3):
        grids = [
            sampling_grid(PATCH, tuple(mm), config, 0.0, np.random.default_rng(5), across) * mm
            for config in (NONE, replace(NONE, rotation=40))
        ]
        straight, turned = (np.linalg.norm(grid, axis=-1) for grid in grids)
        np.testing.assert_allclose(straight, turned, rtol=1e-4)
