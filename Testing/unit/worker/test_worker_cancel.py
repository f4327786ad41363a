"""Cancelling at every stage, closing, and death: no process and no file is left. `make bench` measures how soon."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
from worker_runs import (
    child_pid,
    collect,
    failure,
    is_alive,
    is_last,
    processes_below,
    result,
    run,
    stubborn,
    texts,
    torso,
    wait_for,
)

from PartialSegLib.worker import Cancelled, Failed, Progress, voxels

DEADLINE = 30.0  # a hung child would sleep for ten minutes


def at_stage(stage):
    return lambda events: any(isinstance(event, Progress) and event.stage == stage for event in events)


def ends_cancelled(worker, job, pid, folder):
    """Cancel, and hold the worker to what it promises."""
    tree = [pid, *(process.pid for process in processes_below(pid))]
    worker.cancel(job)
    events = collect(worker, lambda events: any(map(is_last, events)), DEADLINE)
    assert [type(event) for event in events] == [Cancelled]
    assert list(folder.iterdir()) == [] and not any(map(is_alive, tree))
    return tree


@pytest.mark.parametrize("stage", ["prepare", "load", "segment", "finish", "write"])
def test_cancel_kills_the_child_and_what_it_started(make_worker, tiny_bundle, tmp_path, stage):
    worker = make_worker(python=stubborn("hang", stage))
    job = worker.segment(torso(), model=tiny_bundle, device="cpu")
    events = collect(worker, at_stage(stage))
    pid = child_pid(events)
    wait_for(lambda: len(processes_below(pid)) == 1, DEADLINE)
    assert len(ends_cancelled(worker, job, pid, tmp_path / "jobs")) == 2


def test_cancel_while_the_child_starts(make_worker, tiny_bundle, tmp_path):
    worker = make_worker(python=stubborn("hang", "start"))
    job = worker.segment(torso(), model=tiny_bundle, device="cpu")
    pid = child_pid(collect(worker, at_stage("copy")))
    wait_for(lambda: len(processes_below(pid)) == 1, DEADLINE)
    ends_cancelled(worker, job, pid, tmp_path / "jobs")


def test_cancel_while_voxels_are_copied_keeps_the_child_warm(make_worker, tiny_bundle, tmp_path, monkeypatch):
    write = voxels._write
    monkeypatch.setattr(voxels, "_write", lambda file, plane: (time.sleep(0.1), write(file, plane)))
    worker = make_worker()
    job = worker.segment(torso((200, 8, 8)), model=tiny_bundle, device="cpu")
    pid = child_pid(collect(worker, at_stage("copy")))
    assert any(path.name == "volume" for path in (tmp_path / "jobs").rglob("*"))
    worker.cancel(job)
    events = collect(worker, lambda events: any(map(is_last, events)), DEADLINE)
    assert events == [Cancelled(job)]
    assert list((tmp_path / "jobs").iterdir()) == [] and is_alive(pid)
    assert result(worker, worker.devices())


def test_a_real_run_is_cancelled_and_the_next_job_runs(make_worker, tiny_bundle, tmp_path):
    worker = make_worker()
    job = worker.segment(torso((120, 100, 100)), model=tiny_bundle, device="cpu")
    pid = child_pid(collect(worker, at_stage("segment")))
    ends_cancelled(worker, job, pid, tmp_path / "jobs")
    again = result(worker, worker.segment(torso(), model=tiny_bundle, device="cpu"))
    assert again.labels.array.any() and again.pid != pid


def test_cancel_after_the_end_but_before_it_was_seen(make_worker, tiny_bundle):
    worker = make_worker()
    job = worker.devices()
    time.sleep(0.1)
    wait_for(lambda: worker._events.qsize() >= 2, 20)
    worker.cancel(job)
    assert worker.poll()[-1] == Cancelled(job) and not worker.busy


def test_a_question_is_cancelled_without_ending_the_child(make_worker):
    worker = make_worker()
    first = worker.devices()
    pid = child_pid(collect(worker, lambda events: len(events) > 0))
    worker.cancel(first)
    assert collect(worker, lambda events: any(map(is_last, events)), DEADLINE) == [Cancelled(first)]
    events = run(worker, worker.devices())
    assert events[-1].result and not texts(events) and is_alive(pid)


def test_close_in_the_middle(make_worker, tiny_bundle, tmp_path):
    worker = make_worker(python=stubborn("hang", "load"))
    running, queued = (worker.segment(torso(), model=tiny_bundle, device="cpu") for _ in range(2))
    pid = child_pid(collect(worker, at_stage("load")))
    worker.close()
    events = collect(worker, lambda events: sum(map(is_last, events)) == 2, DEADLINE)
    assert events == [Cancelled(running), Cancelled(queued)]
    wait_for(lambda: not is_alive(pid), DEADLINE)
    assert list((tmp_path / "jobs").iterdir()) == []


@pytest.mark.parametrize("stage", ["start", "prepare", "load", "segment", "finish", "write"])
def test_a_child_killed_at_any_stage_fails_its_job_and_leaves_nothing(make_worker, tiny_bundle, tmp_path, stage):
    worker = make_worker(python=stubborn("hang", stage))
    job = worker.segment(torso(), model=tiny_bundle, device="cpu")
    # A child that hangs before it speaks has its voxels already.
    pid = child_pid(collect(worker, at_stage("copy" if stage == "start" else stage)))
    wait_for(lambda: len(processes_below(pid)) == 1, DEADLINE)
    tree = [pid, *(process.pid for process in processes_below(pid))]
    os.kill(pid, signal.SIGKILL)
    failed = failure(worker, job, DEADLINE)
    assert "signal 9" in failed.message
    wait_for(lambda: not any(map(is_alive, tree)), DEADLINE)
    assert list((tmp_path / "jobs").iterdir()) == [] and not worker.busy


def test_a_child_killed_while_voxels_are_copied(make_worker, tiny_bundle, tmp_path, monkeypatch):
    killed, write = threading.Event(), voxels._write
    monkeypatch.setattr(voxels, "_write", lambda file, plane: (killed.wait(DEADLINE), write(file, plane)))
    worker = make_worker()
    job = worker.segment(torso(), model=tiny_bundle, device="cpu")
    pid = child_pid(collect(worker, lambda events: any(text.startswith("started") for text in texts(events))))
    os.kill(pid, signal.SIGKILL)
    killed.set()
    assert "signal 9" in failure(worker, job, DEADLINE).message
    assert list((tmp_path / "jobs").iterdir()) == []
    assert result(worker, worker.segment(torso(), model=tiny_bundle, device="cpu")).pid != pid


def test_a_killed_child_fails_its_job_and_the_next_one_gets_a_new_child(make_worker, tiny_bundle, tmp_path):
    worker = make_worker()
    job = worker.segment(torso((120, 100, 100)), model=tiny_bundle, device="cpu")
    pid = child_pid(collect(worker, at_stage("segment")))
    os.kill(pid, signal.SIGKILL)
    failed = failure(worker, job, DEADLINE)
    assert "signal 9" in failed.message and not failed.expected
    assert list((tmp_path / "jobs").iterdir()) == []
    again = result(worker, worker.segment(torso(), model=tiny_bundle, device="cpu"))
    assert again.labels.array.any() and again.pid != pid


def test_a_child_killed_between_jobs_is_replaced(make_worker, tiny_bundle):
    worker = make_worker()
    first = run(worker, worker.devices())
    os.kill(child_pid(first), signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(child_pid(first)), DEADLINE)
    events = run(worker, worker.devices())
    assert not isinstance(events[-1], Failed) and child_pid(events) != child_pid(first)


PARENT = """
import sys, time
sys.path.insert(0, sys.argv[4])
from pathlib import Path
from worker_runs import collect, stubborn, torso, child_pid
from PartialSegLib.worker import Worker, Progress, voxels
python = stubborn("hang", sys.argv[3]) if sys.argv[3] not in ("run", "copy") else None
if sys.argv[3] == "copy":
    write = voxels._write
    voxels._write = lambda file, plane: (time.sleep(1), write(file, plane))
