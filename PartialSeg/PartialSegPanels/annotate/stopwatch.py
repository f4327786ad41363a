"""Time spent on a case: the time between acts, but not the coffee break."""

import time
from collections.abc import Callable

PAUSE = 60.0  # seconds without an act that count as work, at most


class Stopwatch:
    """Seconds of work; each act adds the time since the act before, up to PAUSE.

    >>> now = iter([0.0, 10.0, 1000.0])
    >>> watch = Stopwatch(clock=lambda: next(now))
    >>> watch.act(); watch.act(); watch.seconds
    70.0
    """

    def __init__(self, seconds: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._last = clock()

    def act(self) -> None:
        """Somebody did something."""
        now = self._clock()
        self.seconds += min(now - self._last, PAUSE)
        self._last = now
