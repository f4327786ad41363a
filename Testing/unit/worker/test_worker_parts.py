import os
import subprocess
import sys
import time

import numpy as np
import pytest
from worker_runs import torso

from PartialSegLib.errors import UserError
from PartialSegLib.worker import scratch
from PartialSegLib.worker.eta import Eta
from PartialSegLib.worker.scratch import Scratch, sweep
from PartialSegLib.worker.voxels import cropped, read_labels, receive_volume, send_volume, write_labels

REGION = ((2, 10), (0, 5), (7, 8))


def test_time_left_is_told_from_the_pace_of_the_windows():
    now = [0.0]
    eta = Eta(lambda: now[0])
    assert eta.left("prepare", 0.05) is None
    now[0] = 100.0  # loading says nothing about windows
    assert eta.left("segment", 0.1) is None
    now[0] = 102.0
    assert eta.left("segment", 0.11) is None
    now[0] = 110.0
    assert eta.left("segment", 0.3) == pytest.approx(35.0)
    assert eta.left("finish", 1.0) == 0


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.uint8, ">i2", bool, np.float64])
@pytest.mark.parametrize("region", [None, REGION])
def test_voxels_arrive_as_they_were_sent(tmp_path, dtype, region):
    volume = torso()
    volume = volume.like(np.asfortranarray(volume.array.astype(dtype)))
    part = cropped(volume, region)
    shares = []
    arrived = receive_volume(send_volume(part, tmp_path / "volume", shares.append))
    np.testing.assert_array_equal(arrived.array, part.array)
    assert arrived.same_grid(part) and arrived.modality == "ct" and shares[-1] == 1 and shares == sorted(shares)


def test_a_region_lies_where_its_voxels_lay():
    volume = torso()
    part = cropped(volume, REGION)
    np.testing.assert_allclose(part.world((0, 0, 0)), volume.world((7, 0, 2)))
    assert part.array.shape == (8, 5, 1) and part.array.base is not None


def test_labels_cut_short_are_no_labels(tmp_path):
    volume = torso()
    write_labels(tmp_path / "labels", np.ones((8, 5, 1), np.uint8)[:7])
    with pytest.raises(EOFError):
        read_labels(tmp_path / "labels", volume, REGION)


def test_an_empty_volume_is_refused(tmp_path):
    volume = torso((1, 2, 3))
    empty = type(volume)(volume.array[:0], volume.spacing, volume.origin, volume.direction)
    with pytest.raises(UserError, match="0 voxels"):
        send_volume(empty, tmp_path / "volume", print)


def test_a_scratch_folder_goes_with_its_context_even_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="stop"), Scratch(tmp_path / "new") as folder:
        (folder / "volume").write_bytes(b"voxels")
        raise ValueError("stop")
    assert list((tmp_path / "new").iterdir()) == []


def test_only_folders_whose_owner_died_are_swept(tmp_path, monkeypatch):
    dead = tmp_path / f"{scratch._PREFIX}dead"
    dead.mkdir()
    (dead / "owner").touch()
    (dead / "volume").touch()
    half = tmp_path / f"{scratch._PREFIX}half"
    half.mkdir()
    other = tmp_path / "holiday pictures"
    other.mkdir()
    sweep(tmp_path)
    assert dead.exists()  # it is new: its owner may just be about to lock it
    old = time.time() - 3600
    with Scratch(tmp_path) as living:
        for folder in (dead, half, other, living):
            os.utime(folder, (old, old))
        sweep(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([living, other])
    sweep(tmp_path / "nowhere")


@pytest.mark.parametrize("module", ["worker", "models", "ranking", "inference.devices", "inference.estimate"])
def test_a_slicer_without_our_packages_can_import_it(module):
    heavy = {"torch", "pydantic", "safetensors", "rich", "psutil", "openvino", "numba", "SimpleITK", "scipy"}
    code = f"import sys, PartialSegLib.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert f"PartialSegLib.{module}" in loaded and not heavy & set(loaded)
