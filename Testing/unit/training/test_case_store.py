"""Prepared cases: what is written is read, whole or in crops, and half a case is never taken for one."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partialseg_training.data.store import INTENSITY_SCALE, CaseRecord, is_finished, load_case, save_case
from PartialSegLib.errors import UserError

SHAPE = (40, 35, 33)
RECORD = CaseRecord("case 1", "tiny", "ct", (2, 6), SHAPE, synthetic=False)


def arrays():
    rng = np.random.default_rng(0)
    image = rng.random(SHAPE, np.float32)
    image[0, 0, :2] = 0, 1
    labels, tissue = rng.integers(0, 17, SHAPE, np.uint8), rng.integers(0, 43, SHAPE, np.uint8)
    centres = {0: np.zeros((0, 3), np.int16), 6: rng.integers(0, 30, (5, 3)).astype(np.int16)}
    return image, labels, tissue, centres


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "case 1"
    save_case(folder, RECORD, *arrays())
    return folder


def test_round_trip(folder):
    image, labels, tissue, centres = arrays()
    case = load_case(folder)
    assert case.record == RECORD
    np.testing.assert_allclose(case.image[:] / INTENSITY_SCALE, image, atol=0.5 / INTENSITY_SCALE)
    assert case.image[0, 0, :2].tolist() == [0, INTENSITY_SCALE]
    np.testing.assert_array_equal(case.labels[:], labels)
    np.testing.assert_array_equal(case.tissue[:], tissue)
    assert case.centres.keys() == centres.keys()
    for value, points in centres.items():
        np.testing.assert_array_equal(case.centres[value], points)


@settings(max_examples=30, deadline=None)
@given(corners=st.tuples(*(st.tuples(st.integers(0, n - 1), st.integers(1, n)) for n in SHAPE)))
def test_a_crop_is_that_part_of_the_whole(folder, corners):
    box = tuple(slice(min(a, b - 1), b) for a, b in corners)
    np.testing.assert_array_equal(load_case(folder).labels[box], arrays()[1][box])


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux does")
def test_no_thread_is_left_that_a_forked_process_would_wait_for(tmp_path):
    before = len(os.listdir("/proc/self/task"))
    save_case(tmp_path / "case", RECORD, *arrays())
    case = load_case(tmp_path / "case")
    assert case.image[:].shape == case.labels[:].shape == SHAPE
    assert len(os.listdir("/proc/self/task")) == before


def test_a_case_can_be_handed_to_another_process(folder):
    copy = pickle.loads(pickle.dumps(load_case(folder)))
    assert copy.record == RECORD
    np.testing.assert_array_equal(copy.labels[:], arrays()[1])


@pytest.mark.parametrize("step", ["np.savez", "json.dumps"])
def test_a_case_whose_writing_was_cut_short_is_unfinished(tmp_path, monkeypatch, step):
    def power_failure(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"partialseg_training.data.store.{step}", power_failure)
    with pytest.raises(KeyboardInterrupt):
        save_case(tmp_path / "case", RECORD, *arrays())
    assert not is_finished(tmp_path / "case")
    monkeypatch.undo()
    with pytest.raises(UserError, match="train again"):
        load_case(tmp_path / "case")
    save_case(tmp_path / "case", RECORD, *arrays())
    assert is_finished(tmp_path / "case")
    np.testing.assert_array_equal(load_case(tmp_path / "case").labels[:], arrays()[1])


@pytest.mark.parametrize("name", ["case.json", "image.b2nd", "labels.b2nd", "tissue.b2nd", "centres.npz"])
@pytest.mark.parametrize("damage", ["missing", "empty", "garbage"])
def test_damaged_cases_are_refused(tmp_path, name, damage):
    save_case(tmp_path / "case", RECORD, *arrays())
    path = tmp_path / "case" / name
    path.unlink() if damage == "missing" else path.write_bytes(b"" if damage == "empty" else b'["text"]')
    with pytest.raises(UserError, match="delete that folder and train again"):
        load_case(tmp_path / "case")
