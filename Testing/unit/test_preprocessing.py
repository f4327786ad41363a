"""From a volume to the network's grid: where every voxel comes from, and which intensity it gets."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, lps_spacing
from PartialSegLib.preprocessing import Preprocessing, resample, resample_labels, triangle_filter

quick = settings(max_examples=40, deadline=None)
shapes = st.tuples(*[st.integers(1, 14)] * 3)
# Turned by about 20 degrees about one axis and 10 about another.
OBLIQUE = np.array([[0.94, -0.34, 0], [0.34, 0.94, 0], [0, 0, 1]]) @ np.array(
    [[1, 0, 0], [0, 0.985, -0.174], [0, 0.174, 0.985]]
)


def volume(array, spacing=(2.0, 2.0, 2.0), direction=None, origin=(0.0, 0.0, 0.0)):
    return Volume(np.asarray(array), spacing, origin, np.eye(3) if direction is None else direction)


def directions():
    """All 48 ways to store a volume along the patient's axes."""
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            yield np.eye(3)[:, order] * signs


@quick
@given(shape=shapes, target=shapes, level=st.floats(-1000, 3000))
def test_a_constant_stays_constant(shape, target, level):
    resampled = resample(np.full(shape, level, np.float32), target)
    assert resampled.shape == target and resampled.dtype == np.float32
    np.testing.assert_allclose(resampled, np.float32(level), rtol=1e-5, atol=1e-3)


@quick
@given(n=st.integers(1, 60), m=st.integers(1, 60))
def test_every_output_voxel_is_a_mean_of_input_voxels(n, m):
    weights = triangle_filter(n, m)
    assert weights.shape == (m, n) and weights.min() >= 0
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-6)  # both ends are treated alike
    if n == m:
        np.testing.assert_allclose(weights, np.eye(n), atol=1e-6)


@quick
@given(n=st.integers(1, 40), m=st.integers(1, 40))
def test_no_input_voxel_is_skipped_where_voxels_get_larger(n, m):
    """Aliasing would let a thin vessel vanish or not by chance."""
    assert (triangle_filter(n, m).sum(0) > 0).all()


@quick
@given(n=st.integers(6, 60), m=st.integers(4, 60), axis=st.integers(0, 2))
def test_a_ramp_keeps_its_place(n, m, axis):
    """Half-pixel mapping: output voxel i shows the position (i + 0.5) n / m - 0.5; at the ends the ramp is cut off."""
    shape, target = [2, 2, 2], [2, 2, 2]
    shape[axis], target[axis] = n, m
    ramp = np.broadcast_to(np.arange(n, dtype=np.float32).reshape([-1 if a == axis else 1 for a in range(3)]), shape)
    line = np.moveaxis(resample(ramp, target), axis, 0)[:, 0, 0]
    expected = (np.arange(m) + 0.5) * n / m - 0.5
    reach = max(n / m, 1)
    inner = (expected >= reach - 1) & (expected <= n - reach)
    tolerance = (
        1e-4 if n <= m or n % m == 0 else 0.075 * n / m
    )  # a triangle sampled at whole voxels is a little lopsided
    assert inner.any()
    np.testing.assert_allclose(line[inner], expected[inner], atol=tolerance)
    assert (np.diff(line) > -1e-4).all()


@quick
@given(shape=shapes, factors=st.tuples(*[st.floats(1, 4)] * 3), seed=st.integers(0, 99))
def test_enlarging_is_trilinear_interpolation(shape, factors, seed):
    import torch

    target = tuple(max(n, round(n * f)) for n, f in zip(shape, factors, strict=True))
    array = np.random.default_rng(seed).standard_normal(shape, np.float32)
    tensor = torch.from_numpy(array)[None, None]
    expected = torch.nn.functional.interpolate(tensor, target, mode="trilinear", align_corners=False)[0, 0].numpy()
    np.testing.assert_allclose(resample(array, target), expected, atol=1e-5)


def test_halving_is_the_weighted_mean_of_four_voxels():
    line = np.random.default_rng(0).random(12).astype(np.float32)
    halved = resample(line.reshape(1, 1, -1), (1, 1, 6)).ravel()
    expected = [line[2 * i - 1 : 2 * i + 3] @ [0.125, 0.375, 0.375, 0.125] for i in range(1, 5)]
    np.testing.assert_allclose(halved[1:5], expected, atol=1e-6)


