"""SIGTERM and Ctrl-C end a run after the step at hand, with a checkpoint."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Remembers the signal that asked the run to end; 0 while none did."""

    def __init__(self) -> None:
        self.signal = 0

    def remember(self, number: int, frame: FrameType | None) -> None:
        """A signal handler."""
        self.signal = number

    def leave(self, number: int) -> None:
        """End the program as signal `number` would have, once everything is saved."""
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Within, SIGTERM and SIGINT are remembered instead of acted on. Outside the main thread nothing changes."""
    remembered = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield remembered
        return
    # A program that was started with a signal ignored goes on ignoring it.
    numbers = [n for n in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, remembered.remember) for number in numbers}
    try:
        yield remembered
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
