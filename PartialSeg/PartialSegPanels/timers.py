"""Timers of the application that drive the worker's events, steps on the GUI thread, and a function in a thread."""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import qt

from PartialSegPanels.jobs import YIELD_S, Jobs
from PartialSegPanels.steps import Steps

POLL_MS = 50


class Timers:
    """Makes and keeps timers; `close` stops all of them."""

    def __init__(self) -> None:
        self._timers: list[Any] = []

    def jobs(self, make_worker: Callable[[], Any]) -> Jobs:
        """The worker's jobs, polled while there are any."""
        timer = self._timer(POLL_MS)
        jobs = Jobs(make_worker, _switch(timer), _is_final)
        timer.connect("timeout()", jobs.tick)
        return jobs

    def steps(
        self,
        generator: Generator[Any, None, Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> Steps:
        """Run `generator` between the application's other events."""
        timer = self._timer(0)
        steps = Steps(generator, self._once(timer), done, failed)
        timer.connect("timeout()", steps.tick)
        return steps

    def thread(
        self, function: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[Exception], None]
    ) -> None:
        """Run `function`, which must touch neither widgets nor the scene, in a thread; answer on the GUI thread."""
        timer = self._timer(POLL_MS)
        outcome: list[tuple[Callable[[Any], None], Any]] = []

        def run() -> None:
            try:
                outcome.append((done, function()))
            except Exception as error:
                outcome.append((failed, error))

        def tick() -> None:
            time.sleep(YIELD_S)
            if outcome:
                self._drop(timer)
                answer, value = outcome[0]
                answer(value)

        timer.connect("timeout()", tick)
        timer.start()
        threading.Thread(target=run, daemon=True).start()

    def after(self, milliseconds: int, function: Callable[[], None]) -> Any:
        """A single-shot timer, not started: every start() begins the wait anew."""
        timer = self._timer(milliseconds)
        timer.setSingleShot(True)
        timer.connect("timeout()", function)
        return timer

    def close(self) -> None:
        """Stop everything; what was under way gives no answer any more."""
        for timer in list(self._timers):
            self._drop(timer)

    def _timer(self, interval: int) -> Any:
        timer = qt.QTimer()
        timer.setInterval(interval)
        self._timers.append(timer)
        return timer

    def _once(self, timer: Any) -> Callable[[bool], None]:
        return lambda on: timer.start() if on else self._drop(timer)

    def _drop(self, timer: Any) -> None:
        timer.stop()
        if timer in self._timers:
            self._timers.remove(timer)
            timer.deleteLater()  # it holds what it calls, which holds the timer: neither would ever go


def _switch(timer: Any) -> Callable[[bool], None]:
    return lambda on: timer.start() if on else timer.stop()


def _is_final(event: Any) -> bool:
    from PartialSegLib.worker.events import Cancelled, Failed, Finished

    return isinstance(event, (Cancelled, Failed, Finished))
