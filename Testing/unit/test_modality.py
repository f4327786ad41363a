"""CT and MR as they come: in HU, clipped, shifted, scaled, filtered. All synthetic."""

import numpy as np
import pytest

from PartialSegLib.image import Volume
from PartialSegLib.modality import detect_modality

RNG = np.random.default_rng(0)
SHAPE = (24, 48, 48)
Z, Y, X = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij")
RADIUS = np.hypot(Y / 0.7, X / 0.9) + 0.1 * np.abs(Z)


def volume(array, modality=None) -> Volume:
    return Volume(array, (1, 1, 1), (0, 0, 0), np.eye(3), modality)


def ct() -> np.ndarray:
    """HU of a trunk: air, skin fat, muscle and organs, a little bone and lung."""
    hu = np.where(RADIUS < 1, -100.0, -1000.0)
    hu[RADIUS < 0.85] = 50
    hu[np.hypot(Y - 0.3, X) < 0.12] = 600
    hu[(np.hypot(Y, X - 0.4) < 0.2) & (Z > 0.5)] = -800
    return hu + RNG.normal(0, 15, SHAPE)


def mr() -> np.ndarray:
    """Magnitude image of a trunk: bright fat, organs of every brightness, a bias field, noise in the air."""
    tissue = np.where(RADIUS < 1, 700.0, 0.0)
    tissue[RADIUS < 0.85] = 220
    for k in range(12):
        y, x = RNG.uniform(-0.5, 0.5, 2)
        tissue[(np.hypot(Y - y, X - x) < 0.15) & (RADIUS < 0.85)] = 60 * k + 30
    return np.abs(tissue * (1 + 0.4 * X) + RNG.normal(0, 12, SHAPE))


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_hounsfield_units(dtype):
    guess = detect_modality(volume(ct().astype(dtype)))
    assert (guess.modality, guess.offset, guess.confident) == ("ct", 0.0, True)
    assert "air below -500 HU" in guess.reason


@pytest.mark.parametrize(
    "window", [(-125, 275), (-160, 240), (-200, 300), (-1000, 1000), (-100, 400), (-57, 164), (-400, 400), (-150, 250)]
)
def test_clipped_ct(window):
    guess = detect_modality(volume(np.clip(ct(), *window)))
    assert (guess.modality, guess.offset, guess.confident) == ("ct", 0.0, True)


def test_ct_cropped_to_the_inside():
    inside = ct()[:, 15:33, 15:33]
    guess = detect_modality(volume(np.where(RADIUS[:, 15:33, 15:33] < 0.4, inside, -100 + inside * 0.1)))
    assert guess.modality == "ct"


@pytest.mark.parametrize("padding", [None, 0])
def test_ct_stored_with_1024_added(padding):
    stored = ct() + 1024
    if padding is not None:
        stored = np.maximum(stored, padding)
    for dtype in ("int16", "uint16", "float32"):
        guess = detect_modality(
            volume(np.maximum(stored, 0).astype(dtype) if dtype == "uint16" else stored.astype(dtype))
        )
        assert (guess.modality, guess.offset, guess.confident) == ("ct", -1024.0, True)
        assert "1024" in guess.reason


def test_ct_padded_far_below_air():
    padded = ct()
    padded[np.hypot(Y, X) > 1] = -3024
    assert detect_modality(volume(padded)).modality == "ct"


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0, 3.0, 5.0, 20.0])
def test_magnitude_mr(scale):
    guess = detect_modality(volume((mr() * scale).astype(np.uint16)))
    assert (guess.modality, guess.offset, guess.confident) == ("mr", 0.0, True)


@pytest.mark.parametrize("tail", [5, 20, 60])
def test_mr_with_a_small_negative_tail(tail):
    filtered = mr() * 2
    filtered[RADIUS > 1] = RNG.normal(0, tail / 2, (RADIUS > 1).sum())
    assert filtered.min() < -tail
    assert detect_modality(volume(filtered)).modality == "mr"


@pytest.mark.parametrize("dark", [-300, -2000])
def test_a_few_stray_voxels_do_not_make_an_mr_a_ct(dark):
    image = mr()
    image.flat[:: image.size // 20] = dark
    assert detect_modality(volume(image)).modality == "mr"


def test_mr_scaled_to_zero_mean():
    image = mr()
    guess = detect_modality(volume((image - image.mean()) / image.std()))
    assert guess.modality == "mr" and not guess.confident and "zero mean" in guess.reason


@pytest.mark.parametrize(
    "parts",
    [
        {1200: 1.0},  # one tissue, brighter than soft tissue with 1024 added could be
        {1000: 0.6, 1500: 0.2, 1800: 0.2},  # much above it
        {1060: 0.8, 700: 0.2},  # and where a CT has next to nothing, between lung and fat
    ],
)
def test_mr_with_most_voxels_where_a_shifted_ct_has_them(parts):
    body = RNG.choice(list(parts), SHAPE, p=list(parts.values())) + RNG.normal(0, 15, SHAPE)
    image = np.where(RADIUS < 1, body, np.abs(RNG.normal(0, 12, SHAPE)))
    assert detect_modality(volume(image)).modality == "mr"


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_what_could_be_either_says_so(top):
    guess = detect_modality(volume(mr() / mr().max() * top))
    assert guess.modality == "mr" and not guess.confident and "set the modality to ct" in guess.reason


def test_the_dicom_tag_wins():
    assert detect_modality(volume(mr(), "ct")).modality == "ct"
    guess = detect_modality(volume(ct(), "mr"))
    assert guess.modality == "mr" and guess.offset == 0 and "DICOM" in guess.reason


def test_an_unscaled_dicom_ct_still_needs_its_offset():
    assert detect_modality(volume(ct() + 1024, "ct")).offset == -1024.0
    assert detect_modality(volume(ct(), "ct")).offset == 0.0


def test_reasons_are_one_line():
    for array in (ct(), ct() + 1024, np.clip(ct(), -125, 275), mr(), mr() / 1000):
        reason = detect_modality(volume(array)).reason
        assert reason and "\n" not in reason


def test_large_volumes_are_sampled():
    """A volume of one value but for a plane in eight is judged by its samples, not by the whole."""
    array = np.zeros((160, 160, 160), np.int16)
    array[::2] = 40
    array[:, :20] = -1000
    assert detect_modality(volume(array)).modality == "ct"
