"""A coarse network says where the fine one looks; inside that region nothing changes, outside nothing is found."""

import numpy as np
import pytest
from inference_stubs import ct, nearest_level_network

from PartialSegLib.inference import Cancelled, Engine
from PartialSegLib.inference.body import box_around
from PartialSegLib.preprocessing import Preprocessing

torch = pytest.importorskip("torch")
# Intensities that far apart are not taken for one another by a network that knows some of them only.
BODY, SMALL, LARGE = 3, 7, 16
COARSE = Preprocessing(spacing=(6.0, 6.0, 6.0))


def seeing(*values):
    """The pointwise network that finds the classes `values` alone."""
    network = nearest_level_network()
    with torch.no_grad():
        network.bias[[c for c in range(1, 17) if c not in values]] = -1e6
    return network


@pytest.fixture
def scene():
    """A body with a large structure, and a small one far from it (z, y, x); 2 mm voxels."""
    levels = np.zeros((48, 90, 120), int)
    levels[:, 4:-4, 4:-4] = BODY
    levels[12:30, 15:39, 12:39] = LARGE
    levels[12:18, 70:80, 100:110] = SMALL
    return levels


@pytest.fixture
def cascade(make_bundle):
    """A bundle whose coarse network finds the classes `values`."""

    def make(*values, margin_mm=0.0):
        bundle = make_bundle(margin_mm=margin_mm)
        bundle.coarse = make_bundle(seeing(*values), preprocessing=COARSE, patch_size=(16, 16, 16))
        return bundle

    return make


def test_inside_the_region_the_result_is_that_of_the_fine_network_alone(make_bundle, cascade, scene):
    volume = ct(scene)
    alone = Engine(make_bundle(), "cpu").segment(volume)
    both = Engine(cascade(LARGE, margin_mm=12.0), "cpu").segment(volume)
    inside = np.zeros(scene.shape, bool)
    inside[6:36, 9:45, 6:45] = True  # the large one and 12 mm around it
    np.testing.assert_array_equal(alone.labels.array, scene)
    np.testing.assert_array_equal(both.labels.array[inside], scene[inside])
    assert both.voxels[LARGE] == alone.voxels[LARGE] and both.voxels[SMALL] == 0
    assert both.windows < alone.windows / 3
    assert both.labels.same_grid(volume) and both.confidence[LARGE] == pytest.approx(alone.confidence[LARGE])


def test_the_region_holds_all_that_is_found(cascade, scene):
    result = Engine(cascade(LARGE, SMALL), "cpu").segment(ct(scene))
    for value in (LARGE, SMALL):
        np.testing.assert_array_equal(result.labels.array == value, scene == value)


def test_where_nothing_is_found_the_whole_body_is_segmented(cascade, scene):
    result = Engine(cascade(), "cpu").segment(ct(scene))
    np.testing.assert_array_equal(result.labels.array, scene)


def test_turned_volumes_with_other_voxels(cascade, scene):
    array = scene.transpose(2, 0, 1)[:, ::-1]
    direction = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    volume = ct(np.ascontiguousarray(array), spacing=(2.0, 2.0, 2.0), direction=direction)
    result = Engine(cascade(LARGE, margin_mm=6.0), "cpu").segment(volume)
    np.testing.assert_array_equal(result.labels.array == LARGE, array == LARGE)


def test_the_box_has_its_margin_and_stays_inside():
    mask = np.zeros((4, 5, 6), bool)
    mask[1, 0, 2:5] = True
    start, stop = box_around(mask, (8, 10, 12), (1, 3, 2), (1, 1, 1))
    assert (start, stop) == ((1, 0, 2), (5, 5, 12))
    start, stop = box_around(mask, (8, 10, 12), (0, 0, 0), (6, 20, 2))
    assert (start, stop) == ((0, 0, 4), (6, 10, 10))


def test_progress_grows_and_can_be_stopped_in_the_coarse_stage(cascade, scene):
    calls = []
    engine = Engine(cascade(LARGE), "cpu")
    result = engine.segment(ct(scene), progress=lambda *call: calls.append(call))
    fractions = [fraction for _, fraction in calls]
    assert fractions == sorted(fractions)
    assert list(dict.fromkeys(stage for stage, _ in calls)) == ["prepare", "load", "coarse", "segment", "finish"]
    assert result.timings["coarse"] > 0

    def stop(stage, _):
        if stage == "coarse":
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.segment(ct(scene), progress=stop)


def test_both_networks_are_loaded_once(cascade, scene):
    bundle = cascade(LARGE)
    engine = Engine(bundle, "cpu")
    for _ in range(2):
        engine.segment(ct(scene))
    assert (bundle.loaded, bundle.coarse.loaded) == (1, 1)
