"""The thread that takes the jobs of a worker one by one to its child process."""

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PartialSegLib.errors import UserError
from PartialSegLib.worker.answers import answer
from PartialSegLib.worker.events import Cancelled, Event, Failed, Finished, Log, Progress
from PartialSegLib.worker.jobs import Job, JobCancelled, JobFailed
from PartialSegLib.worker.process import Child, Ended, Line, Message
from PartialSegLib.worker.scratch import Scratch, sweep
from PartialSegLib.worker.voxels import cropped, send_volume

_LOOK_EVERY_S = 0.05
# What the progress bar gives to copying the voxels; the child has the rest.
_COPY = 0.04


class Runner:
    """tell: takes the events, from the thread that calls `run`."""

    def __init__(self, python: list[str], folder: Path | None, tell: Callable[[Event], None]) -> None:
        self.closed = False
        self._python, self._folder, self._tell = python, folder, tell
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._child: Child | None = None

    def add(self, job: Job) -> None:
        """Queue a job."""
        self._jobs.put(job)

    def close(self) -> None:
        """Let `run` come to its end; jobs that are not cancelled are run before."""
        self.closed = True
        self._jobs.put(None)

    def run(self) -> None:
        """Run jobs until `close`, then end the child."""
        sweep(self._folder)
        try:
            while (job := self._jobs.get()) is not None:
                self._tell(self._outcome(job))
        finally:
            self._end_child()

    def _outcome(self, job: Job) -> Event:
        start = time.monotonic()
        try:
            return Finished(job.number, self._do(job, start))
        except JobCancelled:
            return Cancelled(job.number)
        except UserError as error:
            return Failed(job.number, str(error), expected=True)
        except JobFailed as error:
            return Failed(job.number, str(error), error.expected)
        except Exception as error:  # this thread must live on for the next job
            self._end_child()
            return Failed(job.number, f"the worker failed ({type(error).__name__}: {error})", expected=False)
        finally:
            job.volume = None  # nobody may poll the end of this job, and a volume is large

    def _do(self, job: Job, start: float) -> Any:
        self._check(job)
        if job.volume is None:
            self._start_child(job)
            return self._ask(job, None, start)
        self._tell(Progress(job.number, "start", 0.0, None))
        self._start_child(job)
        with Scratch(self._folder) as folder:
            return self._ask(job, folder, start)

    def _ask(self, job: Job, folder: Path | None, start: float) -> Any:
        """Send the job to the child and wait for what comes of it."""
        child = self._child
        assert child is not None
        request = {"job": job.number, "kind": job.kind, **job.request}
        if folder is not None and job.volume is not None:
            # From now on the child removes the folder if this process dies.
            child.send({"kind": "keep", "folder": str(folder)})
            part = cropped(job.volume, job.region)
            request["volume"] = send_volume(part, folder / "volume", lambda done: self._copied(job, done))
            request["labels"] = str(folder / "labels")
        self._check(job)
        child.send(request)
        try:
            content = self._wait(job, child)
        except JobCancelled:
            if job.volume is not None:  # the answer to a question can be ignored, which keeps the child warm
                self._end_child()
            raise
        return answer(job, content, folder, time.monotonic() - start)

    def _wait(self, job: Job, child: Child) -> dict[str, Any]:
        """The child's last message about the job. Raises JobCancelled and JobFailed."""
        while True:
            self._check(job)
            try:
                item = child.inbox.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                child.look()
                continue
            if isinstance(item, Ended):
                self._child = None
                raise JobFailed(*_obituary(item, child.is_ready))
            if isinstance(item, Line):
                self._tell(Log(job.number, item.text))
            elif item.content["event"] == "ready":
                child.is_ready = True
            elif item.content.get("job") == job.number and self._is_last(job, item):
                return item.content["result"]

    def _is_last(self, job: Job, message: Message) -> bool:
        content = message.content
        if content["event"] == "progress":
            fraction = _COPY + (1 - _COPY) * content["fraction"]
            self._tell(Progress(job.number, content["stage"], fraction, content["eta_s"]))
        elif content["event"] == "log":
            self._tell(Log(job.number, content["text"]))
        elif content["event"] == "failed":
            raise JobFailed(content["message"], content["expected"])
        return content["event"] == "finished"

    def _copied(self, job: Job, done: float) -> None:
        self._check(job)
        self._tell(Progress(job.number, "copy", _COPY * done, None))

    def _start_child(self, job: Job) -> None:
        if self._child is not None and self._child.is_gone:
            self._child = None
        if self._child is None:
            self._child = Child.start(self._python)
            self._tell(Log(job.number, f"started process {self._child.pid}"))

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _check(self, job: Job) -> None:
        if job.cancelled.is_set():
            raise JobCancelled


def _obituary(ended: Ended, was_ready: bool) -> tuple[str, bool]:
    """What to say of a child that is gone, and whether that is no error of the program."""
    how = f"signal {-ended.code}" if ended.code < 0 else f"code {ended.code}"
    said = f"; it said: {ended.last_words}" if ended.last_words else ""
    if not was_ready:
        return f"the process that segments cannot start ({how}{said}): check the installation of Python", True
    return (
        f"the process that segments ended ({how}{said}): close other programs if memory is short, and try again",
        False,
    )
