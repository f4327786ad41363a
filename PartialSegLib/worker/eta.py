"""How long a run still takes, told from how it went so far."""

import time
from collections.abc import Callable

# The share of the windows that must be done before their pace says anything.
_ENOUGH = 0.02


class Eta:
    """Seconds left of a run whose stage "segment" takes most of the time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None

    def left(self, stage: str, fraction: float) -> float | None:
        """Seconds left when `fraction` of the run is done; None while that is unknown."""
        if fraction >= 1:
            return 0.0
        now = self._clock()
        if stage == "segment" and self._first is None:
            self._first = now, fraction
        if self._first is None:
            return None
        start, begun = self._first
        if fraction - begun < _ENOUGH:
            return None
        return (now - start) / (fraction - begun) * (1 - fraction)
