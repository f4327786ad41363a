import numpy as np
import pytest
from inference_stubs import ct

from PartialSegLib.inference import Engine, devices, hardware
from PartialSegLib.inference import estimate as module
from PartialSegLib.inference.devices import list_devices
from PartialSegLib.inference.estimate import estimate, learn_speed, planned_windows
from PartialSegLib.inference.memory import run_bytes
from PartialSegLib.inference.speed import known_speed, remember_speed, speed_key

SHAPE, SPACING = (200, 512, 512), (0.8, 0.8, 1.5)


@pytest.fixture
def bundle(make_bundle):
    bundle = make_bundle(patch_size=(64, 96, 96))
    bundle.metadata = {"name": "stub", "version": "1"}
    return bundle


def test_more_voxels_windows_and_precision_take_longer(bundle):
    def seconds(shape=SHAPE, preset="accurate", device="cpu", **options):
        return estimate(bundle, shape, SPACING, device, preset, **options).seconds

    assert seconds() > seconds(preset="fast") > 0
    assert seconds((400, 512, 512)) > 1.5 * seconds()
    assert seconds() > seconds(device="cuda")
    assert seconds() > seconds(is_loaded=True)


def test_memory_is_what_the_run_will_ask_for(bundle):
    found = estimate(bundle, SHAPE, SPACING, "cpu", "accurate")
    grid = bundle.preprocessing.grid_shape(SHAPE, SPACING)
    assert found.bytes == run_bytes(SHAPE, grid, bundle.patch_size, 17, 8)


def test_what_does_not_fit_is_said_so(bundle, monkeypatch):
    assert estimate(bundle, SHAPE, SPACING, "cpu", "accurate").fits
    assert not estimate(bundle, SHAPE, SPACING, "cuda", "accurate", free_on_device=1000).fits
    monkeypatch.setattr(module, "available_memory", lambda: 100_000_000)
    found = estimate(bundle, SHAPE, SPACING, "cpu", "accurate")
    assert not found.fits and "but 0.1 GB are free" in found.words
    monkeypatch.setattr(module, "available_memory", lambda: None)
    assert estimate(bundle, SHAPE, SPACING, "cpu", "accurate").fits


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (8.4, "8 s"), (33, "35 s"), (89, "90 s"), (200, "3 min")])
def test_words(bundle, monkeypatch, seconds, words):
    remember_speed(speed_key(bundle, "cpu", "fast"), module.Speed(0.0, 0.0, seconds))
    found = estimate(bundle, (64, 96, 96), (2.0, 2.0, 2.0), "cpu", "fast")
    assert found.words.startswith(f"about {words}, 0.") and found.words.endswith(" GB of memory")


def test_a_run_on_this_computer_replaces_the_rule_of_thumb(bundle):
    assert not estimate(bundle, SHAPE, SPACING, "cpu", "accurate").measured
    windows = planned_windows(bundle, SHAPE, SPACING, "accurate")
    timings = {"prepare": 2.0, "load": 5.0, "network": windows * 0.3, "stitch": windows * 0.1, "finish": 1.0}
    learn_speed(bundle, SHAPE, SPACING, "cpu", "accurate", timings)
    found = estimate(bundle, SHAPE, SPACING, "cpu", "accurate")
    assert found.measured and found.seconds == pytest.approx(sum(timings.values()))
    # A warm run says nothing about loading.
    learn_speed(bundle, SHAPE, SPACING, "cpu", "accurate", {**timings, "load": 0.0})
    assert estimate(bundle, SHAPE, SPACING, "cpu", "accurate").seconds == pytest.approx(sum(timings.values()))
    assert not estimate(bundle, SHAPE, SPACING, "cpu", "fast").measured


def test_the_windows_planned_are_those_of_a_body_that_fills_the_volume(make_bundle):
    bundle = make_bundle()
    volume = ct(np.full((40, 70, 90), 5), spacing=(2.0, 2.0, 3.0))
    run = Engine(bundle, "cpu").segment(volume)
    assert planned_windows(bundle, volume.array.shape, volume.spacing, "accurate") == run.windows


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"stub 1 cpu accurate": {"window": 1}}'])
def test_a_damaged_cache_is_no_cache(bundle, content):
    from PartialSegLib.inference import speed

    speed._file().parent.mkdir(parents=True, exist_ok=True)
    speed._file().write_text(content)
    assert known_speed(speed_key(bundle, "cpu", "accurate")) is None
    assert not estimate(bundle, SHAPE, SPACING, "cpu", "accurate").measured


def test_old_speeds_are_forgotten(bundle):
    for index in range(100):
        remember_speed(f"key {index}", module.Speed(1.0, 1.0, 1.0))
    assert known_speed("key 99") and known_speed("key 36") and not known_speed("key 35")


def test_every_device_has_a_name(monkeypatch):
    monkeypatch.setattr(devices, "available_devices", lambda: ["mps", "openvino", "cpu"])
    monkeypatch.setattr(devices, "usable_cpus", lambda: 8)
    assert [device.name for device in list_devices()] == ["Apple GPU", "CPU with OpenVINO (8 cores)", "CPU (8 cores)"]


def test_each_gpu_is_asked_for_its_own_name_and_memory(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(devices, "available_devices", lambda: ["cuda", "cuda:1", "cpu"])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU number {index}")

    def memory(index):
        if index == 1:
            raise RuntimeError("out of memory")
        return 10, 20

    monkeypatch.setattr(torch.cuda, "mem_get_info", memory)
    total = type("Properties", (), {"total_memory": 40})
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: total)
    first, second, _ = list_devices()
    assert (first.key, first.name, first.memory_bytes, first.free_bytes) == ("cuda", "GPU number 0", 20, 10)
    assert (second.key, second.name, second.memory_bytes, second.free_bytes) == ("cuda:1", "GPU number 1", 40, 0)


def test_this_machine_has_memory():
    assert hardware.total_memory() >= hardware.available_memory() > 0
