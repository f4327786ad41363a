"""Events of the worker reach who asked; work on the GUI thread comes in small pieces."""

from types import SimpleNamespace

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


@pytest.fixture
def clock(monkeypatch):
    """Seconds by a clock that only the test moves."""
    from PartialSegPanels import steps

    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(steps, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


@pytest.mark.parametrize(("step_s", "steps_in_a_tick"), [(0.004, 3), (0.006, 2), (0.2, 1), (0.0, 20)])
def test_a_tick_takes_as_many_steps_as_fit_into_its_budget(clock, step_s, steps_in_a_tick):
    taken, log = [], []

    def work():
        for _ in range(20):
            clock.now += step_s
            taken.append(clock.now)
            yield
        return "all"

    steps = steps_of(work(), log)
    steps.tick()
    assert len(taken) == steps_in_a_tick and steps.running == (len(taken) < 20)
    while steps.running:
        steps.tick()
    assert len(taken) == 20 and log == [("done", "all")]


def test_steps_report_what_went_wrong():
    def broken():
        yield
        raise ValueError("broken")

    log = []
    steps = steps_of(broken(), log)
    steps.tick()
    assert [type(entry) for entry in log] == [ValueError] and not steps.running


def test_cancelled_steps_put_things_back_and_tell_nobody(clock):
    log, undone = [], []

    def work():
        try:
            while True:
                clock.now += 1.0
                yield
        finally:
            undone.append(True)

    steps = steps_of(work(), log)
    steps.tick()
    steps.cancel()
    steps.tick()
    assert undone == [True] and log == [] and not steps.running
