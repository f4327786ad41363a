"""The window stays alive: no call of ours waits for the worker, and long work comes in steps between other events.

How long the steps take is measured by `make bench`, part "window".
"""

import signal
import threading

import psutil
import pytest
from segment_bench import worker_pids

from PartialSegLib.worker import voxels

BEATS = 20
# What a call may give to the worker's threads on purpose (see PartialSegPanels.jobs), and no more.
LONGEST_S = 0.01


@pytest.fixture
def beats(bench):
    """Grows by one with every round of the event loop in which a timer was served."""
    from PySide6.QtCore import QTimer

    counted = []
    timer = QTimer()
    timer.timeout.connect(lambda: counted.append(len(counted)))
    timer.start(0)
    yield counted
    timer.stop()


@pytest.fixture
def waits(monkeypatch):
    """How long (s, None: for ever) the GUI thread was ready to wait for a thread or for the child."""
    asked, condition_wait, join = [], threading.Condition.wait, threading.Thread.join

    def in_window():
        return threading.current_thread() is threading.main_thread()

    def wait(self, timeout=None):
        if in_window():
            asked.append(timeout)
        return condition_wait(self, timeout)

    def joined(self, timeout=None):
        if in_window():
            asked.append(timeout)
        return join(self, timeout)

    monkeypatch.setattr(threading.Condition, "wait", wait)
    monkeypatch.setattr(threading.Thread, "join", joined)
    return asked


def too_long(waits):
    # A new thread says that it has started before it does anything else: that wait is none for the worker.
    return [wait for wait in waits if wait is not None and wait > LONGEST_S]


def test_no_call_of_ours_waits_for_the_worker(bench, waits, monkeypatch):
    writing, write = set(), voxels._write
    monkeypatch.setattr(
        voxels, "_write", lambda *arguments: (writing.add(threading.current_thread()), write(*arguments))
    )
    task = bench.segment()
    assert task.state.value == "done", task.message
    assert too_long(waits) == []
    assert writing and threading.main_thread() not in writing


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="only POSIX can stop a process")
def test_the_window_lives_while_the_worker_says_nothing(bench, beats):
    bench.click(bench.ui.segmentButton)
    bench.wait_for_stage("segment")
    for pid in worker_pids():
        psutil.Process(pid).suspend()
    seen = len(beats)
    bench.host.wait_for(lambda: len(beats) > seen + BEATS, 30)
    assert bench.runs.running is not None
    bench.click(bench.ui.segmentButton)  # Cancel
    bench.wait_until_idle()
    assert bench.runs.tasks[-1].state.value == "cancelled"


@pytest.mark.parametrize("refresh", [False, True])
def test_a_result_is_written_in_steps_between_other_events(bench, beats, monkeypatch, refresh):
    from PartialSegPanels import steps

    if refresh:
        bench.segment()
        bench.parameters.output_segmentation = bench.segmentations()[0]
        bench.host.process(0.05)
    monkeypatch.setattr(steps, "BUDGET_S", 0.0)  # one step in each tick
    ticks, tick = [], steps.Steps.tick
    monkeypatch.setattr(steps.Steps, "tick", lambda self: (ticks.append(len(beats)), tick(self)))
    task = bench.segment()
    assert task.state.value == "done", task.message
    least = 3 if refresh else 16 + 3  # a new segmentation gets its segments one by one
    assert len(ticks) > least and len(set(ticks)) > least - 1