worker = Worker(python=python, folder=Path(sys.argv[2]))
worker.segment(torso((120, 100, 100)), model=Path(sys.argv[1]), device="cpu")
stage = "segment" if sys.argv[3] == "run" else sys.argv[3]
events = collect(worker, lambda events: any(isinstance(e, Progress) and e.stage == stage for e in events))
print(child_pid(events), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("stage", ["copy", "run", "load"])
def test_the_child_ends_with_its_parent_and_cleans_up(tiny_bundle, tmp_path, stage):
    folder = tmp_path / "jobs"
    arguments = [tiny_bundle, folder, stage, os.path.dirname(__file__)]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    try:
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        tree = [pid, *(process.pid for process in psutil.Process(pid).children(recursive=True))]
        assert len(tree) == (2 if stage == "load" else 1) and any(folder.rglob("volume"))
    finally:
        parent.kill()
        parent.communicate()
    wait_for(lambda: not any(map(is_alive, tree)), DEADLINE)
    assert list(folder.iterdir()) == []


def test_leaving_python_ends_the_child(tiny_bundle, tmp_path):
    code = PARENT.replace("time.sleep(600)", "sys.exit()")
    arguments = [tiny_bundle, tmp_path / "jobs", "run", os.path.dirname(__file__)]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    wait_for(lambda: not is_alive(int(done.stdout)), DEADLINE)
    assert list((tmp_path / "jobs").iterdir()) == []


def test_noise_on_stdout_is_only_noise(make_worker, tiny_bundle):
    worker = make_worker(python=stubborn("noise"))
    events = run(worker, worker.segment(torso(), model=tiny_bundle, device="cpu"))
    assert events[-1].result.labels.array.any()
    assert {"Welcome to this Python!", "a library speaks", "and so does a C library"} <= set(texts(events))


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (["/nowhere/PythonSlicer"], "/nowhere/PythonSlicer: No such file"),
        ([os.path.dirname(__file__)], "Permission denied"),
        (stubborn("die"), "cannot start (code 1; it said: this Python is broken)"),
        ([sys.executable, "-c", "pass"], "cannot start (code 0)"),
        ([sys.executable, "-I", "-S"], "cannot start (code 1; it said: "),
    ],
)
def test_a_python_that_cannot_start(make_worker, tiny_bundle, python, said):
    worker = make_worker(python=python)
    for ask in (worker.devices, lambda: worker.segment(torso(), model=tiny_bundle)):
        failed = failure(worker, ask())
        assert said in failed.message and failed.expected


