"""Work that must happen on the GUI thread, done a little at a time so that the window stays alive."""

import time
from collections.abc import Callable, Generator
from typing import Any

BUDGET_S = 0.01


class Steps:
    """Runs a generator from a timer: as many of its steps in one tick as fit into 10 ms, at least one.

    wake(True) must start calling `tick`, wake(False) stop it. done gets what the generator returns, failed what it
    raised. `cancel` closes the generator, whose `finally` puts things back; neither done nor failed is called then.
    """

    def __init__(
        self,
        generator: Generator[Any, None, Any],
        wake: Callable[[bool], None],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._generator: Generator[Any, None, Any] | None = generator
        self._wake = wake
        self._done = done
        self._failed = failed
        wake(True)

    @property
    def running(self) -> bool:
        """Whether there are steps left."""
        return self._generator is not None

    def tick(self) -> None:
        """Take some steps."""
        start = time.perf_counter()
        while self._generator is not None:
            self._take(self._generator)
            if time.perf_counter() - start >= BUDGET_S:
                return

    def cancel(self) -> None:
        """Leave the rest undone."""
        if self._generator is not None:
            generator = self._generator
            self._stop()
            generator.close()

    def _take(self, generator: Generator[Any, None, Any]) -> None:
        try:
            next(generator)
        except StopIteration as end:
            self._stop()
            self._done(end.value)
        except Exception as error:
            self._stop()
            self._failed(error)

    def _stop(self) -> None:
        self._generator = None
        self._wake(False)
