"""Images synthesised from tissue maps, and the tissue maps themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partialseg_training.data import tissue as t
from partialseg_training.data.synthesis import synthetic_ct, synthetic_mr
from partialseg_training.data.tissue import tissue_from_ct, tissue_from_names

WINDOW = (-400.0, 400.0)
CODES = np.array([*range(1, 17), *range(t.AIR, t.NERVE + 1)], np.uint8)
quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)


def halves(first, second, shape=(12, 24, 24)):
    """Two tissues side by side, large enough to tell their means in spite of the noise."""
    tissue = np.full(shape, first, np.uint8)
    tissue[..., shape[2] // 2 :] = second
    return tissue


def ct(tissue, rng):
    return synthetic_ct(tissue, WINDOW, rng)


def mr(tissue, rng):
    return synthetic_mr(tissue, None, rng)


def mr_over_ct(tissue, rng):
    return synthetic_mr(tissue, np.random.default_rng(0).random(tissue.shape, np.float32), rng)


@quick
@given(seed=seeds, make=st.sampled_from([ct, mr, mr_over_ct]), shape=st.tuples(*[st.integers(3, 9)] * 3))
def test_patches_lie_in_range_and_depend_on_the_generator_alone(seed, make, shape):
    tissue = np.random.default_rng(seed).choice(CODES, shape)
    first, second, other = (make(tissue, np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    assert first.shape == shape and np.isfinite(first).all()
    assert first.min() >= 0 and first.max() <= 1
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@quick
@given(seed=seeds, pair=st.sampled_from([(2, 3), (11, 12)]))
def test_left_and_right_organs_are_the_same_tissue(seed, pair):
    right, left = (ct(np.full((16, 16, 16), code, np.uint8), np.random.default_rng(seed)) for code in pair)
    np.testing.assert_array_equal(right, left)
    right, left = (mr(np.full((16, 16, 16), code, np.uint8), np.random.default_rng(seed)) for code in pair)
    np.testing.assert_array_equal(right, left)


def test_ct_has_the_order_of_hounsfield_units():
    order = [t.LUNG, t.FAT, t.MUSCLE, 8, t.BONE]
    means = [np.mean([ct(np.full((8, 8, 8), c, np.uint8), np.random.default_rng(s)) for s in range(20)]) for c in order]
    assert means == sorted(means)
    assert means[0] < 0.01  # below the window
    assert means[1] == pytest.approx((-100 - WINDOW[0]) / 800, abs=0.02)


def test_ct_window_ends_are_0_and_1():
    tissue = halves(t.FAT, 8)
    low, high = (
        synthetic_ct(tissue, window, np.random.default_rng(0)) for window in ((200.0, 300.0), (-900.0, -800.0))
    )
    assert low[..., :10].max() == 0 and high.min() == 1


def test_mr_shows_any_contrast_between_two_organs():
    signs = [np.sign(np.subtract(*_means(mr(halves(5, 10), np.random.default_rng(seed))))) for seed in range(30)]
    assert 5 < signs.count(1) < 25


def test_air_is_dark_in_mr():
    assert all(mr(np.full((8, 8, 8), t.AIR, np.uint8), np.random.default_rng(s)).mean() < 0.2 for s in range(20))


def test_the_texture_of_the_ct_shows_in_the_mr_on_both_signs():
    tissue = np.full((12, 12, 12), 6, np.uint8)
    checker = (np.indices(tissue.shape) // 3).sum(0) % 2
    correlations = []
    for seed in range(20):
        image = synthetic_mr(tissue, checker.astype(np.float32), np.random.default_rng(seed))
        correlations.append(np.corrcoef(image.ravel(), checker.ravel())[0, 1])
    assert max(correlations) > 0.5 and min(correlations) < -0.5


def test_tissues_of_a_ct_follow_its_units():
    hu = np.array([-1000, -111, -100, -31, 0, 19, 40, 59, 80, 109, 150, 179, 300], np.float32)
    expected = [t.AIR, t.AIR, t.FAT, t.FAT, t.FLUID, t.FLUID, t.MUSCLE, t.MUSCLE, t.SOFT, t.SOFT]
    expected += [t.ENHANCED, t.ENHANCED, t.BONE]
    for value, code in zip(hu, expected, strict=True):
        image = np.full((5, 5, 5), value)
        labels = np.zeros(image.shape, np.uint8)
        labels[0] = 6
        tissue = tissue_from_ct(image, labels)
        assert tissue.dtype == np.uint8
        assert (tissue[0] == 6).all() and (tissue[1:] == code).all()


NAMES = {
    1: "liver", 2: "vertebrae_L3", 3: "lung_lower_lobe_left", 4: "colon", 5: "iliac_vena_left", 6: "spinal_cord",
    7: "gluteus_maximus_left", 8: "thyroid_gland",
}  # fmt: skip


def test_tissues_of_a_label_map_follow_its_names():
    label_map = np.zeros((3, 40, 40), np.uint8)
    label_map[:2, 15:25, 12:28] = np.repeat(np.arange(1, 9, dtype=np.uint8), 2)
    labels = np.where(label_map == 1, 6, 0).astype(np.uint8)
    tissue = tissue_from_names(label_map, NAMES, labels, (5.0, 5.0, 5.0))
    expected = [6, t.BONE, t.LUNG, t.BOWEL, t.HEART, t.NERVE, t.MUSCLE, t.SOFT]
    assert tissue[0, 20, 12:28:2].tolist() == expected
    # The body is filled with fat and ends about 15 mm outside; a slice without anything is air.
    row = tissue[0, 20]
    assert (row[9:12] == t.FAT).all() and (row[:8] == t.AIR).all() and (row[32:] == t.AIR).all()
    assert (tissue[2] == t.AIR).all()


def _means(image):
    return image[..., :10].mean(), image[..., 14:].mean()