def test_a_folder_that_cannot_be_written(make_worker, tiny_bundle, tmp_path):
    (tmp_path / "file").touch()
    worker = make_worker(folder=tmp_path / "file" / "jobs")
    failed = failure(worker, worker.segment(torso(), model=tiny_bundle))
    assert f"cannot write to {tmp_path / 'file'}" in failed.message and failed.expected


def test_a_disk_that_is_full_when_voxels_are_copied(make_worker, tiny_bundle, tmp_path, monkeypatch):
    def full(file, plane):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(voxels, "_write", full)
    worker = make_worker()
    failed = failure(worker, worker.segment(torso(), model=tiny_bundle))
    assert "No space left on device; free some space" in failed.message and failed.expected
    assert str(tmp_path / "jobs") in failed.message and list((tmp_path / "jobs").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="only POSIX can limit how long a file may be")
def test_a_disk_that_is_full_when_labels_are_written(make_worker, tiny_bundle, tmp_path):
    worker = make_worker(python=stubborn("fill", "1000"))
    volume = torso()
    failed = failure(worker, worker.segment(volume, model=tiny_bundle, device="cpu"))
    assert "File too large; free some space" in failed.message and failed.expected
    assert list((tmp_path / "jobs").iterdir()) == []
    tiny = volume.like(np.zeros_like(volume.array))
    region = ((0, 5), (0, 5), (0, 5))
    assert result(worker, worker.segment(tiny, model=tiny_bundle, device="cpu", region=region))
