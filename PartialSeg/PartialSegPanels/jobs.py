"""Hands each event of the worker to whoever asked for the job; a timer of the application drives it."""

import time
from collections.abc import Callable
from typing import Any

# In Slicer a Python thread only runs while the main thread gives up the interpreter, which Qt's event loop never does.
# The worker reads and writes in threads: this is their share of every tick, far below what a person notices.
YIELD_S = 0.004

Hear = Callable[[Any], None]


class Jobs:
    """The worker's jobs that are under way, by number.

    make_worker: called once, at the first job. wake(True) must start calling `tick` every few hundredths of a second,
    wake(False) may stop it. final: whether an event is the last of its job.
    """

    def __init__(
        self, make_worker: Callable[[], Any], wake: Callable[[bool], None], final: Callable[[Any], bool]
    ) -> None:
        self._make_worker = make_worker
        self._wake = wake
        self._final = final
        self._worker: Any = None
        self._hear: dict[int, Hear] = {}

    @property
    def busy(self) -> bool:
        """Whether an answer of the worker is still to come."""
        return bool(self._hear)

    def start(self, ask: Callable[[Any], int], hear: Hear) -> int:
        """`ask` calls one of the worker's methods and returns the job's number; `hear` gets every event of the job."""
        if self._worker is None:
            self._worker = self._make_worker()
        job = ask(self._worker)
        self._hear[job] = hear
        self._wake(True)
        return job

    def cancel(self, job: int) -> None:
        """Stop a job; its Cancelled event still comes."""
        if job in self._hear:
            self._worker.cancel(job)

    def forget(self, job: int) -> None:
        """Stop a job and hear nothing of it any more."""
        if self._hear.pop(job, None) is not None:
            self._worker.cancel(job)

    def tick(self) -> None:
        """Deliver what has happened since the last tick."""
        if self._worker is None:
            self._wake(False)
            return
        time.sleep(YIELD_S)
        for event in self._worker.poll():
            hear = self._hear.get(event.job)
            if hear is None:
                continue
            if self._final(event):
                del self._hear[event.job]
            hear(event)
        if not self._hear:
            self._wake(False)

    def close(self) -> None:
        """End the child process with everything it was doing; nobody hears of it."""
        self._hear.clear()
        self._wake(False)
        if self._worker is not None:
            self._worker.close()
            self._worker = None
