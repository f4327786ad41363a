from itertools import permutations, product

import numpy as np
import pytest
from inference_stubs import ct

from PartialSegLib.image import Volume
from PartialSegLib.inference import Engine

torch = pytest.importorskip("torch")
LIVER, AORTA = 6, 8


def levels():
    """A body with a liver whose intensity drifts off its class towards the head, along z."""
    shape = (24, 40, 44)
    array = np.zeros(shape)
    array[:, 4:-4, 4:-4] = 4
    array[4:20, 10:30, 8:24] = LIVER + np.linspace(0.0, 0.48, 16)[:, None, None]
    return array


def turned(volume, order, flips):
    array = volume.array.transpose([2 - i for i in order[::-1]])
    direction = volume.direction[:, list(order)]
    for index, flip in enumerate(flips):
        if flip:
            array = np.flip(array, 2 - index)
            direction = direction * np.where(np.arange(3) == index, -1, 1)
    return Volume(array, tuple(np.array(volume.spacing)[list(order)]), volume.origin, direction)


@pytest.fixture
def engine(make_bundle):
    return Engine(make_bundle(), device="cpu")


def test_slices_further_off_are_less_sure_and_others_say_nothing(engine):
    result = engine.segment(ct(levels()))
    liver = result.confidence_along["k"][LIVER]
    assert liver.shape == (24,) and liver.dtype == np.float32
    assert np.isnan(liver[:4]).all() and np.isnan(liver[20:]).all()
    assert (np.diff(liver[4:20]) < 0).all() and liver[4] > 0.95 and liver[19] < 0.8
    assert np.isnan(result.confidence_along["k"][AORTA]).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_it_is_the_mean_probability_of_the_slices_voxels(engine, axis):
    """With voxels of the network's size nothing is resampled, and the network looks at single voxels."""
    volume = ct(levels())
    result = engine.segment(volume)
    shown = np.clip((volume.array.astype(np.float32) + 400) / 800, 0, 1)
    classes = torch.arange(17) / 16
    logits = 8000 * torch.as_tensor(shown)[..., None] * classes - 4000 * classes**2
    probability = logits.double().softmax(-1)[..., LIVER].numpy()
    is_liver = result.labels.array == LIVER
    others = tuple(other for other in range(3) if other != axis)
    inside = is_liver.any(axis=others)
    expected = (probability * is_liver).sum(axis=others)[inside] / is_liver.sum(axis=others)[inside]
    found = result.confidence_along["kji"[axis]][LIVER]
    np.testing.assert_allclose(found[inside], expected, atol=2e-3)
    assert np.isnan(found[~inside]).all()
    weights = is_liver.sum(axis=others)[inside]
    assert np.average(found[inside], weights=weights) == pytest.approx(result.confidence[LIVER], abs=1e-3)


def test_it_follows_the_volumes_own_axes_however_it_is_stored(engine):
    straight = ct(levels())
    along = engine.segment(straight).confidence_along
    for order, flips in product(permutations(range(3)), [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1)]):
        found = engine.segment(turned(straight, order, flips)).confidence_along
        for index, name in enumerate("ijk"):
            expected = along["ijk"[order[index]]][LIVER]
            expected = expected[::-1] if flips[index] else expected
            np.testing.assert_allclose(found[name][LIVER], expected, atol=1e-5)


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 1.0), (2.0, 2.0, 5.0), (3.1, 1.3, 2.7)])
def test_other_spacings_give_a_value_wherever_there_are_voxels(engine, spacing):
    result = engine.segment(ct(levels(), spacing=spacing))
    for axis, name in enumerate("kji"):
        others = tuple(other for other in range(3) if other != axis)
        held = (result.labels.array == LIVER).any(axis=others)
        found = result.confidence_along[name][LIVER]
        assert np.array_equal(np.isfinite(found), held)
        assert ((found[held] > 0.3) & (found[held] <= 1.0001)).all()


def test_only_what_was_asked_for_is_told(engine):
    result = engine.segment(ct(levels()), structures=[LIVER])
    assert {name: set(of) for name, of in result.confidence_along.items()} == {axis: {LIVER} for axis in "kji"}
