"""Jobs that go well, in one warm child."""

import json
import shutil
import threading

import numpy as np
import pytest
from worker_runs import child_pid, collect, failure, is_last, result, run, stubborn, texts, torso

from PartialSegLib.bundle import METADATA, WEIGHTS, Bundle, write_sums
from PartialSegLib.image import Volume
from PartialSegLib.inference import Engine
from PartialSegLib.worker import Cancelled, Device, Estimate, Finished, Progress, Worker, voxels
from PartialSegLib.worker.events import STAGES

REGION = ((4, 36), (2, 30), (5, 40))


@pytest.fixture(scope="module")
def engine(tiny_bundle):
    return Engine(Bundle.load(tiny_bundle), "cpu")


def test_the_result_is_that_of_the_engine(warm, tiny_bundle, engine):
    volume = torso()
    found = result(warm, warm.segment(volume, model=tiny_bundle, device="cpu"))
    expected = engine.segment(volume)
    np.testing.assert_array_equal(found.labels.array, expected.labels.array)
    assert found.labels.same_grid(volume) and found.labels.array.dtype == np.uint8 and found.labels.array.any()
    assert found.confidence == pytest.approx(expected.confidence)
    assert found.volumes_ml == pytest.approx(expected.volumes_ml) and found.touches_edge == expected.touches_edge
    assert (found.modality, found.modality_reason) == (expected.modality, expected.modality_reason)
    assert (found.device, found.backend) == ("cpu", "torch")
    assert (found.model_name, found.model_version) == ("tiny", "0.0.1") and found.seconds > 0
    for value, slices in expected.confidence_along["k"].items():
        np.testing.assert_allclose(found.slice_confidence[value], slices, atol=1e-4)
        assert found.slice_confidence[value].shape == (40,)


def test_progress_goes_through_the_stages_and_never_back(warm, tiny_bundle):
    volume = torso((120, 60, 60))
    job = warm.segment(volume, model=tiny_bundle, device="cpu")
    steps = [event for event in run(warm, job) if isinstance(event, Progress)]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] == 1
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == [stage for stage in STAGES if stage in stages]
    assert {"start", "copy", "segment", "finish"} <= set(stages)
    left = [step.eta_s for step in steps if step.stage == "segment" and step.eta_s is not None]
    assert left and left[-1] < 30


def test_of_a_region_nothing_outside_is_labelled(warm, tiny_bundle, engine):
    volume = torso()
    found = result(warm, warm.segment(volume, model=tiny_bundle, device="cpu", region=REGION))
    place = tuple(slice(*axis) for axis in REGION)
    part = Volume(volume.array[place], volume.spacing, tuple(volume.world((5, 2, 4))), volume.direction, "ct")
    expected = engine.segment(part)
    np.testing.assert_array_equal(found.labels.array[place], expected.labels.array)
    outside = found.labels.array.copy()
    outside[place] = 0
    assert found.labels.array.any() and not outside.any() and found.labels.same_grid(volume)
    for axis, name in enumerate("kji"):
        for value, slices in found.confidence_along[name].items():
            assert slices.shape == (volume.array.shape[axis],)
            assert np.isnan(slices[: REGION[axis][0]]).all() and np.isnan(slices[REGION[axis][1] :]).all()
            there = expected.confidence_along[name][value]
            np.testing.assert_allclose(slices[slice(*REGION[axis])], there, atol=1e-4)


def test_structures_and_modality_are_handed_on(warm, tiny_bundle, engine):
    volume = torso()
    job = warm.segment(volume, model=tiny_bundle, device="cpu", structures=["liver", 2], modality="mr", preset="fast")
    found = result(warm, job)
    assert set(found.confidence) == {2, 6} and found.modality == "mr"
    assert set(np.unique(found.labels.array)) <= {0, 2, 6}


def test_a_queue_of_jobs_is_worked_off_in_order_by_one_process(warm, tiny_bundle):
    jobs = [warm.segment(torso(seed=seed), model=tiny_bundle, device="cpu") for seed in range(3)]
    assert warm.busy
    events = collect(warm, lambda events: sum(map(is_last, events)) == 3)
    assert [event.job for event in events if is_last(event)] == jobs and not warm.busy
    found = [event.result for event in events if isinstance(event, Finished)]
    assert len({one.pid for one in found}) == 1
    assert not np.array_equal(found[0].labels.array, found[1].labels.array)