@quick
@given(shape=shapes, target=shapes, seed=st.integers(0, 99))
def test_there_and_back_has_the_shape_and_range_of_the_start(shape, target, seed):
    array = np.random.default_rng(seed).random(shape, np.float32)
    back = resample(resample(array, target), shape)
    assert back.shape == shape
    assert array.min() - 1e-5 <= back.min() and back.max() <= array.max() + 1e-5


def test_views_and_whole_numbers_are_resampled_like_copies():
    array = np.random.default_rng(0).integers(-1000, 1000, (6, 7, 8)).astype(np.int16)
    turned = array.transpose(2, 0, 1)[::-1]
    np.testing.assert_array_equal(resample(turned, (4, 9, 3)), resample(turned.astype(np.float32).copy(), (4, 9, 3)))


@quick
@given(shape=shapes, target=shapes, seed=st.integers(0, 99))
def test_labels_are_never_invented(shape, target, seed):
    labels = np.random.default_rng(seed).choice(np.array([0, 2, 16, 200], np.uint8), shape)
    resampled = resample_labels(labels, target)
    assert resampled.shape == target and resampled.dtype == labels.dtype
    assert set(np.unique(resampled)) <= set(np.unique(labels))


@quick
@given(n=st.integers(1, 40), m=st.integers(1, 40))
def test_labels_come_from_the_nearest_voxel(n, m):
    positions = resample_labels(np.arange(n).reshape(-1, 1, 1), (m, 1, 1)).ravel()
    assert np.abs(positions - ((np.arange(m) + 0.5) * n / m - 0.5)).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("direction", [*directions(), OBLIQUE, -OBLIQUE[:, [2, 0, 1]]])
def test_every_voxel_stays_where_it_is_in_the_patient(direction):
    """The intensity here is a linear function of the position in mm, so that each prepared voxel tells its place."""
    shape, spacing = (16, 18, 20), (2.0, 3.0, 1.5)
    source = volume(np.zeros(shape), spacing, direction, (-30.0, 12.0, 55.0))
    k, j, i = np.indices(shape)
    world = source.world(np.stack([i, j, k], -1).reshape(-1, 3)).reshape(*shape, 3)
    slopes = np.array([1.0, 3.0, 7.0])
    preprocessing = Preprocessing(spacing=(1.0, 2.5, 3.0), ct_window=(-2000.0, 2000.0))
    prepared = preprocessing.apply(source.like((world @ slopes).astype(np.float32)), "ct")
    told = prepared.array * 4000 - 2000

    places = [preprocessing.apply(source.like(world[..., axis]), "ct").array * 4000 - 2000 for axis in range(3)]
    inner = (slice(2, -2),) * 3
    np.testing.assert_allclose(told[inner], (np.stack(places, -1) @ slopes)[inner], atol=0.05)
    # Axes run to superior, posterior and left, one network voxel at a time, also in an oblique volume.
    for axis, (towards, step) in enumerate(((2, 3.0), (1, 2.5), (0, 1.0))):
        moved = np.diff(places[towards], axis=axis)[inner]
        assert (moved > 0).all()
        if (np.abs(direction).max(0) == 1).all():
            extent = prepared.source_shape[axis] * lps_spacing(source)[2 - axis]
            assert told.shape[axis] == round(extent / step)
            assert moved.mean() == pytest.approx(extent / told.shape[axis], rel=0.03)
    # The grid's middle is the volume's middle.
    middle = source.world((np.array(shape[::-1]) - 1) / 2)
    np.testing.assert_allclose([place.mean() for place in places], middle, atol=0.2)


def test_undo_leads_back_to_the_volumes_own_axes():
    for direction in directions():
        source = volume(np.arange(120, dtype=np.float32).reshape(4, 5, 6), (2.0, 3.0, 1.5), direction)
        prepared = Preprocessing(spacing=(1.0, 1.0, 1.0)).apply(source, "ct")
        assert prepared.undo(np.zeros(prepared.source_shape)).shape == source.array.shape


