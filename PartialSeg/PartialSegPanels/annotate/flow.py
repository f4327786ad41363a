"""Long acts of the tab: one at a time, in steps and in threads, so that the window stays alive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError

T = TypeVar("T")
Steps = Generator[Any, None, T]

# Slicer runs Python threads only while Python code waits: a step lends this much time to the thread, in seconds.
_PATIENCE = 0.005


def aside(function: Callable[[], T], meanwhile: Callable[[], None] | None = None, daemon: bool = True) -> Steps[T]:
    """Do what touches neither widgets nor the scene in a thread, and step until it is done; `meanwhile` at each step.

    Closed early, the thread goes on and nobody hears of it; the application waits for its end unless it is a daemon.
    """
    outcome: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            outcome.append(function())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="annotate", daemon=daemon)
    thread.start()
    while thread.is_alive():
        thread.join(_PATIENCE)
        if meanwhile is not None:
            meanwhile()
        yield
    if errors:
        raise errors[0]
    return outcome[0]


class Flow:
    """The long act that is under way; `bench` is the tab. words: "opening case_001", "" for nothing."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self._steps: Any = None
        self._needs_tab = False
        self.words = ""

    @property
    def busy(self) -> bool:
        """Whether a long act is under way."""
        return bool(self.words)

    def start(
        self, steps: Steps[T], words: str, done: Callable[[T], None] = lambda value: None, needs_tab: bool = False
    ) -> None:
        """Begin; `done` gets what the steps return, errors are told. needs_tab: leaving the tab cancels it.

        UserError while another act is under way.
        """
        if self.words:
            raise UserError(_("busy {act}: wait until that is done").format(act=self.words))
        self.words, self._needs_tab = words, needs_tab
        self._steps = self._bench.context.timers.steps(steps, lambda value: self._ended(done, value), self._failed)
        self._refresh()

    def cancel(self) -> None:
        """Stop where it is; the steps put back what was half done."""
        steps = self._steps
        if steps is not None:
            self._end()
            steps.cancel()
            self._refresh()

    def leave(self) -> None:
        """The tab is left: stop what the reader would not see."""
        if self._needs_tab:
            self.cancel()

    def _ended(self, done: Callable[[T], None], value: T) -> None:
        self._end()
        self._refresh()
        self._bench.guarded(lambda: done(value))()

    def _failed(self, error: Exception) -> None:
        self._end()
        self._refresh()
        self._bench.context.show_error(error)

    def _end(self) -> None:
        self._steps, self.words, self._needs_tab = None, "", False

    def _refresh(self) -> None:
        """What can be done now is shown now: a second click comes quickly."""
        self._bench.cases.refresh_buttons()
        self._bench.buttons.refresh()
        self._bench.refresh_soon()
