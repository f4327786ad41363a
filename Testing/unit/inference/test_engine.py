from itertools import permutations, product

import numpy as np
import pytest
from inference_stubs import ct, small_unet

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume
from PartialSegLib.inference import Cancelled, Engine, memory
from PartialSegLib.inference.torch_backend import TorchBackend
from PartialSegLib.inference.windows import start_positions

torch = pytest.importorskip("torch")
LIVER, LEFT_KIDNEY, AORTA = 6, 3, 8


def phantom(shape=(30, 60, 70)):
    """A body of class 4's intensity in air, with a liver on the patient's right and a left kidney on the left (LPS)."""
    levels = np.zeros(shape, int)
    levels[:, 8:-8, 8:-8] = 4
    levels[5:20, 15:40, 12:28] = LIVER
    levels[8:18, 35:45, 48:56] = LEFT_KIDNEY
    return levels


def turned(volume, order, flips, rotation=None):
    """The same body stored along other axes: permuted, flipped and, with `rotation`, oblique."""
    array = volume.array.transpose([2 - i for i in order[::-1]])
    spacing = np.array(volume.spacing)[list(order)]
    direction = volume.direction[:, list(order)]
    for index, flip in enumerate(flips):
        if flip:
            array = np.flip(array, 2 - index)
            direction = direction * np.where(np.arange(3) == index, -1, 1)
    if rotation is not None:
        direction = rotation @ direction
    return Volume(array, tuple(spacing), volume.origin, direction)


@pytest.fixture
def engine(make_bundle):
    return Engine(make_bundle(), device="cpu")


def test_labels_lie_voxel_for_voxel_on_the_inputs_grid(engine):
    volume = ct(phantom(), origin=(10.0, -20.0, 30.0))
    result = engine.segment(volume)
    assert result.labels.same_grid(volume)
    assert result.labels.array.dtype == np.uint8
    np.testing.assert_array_equal(result.labels.array, phantom())
    assert result.modality == "ct" and result.windows > 0
    assert (result.backend, result.device, result.precision) == ("torch", "cpu", "fp32")


@pytest.mark.parametrize("preset", ["accurate", "fast"])
def test_overlap_does_not_change_what_a_pointwise_network_says(make_bundle, preset):
    volume = ct(phantom((70, 90, 110)))
    result = Engine(make_bundle(), "cpu", preset).segment(volume)
    np.testing.assert_array_equal(result.labels.array, phantom((70, 90, 110)))


def test_sides_stay_where_they_are_however_the_volume_is_stored(engine):
    angle = np.radians(20)
    oblique = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    straight = ct(phantom(), spacing=(2.0, 2.0, 2.0))
    for order, flips, rotation in product(
        permutations(range(3)), [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1)], [None, oblique]
    ):
        volume = turned(straight, order, flips, rotation)
        result = engine.segment(volume)
        expected = turned(Volume(phantom(), straight.spacing, straight.origin, straight.direction), order, flips)
        np.testing.assert_array_equal(result.labels.array, expected.array)
        assert result.labels.array.flags.c_contiguous and result.labels.same_grid(volume)
        left, right = (world_centre(result.labels, value) for value in (LEFT_KIDNEY, LIVER))
        assert left[0] > right[0] + 20  # LPS: x grows to the left


def world_centre(labels, value):
    """Mean LPS position of a structure, relative to the middle of the volume."""
    index = np.argwhere(labels.array == value).mean(0)[::-1] - (np.array(labels.array.shape[::-1]) - 1) / 2
    return labels.direction @ (index * np.array(labels.spacing))


def test_measurements(engine):
    result = engine.segment(ct(phantom(), spacing=(1.0, 2.0, 4.0)))
    voxels = int((result.labels.array == LIVER).sum())
    assert result.voxels[LIVER] == voxels > 5000
    assert result.volumes_ml[LIVER] == pytest.approx(voxels * 8 / 1000)
    assert 0.9 < result.confidence[LIVER] <= 1
    assert result.confidence[AORTA] is None and result.voxels[AORTA] == 0
    assert result.touches_edge[4] and not result.touches_edge[LIVER] and not result.touches_edge[AORTA]
    assert set(result.voxels) == set(result.touches_edge) == set(range(1, 17))
    assert {"prepare", "load", "network", "stitch", "export", "confidence", "finish"} <= set(result.timings)


def test_asking_for_structures_keeps_these_alone_and_leaves_them_as_they_are(engine):
    volume = ct(phantom())
    result = engine.segment(volume, structures=["liver", 3])
    expected = np.where(np.isin(phantom(), (LIVER, LEFT_KIDNEY)), phantom(), 0)
    np.testing.assert_array_equal(result.labels.array, expected)
    assert set(result.confidence) == {LEFT_KIDNEY, LIVER}
    with pytest.raises(UserError, match="livr"):
        engine.segment(volume, structures=["livr"])


@pytest.mark.parametrize("shape", [(2, 60, 70), (1, 1, 1), (3, 200, 5), (40, 20, 20)])
def test_volumes_smaller_than_a_window(engine, shape):
    result = engine.segment(ct(np.full(shape, LIVER)), modality="ct")
    assert result.labels.array.shape == shape
    assert (result.labels.array == LIVER).all()
    assert all(result.touches_edge[value] == (value == LIVER) for value in range(1, 17))


def test_air_around_the_body_is_skipped_without_a_change(make_bundle):
    levels = np.zeros((20, 150, 180), int)
    levels[:, 60:100, 70:110] = 5
    engine = Engine(make_bundle(), "cpu")
    result = engine.segment(ct(levels))
    np.testing.assert_array_equal(result.labels.array, levels)
    full = Engine(make_bundle(), "cpu").segment(ct(np.where(levels, levels, 8)))
    assert result.windows < full.windows / 3