def test_grid_shape_keeps_the_physical_extent():
    preprocessing = Preprocessing(spacing=(2.0, 2.0, 3.0))
    assert preprocessing.grid_shape((100, 512, 256), (0.8, 0.7, 5.0)) == (167, 179, 102)
    assert preprocessing.grid_shape((1, 1, 1), (0.1, 0.1, 0.1)) == (1, 1, 1)


@pytest.mark.parametrize("shape", [(1, 6, 7), (6, 1, 7), (6, 7, 1), (1, 1, 1)])
@pytest.mark.parametrize("modality", ["ct", "mr"])
def test_axes_of_a_single_voxel(shape, modality):
    array = np.random.default_rng(0).integers(1, 400, shape).astype(np.int16)
    prepared = Preprocessing(spacing=(1.0, 1.0, 1.0)).apply(volume(array), modality)
    assert prepared.array.shape == tuple(2 * n for n in shape) and np.isfinite(prepared.array).all()


def test_the_ends_of_the_ct_window_are_0_and_1():
    hu = np.array([-1024, -400, -399, 0, 399, 400, 3000], np.int16).reshape(1, 1, -1)
    prepared = Preprocessing().apply(volume(hu), "ct").array
    np.testing.assert_allclose(prepared.ravel(), [0, 0, 1 / 800, 0.5, 799 / 800, 1, 1], atol=1e-6)
    assert prepared.dtype == np.float32


def test_an_offset_is_added_first():
    stored = np.array([624, 1024, 1424], np.uint16).reshape(1, 1, -1)
    prepared = Preprocessing().apply(volume(stored), "ct", offset=-1024).array
    np.testing.assert_allclose(prepared.ravel(), [0, 0.5, 1], atol=1e-6)


def test_mr_percentiles_are_those_of_the_foreground():
    values = np.concatenate([np.zeros(5000), np.arange(1, 1001)]).astype(np.float32)
    prepared = Preprocessing(mr_percentiles=(10.0, 90.0)).apply(volume(values.reshape(1, 60, 100)), "mr").array.ravel()
    low, high = np.percentile(np.arange(1, 1001), (10, 90))
    np.testing.assert_allclose(prepared, np.clip((values - low) / (high - low), 0, 1), atol=1e-5)
    assert prepared.min() == 0 and prepared.max() == 1


def test_mr_intensities_may_have_any_scale():
    array = np.random.default_rng(0).random((6, 7, 8), np.float32)
    one, other = (Preprocessing().apply(volume(array * scale), "mr").array for scale in (1, 4000))
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("level", [-5.0, 0.0, 700.0])
@pytest.mark.parametrize("modality", ["ct", "mr"])
def test_constant_volumes_give_numbers(level, modality):
    prepared = Preprocessing().apply(volume(np.full((3, 4, 5), level, np.float32)), modality).array
    assert np.ptp(prepared) == 0 and 0 <= prepared.min() <= 1


def test_other_modalities_are_refused():
    with pytest.raises(UserError, match="'pet' is not supported"):
        Preprocessing().apply(volume(np.ones((2, 2, 2))), "pet")


def test_settings_survive_a_file():
    import json

    settings = Preprocessing((1.5, 1.5, 3.0), (-125.0, 275.0), (0.5, 99.5))
    assert Preprocessing.from_json(json.loads(json.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    "change",
    [
        {"spacing": None},
        {"spacing": [2, 2]},
        {"spacing": [2, 2, 2, 2]},
        {"spacing": [2, 2, "wide"]},
        {"spacing": [2, 2, 0]},
        {"spacing": 2},
        {"ct_window": [400, -400]},
        {"mr_percentiles": [-1, 99]},
        {"mr_percentiles": [99, 1]},
        {"gamma": [1, 2]},
    ],
)
def test_settings_that_make_no_sense_are_refused(change):
    values = {key: value for key, value in {**Preprocessing().to_json(), **change}.items() if value is not None}
    with pytest.raises(UserError, match="install the model again"):
        Preprocessing.from_json(values)


@pytest.mark.parametrize("values", [None, [], 5, "text"])
def test_settings_that_are_no_settings_are_refused(values):
    with pytest.raises(UserError, match="install the model again"):
        Preprocessing.from_json(values)
