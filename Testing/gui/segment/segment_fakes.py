"""Stand-ins for what the Segment tab's logic is handed: a worker told what to say, a scene without nodes."""

from types import SimpleNamespace

from PartialSegLib.errors import UserError


class FakeJobs:
    """Jobs whose events the test sends."""

    def __init__(self):
        self.asked = []
        self.cancelled = []
        self.forgotten = []
        self._hear = {}

    def start(self, ask, hear):
        job = len(self.asked) + 1
        self.asked.append(ask(self))
        self._hear[job] = hear
        return job

    def segment(self, volume, **arguments):
        return volume, arguments

    def cancel(self, job):
        self.cancelled.append(job)

    def forget(self, job):
        self.forgotten.append(job)
        self._hear.pop(job, None)

    def send(self, event):
        self._hear[event.job](event)


class FakeSteps:
    """Takes the steps of a generator when the test says so."""

    def __init__(self):
        self.waiting = []

    def __call__(self, generator, done, failed):
        handle = SimpleNamespace(generator=generator, done=done, failed=failed, cancel=generator.close)
        self.waiting.append(handle)
        return handle

    def take_one(self):
        next(self.waiting[-1].generator)

    def take_all(self):
        handle = self.waiting.pop()
        try:
            while True:
                next(handle.generator)
        except StopIteration as end:
            handle.done(end.value)
        except UserError as error:
            handle.failed(error)


class FakeScene:
    """Volumes are their ids. What was written and what was taken back is kept."""

    def __init__(self):
        self.gone = set()
        self.written = []
        self.undone = []
        self.discarded = []
        self.problem = None

    def exists(self, task):
        return not {task.volume_id, task.output_id} & self.gone

    def read(self, task):
        if task.volume_id in self.gone:
            raise UserError("the volume is gone: choose another one")
        return task.volume_id if task.frame is None else f"{task.volume_id}#{task.frame}"

    def write(self, task, result):
        whole = False
        try:
            yield 0.5
            if self.problem:
                raise self.problem
            yield 1.0
            self.written.append((task.volume_id, task.frame, result))
            whole = True
            return task.output_id or f"segmentation of {task.volume_id}"
        finally:
            if not whole:
                self.undone.append(task.volume_id)

    def discard(self, task):
        self.discarded.append(task.volume_id)


def a_result(**changes):
    """A worker's result as far as the panel reads it: liver found, spleen missing, bladder out of view."""
    values = {
        "volumes_ml": {1: 210.0, 6: 1500.0, 7: 0.0, 14: 0.0},
        "confidence": {1: 0.55, 6: 0.97, 7: None, 14: None},
        "touches_edge": {1: False, 6: True, 7: False, 14: False},
        "not_in_view": [14],
        "seconds": 2.0,
        "device": "cpu",
        "modality": "ct",
        "model_name": "tiny",
        "model_version": "1",
    }
    result = SimpleNamespace(**{**values, **changes})
    result.without_labels = lambda: result
    return result
