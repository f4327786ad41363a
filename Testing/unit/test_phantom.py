import numpy as np
import pytest

from PartialSegLib.phantom import make_phantom
from PartialSegLib.phantom.canvas import smooth_noise
from PartialSegLib.structures import load_label_set

# Least volume in mL that each structure, in the order of the label set, has at any seed.
LEAST_ML = (90, 90, 90, 15, 8, 800, 180, 50, 50, 35, 1, 1, 35, 100, 20, 12)
SPACING = (3.0, 3.0, 3.0)


@pytest.fixture(scope="module", params=[0, 1, 2])
def phantom(request):
    return make_phantom(SPACING, seed=request.param)


@pytest.fixture(scope="module")
def centres(phantom):
    """Centre of each structure in mm, (x left, y posterior, z superior)."""
    _, labels = phantom
    return {
        s.key: labels.world(np.argwhere(labels.array == s.value)[:, ::-1].mean(axis=0))
        for s in load_label_set("abdomen16")
    }


def test_geometry_and_types(phantom):
    image, labels = phantom
    assert image.array.dtype == np.int16
    assert labels.array.dtype == np.uint8
    assert image.same_grid(labels)
    assert image.spacing == SPACING
    assert image.modality == "ct"
    np.testing.assert_array_equal(image.direction, np.eye(3))


def test_all_structures_have_a_believable_volume(phantom):
    _, labels = phantom
    volumes = np.bincount(labels.array.ravel(), minlength=17)[1:] * labels.voxel_volume_ml
    assert len(volumes) == 16
    assert (volumes > LEAST_ML).all()
    assert volumes[5] < 2200


def test_left_and_right_are_the_patients(centres):
    for key in ("liver", "gallbladder", "right_kidney", "right_adrenal_gland", "postcava", "duodenum"):
        assert centres[key][0] < -5, key
    for key in ("spleen", "stomach", "left_kidney", "left_adrenal_gland", "aorta", "esophagus"):
        assert centres[key][0] > 5, key


def test_above_and_below(centres):
    height = {key: centre[2] for key, centre in centres.items()}
    assert height["prostate_uterus"] < height["bladder"] < height["duodenum"] < height["pancreas"] < height["liver"]
    for side in ("right", "left"):
        assert height[f"{side}_kidney"] < height[f"{side}_adrenal_gland"]
    assert height["right_kidney"] < height["left_kidney"]
    assert height["liver"] < height["esophagus"]


def test_front_and_back(centres):
    depth = {key: centre[1] for key, centre in centres.items()}
    assert depth["gallbladder"] < depth["postcava"] < depth["right_kidney"]
    assert depth["stomach"] < depth["pancreas"] < depth["aorta"] < depth["left_kidney"]


@pytest.mark.parametrize(("key", "medial"), [("right_kidney", 1.0), ("left_kidney", -1.0)])
def test_the_hilum_of_a_kidney_faces_the_midline(phantom, centres, key, medial):
    _, labels = phantom
    value = load_label_set("abdomen16").find(key).value
    x, y, z = centres[key] - medial * np.array([4.0, 0, 0])

    def share(offset_mm: float) -> float:
        k, j, i = (
            round(float(c)) for c in ((np.array([x + medial * offset_mm, y, z]) - labels.origin) / SPACING)[::-1]
        )
        return float((labels.array[k - 2 : k + 3, j - 3 : j + 2, i - 1 : i + 2] == value).mean())

    assert share(-14.0) > 0.9
    assert share(20.0) < 0.4


def test_hu_are_those_of_the_tissues(phantom):
    image, labels = phantom
    array = image.array
    hu = {value: float(np.median(array[labels.array == value])) for value in range(1, 17)}
    assert 90 < hu[6] < 135  # liver
    assert -10 < hu[4] < 30  # bile
    assert -10 < hu[14] < 25  # urine
    assert 150 < hu[8] < 220  # enhanced blood
    assert hu[2] > hu[6]  # kidneys enhance more
    assert array[0, 0, 0] < -950
    for low, high, share in ((-1100, -900, 0.2), (-900, -700, 0.01), (-140, -60, 0.15), (300, 1200, 0.005)):
        assert ((array > low) & (array < high)).mean() > share


def test_there_is_noise(phantom):
    air = phantom[0].array[:6, :6, :6]
    assert 6 < air.std() < 20


def test_equal_seeds_give_equal_voxels_and_others_do_not():
    spacing = (8.0, 8.0, 8.0)
    first, again, other = (make_phantom(spacing, seed=seed) for seed in (4, 4, 5))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a.array, b.array)
        assert (a.array != c.array).any()


@pytest.mark.parametrize("spacing", [(2.5, 2.5, 8.0), (12.0, 9.0, 5.0), (60.0, 60.0, 60.0)])
def test_any_spacing_covers_the_same_body(spacing):
    image, labels = make_phantom(spacing)
    extent = np.asarray(image.array.shape[::-1]) * spacing
    np.testing.assert_allclose(extent, (372, 264, 380), atol=max(spacing))
    assert (np.bincount(labels.array.ravel(), minlength=17)[6] * labels.voxel_volume_ml) > 500


def test_smooth_noise_is_smooth_and_of_unit_size():
    noise = smooth_noise((40, 50, 60), (2.0, 2.0, 2.0), 20.0, np.random.default_rng(0))
    assert noise.dtype == np.float32
    assert 0.4 < noise.std() < 1.6
    assert np.abs(np.diff(noise, axis=1)).max() < 1.0
