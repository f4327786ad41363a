"""Events of the worker reach who asked; work on the GUI thread comes in small pieces."""

import time

import pytest

from PartialSegLib.worker.events import Cancelled, Failed, Finished, Log

pytestmark = pytest.mark.usefixtures("panels")


class FakeWorker:
    def __init__(self):
        self.events, self.cancelled, self.closed, self.jobs = [], [], False, 0

    def ask(self):
        self.jobs += 1
        return self.jobs

    def poll(self):
        events, self.events = self.events, []
        return events

    def cancel(self, job):
        self.cancelled.append(job)

    def close(self):
        self.closed = True


@pytest.fixture
def made():
    return []


@pytest.fixture
def jobs(made):
    from PartialSegPanels.jobs import Jobs

    def make():
        made.append(FakeWorker())
        return made[-1]

    awake = []
    jobs = Jobs(make, awake.append, lambda event: isinstance(event, (Finished, Failed, Cancelled)))
    jobs.awake = awake
    return jobs


def test_no_worker_before_the_first_job(jobs, made):
    jobs.tick()
    assert made == [] and not jobs.busy


def test_each_event_goes_to_who_asked(jobs, made):
    heard = {1: [], 2: []}
    assert jobs.start(FakeWorker.ask, heard[1].append) == 1
    assert jobs.start(FakeWorker.ask, heard[2].append) == 2
    made[0].events = [Log(2, "second"), Finished(1, "first")]
    jobs.tick()
    assert heard == {1: [Finished(1, "first")], 2: [Log(2, "second")]} or heard[1][0].result == "first"
    assert jobs.busy and jobs.awake == [True, True]
    made[0].events = [Cancelled(2)]
    jobs.tick()
    assert not jobs.busy and jobs.awake[-1] is False


def test_what_is_forgotten_is_cancelled_and_not_heard(jobs, made):
    heard = []
    job = jobs.start(FakeWorker.ask, heard.append)
    jobs.forget(job)
    made[0].events = [Log(job, "too late"), Cancelled(job)]
    jobs.tick()
    assert heard == [] and made[0].cancelled == [job]


def test_a_new_worker_after_close(jobs, made):
    heard = []
    jobs.start(FakeWorker.ask, heard.append)
    jobs.close()
    assert made[0].closed and not jobs.busy
    jobs.start(FakeWorker.ask, heard.append)
    assert len(made) == 2


def test_a_listener_may_start_the_next_job(jobs, made):
    heard = []
    jobs.start(FakeWorker.ask, lambda event: jobs.start(FakeWorker.ask, heard.append))
    made[0].events = [Finished(1, None)]
    jobs.tick()
    assert jobs.busy and jobs.awake[-1] is True


def steps_of(generator, log):
    from PartialSegPanels.steps import Steps

    return Steps(generator, lambda on: None, lambda value: log.append(("done", value)), log.append)


def test_a_tick_takes_no_longer_than_its_budget():
    from PartialSegPanels.steps import BUDGET_S

    def slow():
        for _ in range(20):
            time.sleep(0.004)
            yield
        return "all"

    log = []
    steps = steps_of(slow(), log)
    ticks, longest = 0, 0.0
    while steps.running:
        start = time.perf_counter()
        steps.tick()
        longest = max(longest, time.perf_counter() - start)
        ticks += 1
    assert log == [("done", "all")] and ticks > 2
    assert longest < BUDGET_S + 0.03


def test_steps_report_what_went_wrong():
    def broken():
        yield
        raise ValueError("broken")

    log = []
    steps = steps_of(broken(), log)
    steps.tick()
    assert [type(entry) for entry in log] == [ValueError] and not steps.running


def test_cancelled_steps_put_things_back_and_tell_nobody():
    log, undone = [], []

    def work():
        try:
            while True:
                time.sleep(0.03)
                yield
        finally:
            undone.append(True)

    steps = steps_of(work(), log)
    steps.tick()
    steps.cancel()
    steps.tick()
    assert undone == [True] and log == [] and not steps.running
