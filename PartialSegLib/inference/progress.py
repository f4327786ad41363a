"""How a run tells its caller where it is, and how the caller stops it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ProgressCallback = Callable[[str, float], None]


class Cancelled(Exception):  # noqa: N818 - it is no error: the caller asked for it
    """Raised by a progress callback to stop the run; passes through the engine unchanged."""


class Stopwatch:
    """Seconds spent per stage, and the callback that is told about it."""

    def __init__(self, callback: ProgressCallback | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._callback = callback

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def report(self, stage: str, fraction: float) -> None:
        """Tell the callback that `fraction` (0 to 1) of the whole run is done; whatever it raises ends the run."""
        if self._callback is not None:
            self._callback(stage, min(1.0, fraction))
