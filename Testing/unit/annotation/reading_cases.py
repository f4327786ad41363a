"""A small case on disk, and readings whose whole content follows from a number."""

import json
import os
import signal

import numpy as np

from PartialSegLib.annotation.ledger import same
from PartialSegLib.annotation.reading import CaseState, Reading, open_reading
from PartialSegLib.image import Volume, write_volume
from PartialSegLib.supervision import Completeness, State

SHAPE = (6, 7, 8)
N = 17
UNIONS = {20: (2, 3)}
TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])  # as no scanner's table lies


def volume(array):
    return Volume(array, (0.7, 1.1, 2.5), (-101.5, 33.25, 7.125), TURN)


def new_case(folder, name="c1", **entry):
    """A case folder with an image and a case.json; returns its path."""
    case = folder / name
    case.mkdir(parents=True)
    image = np.random.default_rng(1).integers(-1000, 1000, SHAPE).astype(np.int16)
    write_volume(case / "image.nii.gz", volume(image))
    (case / "case.json").write_text(json.dumps({"modality": "ct", **entry}), encoding="utf-8")
    return case


def content(number, reader="AB", **changes):
    """Reading number so-and-so: labels, record, state and time all tell which."""
    rng = np.random.default_rng(number)
    labels = rng.choice(np.array([0, 0, 0, 1, 2, 6, 20, 255], np.uint8), SHAPE)
    labels[number % 6] = 0
    tables = [np.zeros((n, N), np.uint8) for n in SHAPE]
    tables[0][number % 6, 1:] = State.COMPLETE
    tables[1][number % 7, [1, 6]] = State.COMPLETE
    tables[2][number % 8, 9] = State.IN_PART
    record = np.zeros(N, np.uint8)
    record[[1, 2, 6]], record[15] = State.IN_PART, State.COMPLETE
    values = {
        "reader": reader,
        "labels": volume(labels),
        "completeness": Completeness(record, *tables),
        "unions": UNIONS,
        "state": (CaseState.IN_PROGRESS, CaseState.DONE, CaseState.FLAGGED)[number % 3],
        "seconds": float(number),
    }
    return Reading(**{**values, **changes})


def assert_same(reading, expected):
    """Everything that was said is equal."""
    assert reading.warnings == ()
    np.testing.assert_array_equal(reading.labels.array, expected.labels.array)
    assert reading.labels.same_grid(expected.labels)
    assert same(reading.completeness, expected.completeness)
    assert (reading.unions, reading.state, reading.seconds) == (expected.unions, expected.state, expected.seconds)


def opened(case, reader="AB"):
    reading = open_reading(case, reader)
    assert reading is not None
    return reading


def files(folder):
    """Path below `folder` -> bytes, of all files."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def in_child(act):
    """Run `act` in a forked process, whose exit code is its number or 99 for an unforeseen error; returns the pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        code = act()
    finally:
        os._exit(code)


def exit_code(pid):
    """Of a child, negative for the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
