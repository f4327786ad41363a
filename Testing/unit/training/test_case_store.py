"""Prepared cases: what is written is read, whole or in crops, and half a case is never taken for one."""

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import blosc2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partialseg_training.data.store import (
    INTENSITY_SCALE,
    CaseRecord,
    claim_store,
    is_finished,
    load_case,
    save_case,
    saved_source,
)
from PartialSegLib.errors import UserError
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import Completeness, State

SHAPE = (40, 35, 33)
RECORD = CaseRecord("case 1", "tiny", "ct", (2, 6), SHAPE, False, "patient x", {20: (0, 3)}, "ab12")


def completeness():
    volume = np.zeros(17, np.uint8)
    volume[[2, 6]], volume[9] = State.COMPLETE, State.IN_PART
    table = np.zeros((35, 17), np.uint8)
    table[3:9, 5] = State.COMPLETE
    return Completeness(volume, y=table)


def arrays():
    rng = np.random.default_rng(0)
    image = rng.random(SHAPE, np.float32)
    image[0, 0, :2] = 0, 1
    labels, tissue = rng.integers(0, 17, SHAPE, np.uint8), rng.integers(0, 43, SHAPE, np.uint8)
    centres = {0: np.zeros((0, 3), np.int16), 6: rng.integers(0, 30, (5, 3)).astype(np.int16)}
    return image, labels, tissue, centres


def save(folder, source=None):
    save_case(folder, RECORD, completeness(), *arrays(), source)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "case 1"
    save(folder, {"says": "this"})
    return folder


def test_round_trip(folder):
    image, labels, tissue, centres = arrays()
    case = load_case(folder)
    assert case.record == RECORD and case.unions == {20: (0, 3)}
    np.testing.assert_allclose(case.image[:] / INTENSITY_SCALE, image, atol=0.5 / INTENSITY_SCALE)
    assert case.image[0, 0, :2].tolist() == [0, INTENSITY_SCALE]
    np.testing.assert_array_equal(case.labels[:], labels)
    np.testing.assert_array_equal(case.tissue[:], tissue)
    assert case.centres.keys() == centres.keys()
    for value, points in centres.items():
        np.testing.assert_array_equal(case.centres[value], points)
    np.testing.assert_array_equal(case.completeness.volume, completeness().volume)
    np.testing.assert_array_equal(case.completeness.y, completeness().y)
    assert case.completeness.z is None and case.completeness.x is None
    assert saved_source(folder) == {"says": "this"}


@settings(max_examples=30, deadline=None)
@given(corners=st.tuples(*(st.tuples(st.integers(0, n - 1), st.integers(1, n)) for n in SHAPE)))
def test_a_crop_is_that_part_of_the_whole(folder, corners):
    box = tuple(slice(min(a, b - 1), b) for a, b in corners)
    np.testing.assert_array_equal(load_case(folder).labels[box], arrays()[1][box])


def test_volumes_too_large_for_one_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr("partialseg_training.data.store._CHUNK_BYTES", 40_000)
    save(tmp_path / "case")
    case = load_case(tmp_path / "case")
    assert blosc2.open(str(tmp_path / "case" / "image.b2nd")).chunks == (32, 35, 33)
    np.testing.assert_array_equal(case.labels[:], arrays()[1])


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux does")
def test_no_thread_is_left_that_a_forked_process_would_wait_for(tmp_path):
    before = len(os.listdir("/proc/self/task"))
    save(tmp_path / "case")
    case = load_case(tmp_path / "case")
    assert case.image[:].shape == case.labels[:].shape == SHAPE
    assert len(os.listdir("/proc/self/task")) == before


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted as Linux does")
def test_thousands_of_cases_need_no_open_files(folder):
    before = len(os.listdir("/proc/self/fd"))
    cases = [load_case(folder) for _ in range(3)]
    assert all(case.image[:1].shape == (1, *SHAPE[1:]) for case in cases)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_case_can_be_handed_to_another_process(folder):
    copy = pickle.loads(pickle.dumps(load_case(folder)))
    assert copy.record == RECORD
    np.testing.assert_array_equal(copy.labels[:], arrays()[1])


@pytest.mark.parametrize("step", ["_write_array", "np.savez", "json.dumps"])
def test_nothing_is_left_of_a_case_whose_writing_was_cut_short(tmp_path, monkeypatch, step):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"partialseg_training.data.store.{step}", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "case")
    assert not is_finished(tmp_path / "case") and list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    with pytest.raises(UserError, match="prepare it again"):
        load_case(tmp_path / "case")
    save(tmp_path / "case")
    assert [path.name for path in tmp_path.iterdir()] == ["case"]
    np.testing.assert_array_equal(load_case(tmp_path / "case").labels[:], arrays()[1])


def test_of_two_processes_that_prepare_a_case_the_first_one_wins(tmp_path):
    save(tmp_path / "case", "first")
    case = load_case(tmp_path / "case")
    save(tmp_path / "case", "second")
    assert saved_source(tmp_path / "case") == "first"
    np.testing.assert_array_equal(case.labels[:], arrays()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="a file size limit stands for a full disk")
def test_a_full_disk(tmp_path):
    code = (
        "import resource, signal, sys; sys.path += ['.', 'training', 'Testing/unit/training']\n"
        "from test_case_store import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n    save(Path(sys.argv[1]) / 'case')\nexcept UserError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-B", "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert "cannot write" in done.stdout and "check the free space" in done.stdout, done.stderr
    assert len(done.stdout.splitlines()) == 1 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["case.json", "image.b2nd", "labels.b2nd", "tissue.b2nd", "centres.npz"])
@pytest.mark.parametrize("damage", ["missing", "empty", "garbage"])
def test_damaged_cases_are_refused(tmp_path, name, damage):
    save(tmp_path / "case")
    path = tmp_path / "case" / name
    path.unlink() if damage == "missing" else path.write_bytes(b"" if damage == "empty" else b'["text"]')
    with pytest.raises(UserError, match="delete that folder and prepare it again") as caught:
        load_case(tmp_path / "case")
    assert "\n" not in str(caught.value)


def test_a_store_is_of_one_preprocessing_and_label_set(tmp_path):
    store, two, three = tmp_path / "store", Preprocessing(), Preprocessing((3, 3, 3))
    claim_store(store, two, load_label_set("abdomen16"))
    claim_store(store, two, load_label_set("abdomen16"))
    with pytest.raises(UserError, match="prepared with other preprocessing: choose another folder"):
        claim_store(store, three, load_label_set("abdomen16"))
    with pytest.raises(UserError, match="prepared with another label set"):
        claim_store(store, two, load_label_set("word16"))
    (store / "store.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"store cannot be read"):
        claim_store(store, two, load_label_set("abdomen16"))


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    old, new = tmp_path / ".partial-old", tmp_path / ".partial-new"
    for left in (old, new):
        left.mkdir()
        (left / "image.b2nd").write_bytes(b"half")
    hours_ago = time.time() - 10_000
    os.utime(old, (hours_ago, hours_ago))
    claim_store(tmp_path, Preprocessing(), load_label_set())
    assert not old.exists() and new.exists()
