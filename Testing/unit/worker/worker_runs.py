"""Volumes, waiting, and looking for what a worker leaves behind."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from PartialSegLib.image import Volume
from PartialSegLib.worker import Cancelled, Failed, Finished, Log

STUB = Path(__file__).parent / "stubborn_child.py"


def torso(shape=(40, 33, 48), seed=0):
    """Soft tissue in air, 8 mm voxels (int16, HU)."""
    array = np.full(shape, -1000, np.int16)
    inside = tuple(slice(n // 8, n - n // 8) for n in shape)
    noise = np.random.default_rng(seed).integers(-80, 120, array[inside].shape)
    array[inside] = noise
    return Volume(array, (8.0, 8.0, 8.0), (-10.0, 20.0, 30.0), np.eye(3), "ct")


def stubborn(*how):
    """`python` of a worker whose child misbehaves; see stubborn_child.py."""
    return [sys.executable, str(STUB), *how]


def run(worker, job, timeout=60):
    """All events of a job, the last of which ends it."""
    return collect(worker, lambda events: any(event.job == job and is_last(event) for event in events), timeout)


def collect(worker, enough, timeout=60):
    """Poll until `enough(events)`."""
    events = []
    start = time.monotonic()
    while not enough(events):
        assert time.monotonic() - start < timeout, f"not within {timeout} s: {events}"
        events += worker.poll()
        time.sleep(0.01)
    return events


def is_last(event):
    return isinstance(event, (Finished, Failed, Cancelled))


def result(worker, job, timeout=60):
    """What a job that must succeed gives."""
    last = next(event for event in run(worker, job, timeout) if event.job == job and is_last(event))
    assert isinstance(last, Finished), last
    return last.result


def failure(worker, job, timeout=60):
    """How a job that must fail does."""
    last = next(event for event in run(worker, job, timeout) if event.job == job and is_last(event))
    assert isinstance(last, Failed), last
    assert "\n" not in last.message
    return last


def texts(events):
    return [event.text for event in events if isinstance(event, Log)]


def child_pid(events):
    return next(int(text.split()[-1]) for text in texts(events) if text.startswith("started process"))


def processes_below(pid=None):
    """Living processes that this one, or `pid`, started."""
    try:
        found = psutil.Process(pid or os.getpid()).children(recursive=True)
        return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_for(condition, timeout):
    """Seconds until `condition()`; fails when it takes longer than `timeout`."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < timeout
        time.sleep(0.01)
    return time.monotonic() - start