def test_tensors_that_stay_on_a_device_give_the_same(make_bundle):
    class Device(TorchBackend):
        """Behaves like a GPU: logits are tensors, several windows at once."""

        def __call__(self, windows):
            return torch.from_numpy(super().__call__(windows))

        def place(self, array):
            return torch.from_numpy(array)

        def free_bytes(self):
            return 1 << 40

    volume = ct(phantom((40, 75, 80)), spacing=(1.5, 1.5, 3.0))
    bundle = make_bundle(small_unet())
    one = Engine(bundle, backend=TorchBackend(bundle.network)).segment(volume)
    other = Engine(bundle, backend=Device(bundle.network)).segment(volume)
    assert len(np.unique(one.labels.array)) > 3
    assert (one.labels.array == other.labels.array).mean() > 0.9999
    found = [value for value, count in one.voxels.items() if count > 100]
    assert [other.confidence[value] for value in found] == pytest.approx([one.confidence[v] for v in found], rel=1e-3)


def test_the_network_is_loaded_once_for_many_volumes(make_bundle):
    bundle = make_bundle()
    engine = Engine(bundle, "cpu")
    for _ in range(3):
        engine.segment(ct(phantom()))
    assert bundle.loaded == 1


def test_progress_grows_from_0_to_1(engine):
    calls = []
    result = engine.segment(ct(phantom((70, 90, 110))), progress=lambda *call: calls.append(call))
    fractions = [fraction for _, fraction in calls]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert list(dict.fromkeys(stage for stage, _ in calls)) == ["prepare", "load", "segment", "finish"]
    assert sum(stage == "segment" for stage, _ in calls) == result.windows


def test_cancelling_stops_before_the_next_window(make_bundle):
    bundle, windows = make_bundle(), []

    class Counting(TorchBackend):
        def __call__(self, batch):
            windows.append(batch)
            return super().__call__(batch)

    def cancel(stage, fraction):
        if len(windows) == 2:
            raise Cancelled

    engine = Engine(bundle, backend=Counting(bundle.network))
    with pytest.raises(Cancelled):
        engine.segment(ct(phantom((70, 90, 110))), progress=cancel)
    assert len(windows) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_that_are_no_numbers_are_an_error(make_bundle, value):
    bundle = make_bundle()
    with torch.no_grad():
        bundle.network.bias[5] = value
    with pytest.raises(UserError, match="no numbers in fp32"):
        Engine(bundle, "cpu").segment(ct(phantom()))


def test_too_little_memory_is_refused_before_any_window_runs(make_bundle, monkeypatch):
    bundle = make_bundle()
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000)
    with pytest.raises(UserError, match="GB of memory but"):
        Engine(bundle, "cpu").segment(ct(phantom()))
    assert bundle.loaded == 0


def test_memory_that_runs_out_after_all_is_a_plain_message(make_bundle):
    class Greedy(TorchBackend):
        def __call__(self, windows):
            raise MemoryError

    bundle = make_bundle()
    with pytest.raises(UserError, match="memory ran out"):
        Engine(bundle, backend=Greedy(bundle.network)).segment(ct(phantom()))


def test_wrong_arguments(make_bundle, engine):
    with pytest.raises(UserError, match="preset 'best' is unknown: choose one of accurate, fast"):
        Engine(make_bundle(), "cpu", "best")
    with pytest.raises(UserError, match="device 'cuda:9' is not available"):
        Engine(make_bundle(), "cuda:9")
    with pytest.raises(UserError, match="modality 'pet' is not supported"):
        engine.segment(ct(phantom()), modality="pet")


def test_modality_is_reported_and_can_be_chosen(engine):
    volume = ct(phantom())
    assert "air" in engine.segment(volume).modality_reason
    shifted = volume.like(volume.array + 1024)
    result = engine.segment(shifted, modality="mr")
    assert (result.modality, result.modality_reason) == ("mr", "chosen by the user")


def test_labels_agree_with_a_plain_sliding_window(make_bundle):
    """Against the textbook: all windows, all logits at full resolution at once, interpolate, argmax."""
    patch, overlap = (16, 32, 32), 0.5
    bundle = make_bundle(small_unet(), patch_size=patch)
    levels = np.maximum(phantom((25, 60, 58)), 3)  # no air, so that no window is left out
    volume = ct(levels + np.random.default_rng(0).normal(0, 0.4, levels.shape), spacing=(1.5, 2.5, 3.0))
    ours = Engine(bundle, "cpu").segment(volume, modality="ct").labels.array

    image = bundle.preprocessing.apply(volume, "ct").array
    weight = np.stack(
        np.meshgrid(*(np.exp(-(((np.arange(n) - n // 2) / (n / 8)) ** 2) / 2) for n in patch), indexing="ij")
    )
    weight = torch.from_numpy(weight.prod(0))
    total, weights = torch.zeros(17, *image.shape, dtype=torch.float64), torch.zeros(image.shape, dtype=torch.float64)
    for start in product(*(start_positions(n, m, overlap) for n, m in zip(image.shape, patch, strict=True))):
        place = tuple(slice(a, a + n) for a, n in zip(start, patch, strict=True))
        with torch.no_grad():
            logits = bundle.network(torch.from_numpy(image[place])[None, None])[0]
        total[(slice(None), *place)] += logits * weight
        weights[place] += weight
    mean = (total / weights)[None]
    reference = torch.nn.functional.interpolate(mean, levels.shape, mode="trilinear")[0].argmax(0).numpy()
    assert len(np.unique(reference)) > 5
    assert (ours == reference).mean() >= 0.999
