"""What happens to a patch's intensities."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partialseg_training.data.augment import AugmentConfig, change_intensities

NONE = AugmentConfig(rotation=0, scale=0, elastic=0, intensity=0, noise=0, low_resolution=0)
PATCH = (6, 8, 10)
seeds = st.integers(0, 10_000)
quick = settings(max_examples=40, deadline=None)


def random_image(seed=0):
    return np.random.default_rng(seed).random(PATCH, np.float32)


def test_without_augmentation_the_image_stays_as_it_is():
    image = random_image()
    np.testing.assert_allclose(change_intensities(image, NONE, np.random.default_rng(0)), image, atol=1e-6)


@pytest.mark.parametrize("scale", [-0.1, 0.7, 1.0])
def test_a_scale_that_could_mirror_is_refused(scale):
    with pytest.raises(ValueError, match="mirror"):
        AugmentConfig(scale=scale)


@quick
@given(seed=seeds, level=st.sampled_from([0.0, 0.3, 1.0]))
def test_intensities_stay_in_range_and_shape(seed, level):
    strong = AugmentConfig(intensity=0.8, noise=0.5, low_resolution=0.5)
    for image in (random_image(seed), np.full(PATCH, level, np.float32)):
        changed = change_intensities(image, strong, np.random.default_rng(seed))
        assert changed.dtype == np.float32 and changed.shape == PATCH
        assert changed.min() >= 0 and changed.max() <= 1


def test_low_resolution_averages_slices():
    """A checkerboard along z is what thick slices cannot show; flat parts and the mean stay."""
    image = np.zeros((24, 12, 12), np.float32)
    image[::2] = 1
    contrasts = []
    for seed in range(30):
        changed = change_intensities(image, replace(NONE, low_resolution=1), np.random.default_rng(seed))
        assert changed.mean() == pytest.approx(0.5, abs=0.03)
        contrasts.append(np.ptp(changed[8:16].mean((1, 2))))
    assert min(contrasts) < 0.2 and np.median(contrasts) < 0.7


def test_equal_generators_change_equally():
    image, config = random_image(), AugmentConfig()
    first, second, other = (change_intensities(image, config, np.random.default_rng(seed)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
