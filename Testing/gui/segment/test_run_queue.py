"""The queue of volumes without widgets and scene: who runs when, and what is left after each way to end."""

import pytest
from segment_fakes import FakeJobs, FakeScene, FakeSteps, a_result

from PartialSegLib.errors import UserError
from PartialSegLib.worker.events import Cancelled, Failed, Finished, Log, Progress

pytestmark = pytest.mark.usefixtures("panels")


class Bench:
    """The queue with everything that it is handed."""

    def __init__(self):
        from PartialSegPanels.segment.runs import Runs

        self.jobs, self.steps, self.scene = FakeJobs(), FakeSteps(), FakeScene()
        self.log, self.finished, self.changes = [], [], 0
        self.runs = Runs(
            self.jobs, self.steps, self.scene, self._changed, self.log.append, lambda task: self.finished.append(task)
        )

    def _changed(self):
        self.changes += 1

    def add(self, name, **changes):
        from PartialSegPanels.segment.tasks import Request, Task

        task = Task(name, name, Request(), **changes)
        self.runs.add(task)
        return task

    def finish(self, job):
        self.jobs.send(Finished(job, a_result()))
        self.steps.take_all()


@pytest.fixture
def bench():
    return Bench()


def states(bench):
    return [task.state.value for task in bench.runs.tasks]


def test_volumes_run_one_after_the_other(bench):
    first, second = bench.add("a"), bench.add("b")
    bench.runs.start()
    assert states(bench) == ["running", "waiting"] and len(bench.jobs.asked) == 1
    bench.finish(1)
    assert states(bench) == ["done", "running"]
    bench.finish(2)
    assert states(bench) == ["done", "done"] and bench.finished == [first, second]
    assert [volume for volume, _arguments in bench.jobs.asked] == ["a", "b"]
    assert first.output_id == "segmentation of a"


def test_a_request_reaches_the_worker_whole(bench):
    from PartialSegPanels.segment.tasks import Request, Task

    request = Request(device="cuda:1", preset="fast", modality="mr", structures=(1, 6), region=((0, 9), (1, 8), (2, 7)))
    bench.runs.add(Task("a", "a", request))
    bench.runs.start()
    assert bench.jobs.asked == [("a", {**vars(request)})]


def test_a_volume_added_during_a_run_follows_by_itself(bench):
    bench.add("a")
    bench.runs.start()
    bench.add("b")
    bench.finish(1)
    assert states(bench) == ["done", "running"]


def test_progress_counts_all_frames(bench):
    bench.add("a", browser_id="browser", frames=(0, 1, 2, 3))
    bench.runs.start()
    bench.finish(1)
    bench.jobs.send(Progress(2, "segment", 0.5, 7.0))
    assert bench.runs.standing.fraction == pytest.approx(1.5 / 4)
    assert bench.runs.standing.stage == "segment"


def test_frames_follow_each_other(bench):
    task = bench.add("a", browser_id="browser", frames=(0, 1, 2))
    bench.runs.start()
    for job in (1, 2, 3):
        bench.finish(job)
    assert [frame for _, frame, _ in bench.scene.written] == [0, 1, 2]
    assert sorted(task.results) == [0, 1, 2] and states(bench) == ["done"]


def test_cancel_while_the_worker_works(bench):
    bench.add("a"), bench.add("b")
    bench.runs.start()
    bench.runs.cancel()
    assert bench.runs.cancelling and bench.jobs.cancelled == [1]
    bench.runs.cancel()  # pressed twice
    assert bench.jobs.cancelled == [1]
    bench.jobs.send(Cancelled(1))
    assert states(bench) == ["cancelled", "waiting"] and bench.runs.running is None
    assert bench.scene.written == [] and bench.runs.standing is None


def test_a_result_that_comes_after_cancel_is_not_shown(bench):
    bench.add("a")
    bench.runs.start()
    bench.runs.cancel()
    bench.jobs.send(Finished(1, a_result()))
    assert states(bench) == ["cancelled"] and bench.steps.waiting == []


def test_cancel_while_the_result_is_written_takes_it_back(bench):
    bench.add("a")
    bench.runs.start()
    bench.jobs.send(Finished(1, a_result()))
    bench.steps.take_one()
    bench.runs.cancel()
    assert bench.scene.undone == ["a"] and bench.scene.written == [] and states(bench) == ["cancelled"]


def test_frames_of_a_cancelled_sequence_are_discarded(bench):
    bench.add("a", browser_id="browser", frames=(0, 1))
    bench.runs.start()
    bench.finish(1)
    bench.runs.cancel()
    bench.jobs.send(Cancelled(2))
    assert bench.scene.discarded == ["a"]


def test_a_failure_is_said_and_the_next_one_runs(bench):
    first = bench.add("a")
    bench.add("b")
    bench.runs.start()
    bench.jobs.send(Failed(1, "the worker was killed: press Segment again", False))
    assert first.message == "the worker was killed: press Segment again"
    assert states(bench) == ["failed", "running"]


def test_a_failure_to_write_is_said(bench):
    task = bench.add("a")
    bench.scene.problem = UserError("the labels do not fit a: segment it again")
    bench.runs.start()
    bench.jobs.send(Finished(1, a_result()))
    bench.steps.take_all()
    assert states(bench) == ["failed"] and task.message == "the labels do not fit a: segment it again"


def test_a_volume_that_cannot_be_read_fails_before_the_worker_is_asked(bench):
    bench.add("a")
    bench.scene.gone.add("a")
    bench.runs.start()
    assert states(bench) == ["failed"] and bench.jobs.asked == []


def test_deleting_the_volume_stops_its_run_and_the_next_one_starts(bench):
    first = bench.add("a")
    bench.add("b")
    bench.runs.start()
    bench.scene.gone.add("a")
    bench.runs.check_nodes()
    assert bench.jobs.cancelled == [1]
    bench.jobs.send(Cancelled(1))
    assert states(bench) == ["cancelled", "running"] and "removed" in first.message


def test_deleting_the_volume_while_its_result_is_written(bench):
    bench.add("a"), bench.add("b")
    bench.runs.start()
    bench.jobs.send(Finished(1, a_result()))
    bench.steps.take_one()
    bench.scene.gone.add("a")
    bench.runs.check_nodes()
    assert bench.scene.undone == ["a"] and states(bench) == ["cancelled", "running"]


def test_deleting_a_waiting_volume_takes_it_out_of_the_queue(bench):
    bench.add("a"), bench.add("b")
    bench.runs.start()
    bench.scene.gone.add("b")
    bench.runs.check_nodes()
    assert states(bench) == ["running"]


def test_drop_forgets_everything(bench):
    bench.add("a"), bench.add("b")
    bench.runs.start()
    bench.runs.drop()
    assert bench.jobs.forgotten == [1] and bench.runs.tasks == [] and bench.runs.standing is None


def test_drop_while_the_result_is_written_takes_it_back(bench):
    bench.add("a")
    bench.runs.start()
    bench.jobs.send(Finished(1, a_result()))
    bench.steps.take_one()
    bench.runs.drop()
    assert bench.scene.undone == ["a"]


def test_finished_ones_can_be_removed(bench):
    bench.add("a"), bench.add("b")
    bench.runs.start()
    bench.finish(1)
    bench.runs.remove_finished()
    assert [task.title for task in bench.runs.tasks] == ["b"]


def test_the_log_gets_the_workers_lines(bench):
    bench.add("a")
    bench.runs.start()
    bench.jobs.send(Log(1, "OpenVINO 2026.0"))
    assert "OpenVINO 2026.0" in bench.log