def test_the_second_job_finds_the_model_loaded_and_a_replaced_one_is_loaded_anew(make_worker, tiny_bundle, tmp_path):
    model = shutil.copytree(tiny_bundle, tmp_path / "model")
    worker = make_worker()
    first = run(worker, worker.segment(torso(), model=model, device="cpu"))
    second = run(worker, worker.segment(torso(), model=model, device="cpu"))
    before, again = first[-1].result, second[-1].result
    assert any("is being loaded" in text for text in texts(first)) and child_pid(first) == before.pid == again.pid
    assert any("is loaded already" in text for text in texts(second)) and again.timings["load"] < 0.01
    np.testing.assert_array_equal(before.labels.array, again.labels.array)
    replace_model(model)
    third = run(worker, worker.segment(torso(), model=model, device="cpu"))
    assert any("tiny 0.0.2 is being loaded" in text for text in texts(third))
    assert third[-1].result.pid == before.pid and third[-1].result.model_version == "0.0.2"
    assert not np.array_equal(third[-1].result.labels.array, before.labels.array)


def replace_model(model):
    """Other weights, of another version."""
    from safetensors.torch import load_file, save_file

    weights = {name: tensor.flip(0).contiguous() for name, tensor in load_file(model / WEIGHTS).items()}
    save_file(weights, model / WEIGHTS)
    metadata = json.loads((model / METADATA).read_text(encoding="utf-8"))
    (model / METADATA).write_text(json.dumps({**metadata, "version": "0.0.2"}), encoding="utf-8")
    write_sums(model)


def test_a_model_damaged_between_jobs_is_refused(warm, tiny_bundle, tmp_path):
    model = shutil.copytree(tiny_bundle, tmp_path / "model")
    assert result(warm, warm.segment(torso(), model=model, device="cpu"))
    content = bytearray((model / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (model / WEIGHTS).write_bytes(content)
    assert "SHA-256 differs" in failure(warm, warm.segment(torso(), model=model, device="cpu")).message


def test_devices_are_listed_with_names_and_memory(warm):
    devices = result(warm, warm.devices())
    assert all(isinstance(device, Device) for device in devices)
    cpu = next(device for device in devices if device.key == "cpu")
    assert "CPU" in cpu.name and cpu.memory_bytes >= cpu.free_bytes > 0


def test_an_estimate_learns_from_a_run(warm, tiny_bundle):
    volume = torso((60, 40, 40))
    model = {"model": tiny_bundle, "device": "cpu", "preset": "fast"}
    run(warm, warm.segment(volume, **model))
    found = result(warm, warm.estimate(volume.array.shape, volume.spacing, **model))
    assert isinstance(found, Estimate) and found.measured and found.fits and 0 < found.seconds < 60
    larger = result(warm, warm.estimate((600, 400, 400), volume.spacing, **model))
    assert larger.seconds > 100 * found.seconds and larger.bytes > found.bytes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"structures": ["livr"]}, "livr"),
        ({"device": "cuda:77"}, "cuda:77"),
        ({"preset": "slow"}, "slow"),
        ({"modality": "pet"}, "pet"),
        ({"model": "nowhere"}, "is not a model"),
        ({"region": ((0, 41), (0, 33), (0, 48))}, "region"),
        ({"region": ((3, 3), (0, 33), (0, 48))}, "region"),
    ],
)
def test_wrong_input_is_told_in_one_line(warm, tiny_bundle, options, said):
    failed = failure(warm, warm.segment(torso(), **{"model": tiny_bundle, "device": "cpu", **options}))
    assert said in failed.message and failed.expected


def test_voxels_that_are_no_numbers_are_refused(warm, tiny_bundle):
    volume = torso()
    failed = failure(warm, warm.segment(volume.like(volume.array.astype(complex)), model=tiny_bundle))
    assert "complex128" in failed.message and failed.expected


def test_a_queued_job_is_cancelled_without_harm_to_the_running_one(warm, tiny_bundle):
    first, second, third = (warm.segment(torso(), model=tiny_bundle, device="cpu") for _ in range(3))
    warm.cancel(second)
    events = collect(warm, lambda events: sum(map(is_last, events)) == 3)
    ends = {event.job: type(event) for event in events if is_last(event)}
    assert ends == {first: Finished, second: Cancelled, third: Finished}
    assert all(is_last(event) for event in events if event.job == second)
    warm.cancel(first)  # long over: nothing happens
    assert warm.poll() == []


def test_the_caller_never_waits(make_worker, monkeypatch):
    """Neither for the voxels, which another thread copies, nor for the child."""
    copying, may_copy, write = threading.Event(), threading.Event(), voxels._write

    def held(file, plane):
        copying.set()
        assert threading.current_thread() is not threading.main_thread() and may_copy.wait(60)
        write(file, plane)

    monkeypatch.setattr(voxels, "_write", held)
    worker = make_worker(python=stubborn("guess"))
    job = worker.segment(torso())
    assert copying.wait(60)
    assert not any(map(is_last, worker.poll())) and worker.busy  # nothing is copied yet, and both came back
    may_copy.set()
    assert result(worker, job).labels.array.shape == torso().array.shape


def test_a_closed_worker_takes_nothing(tmp_path):
    worker = Worker(folder=tmp_path)
    worker.close()
    with pytest.raises(RuntimeError, match="closed"):
        worker.devices()
