"""The record in the segments' tags, kept current while a case is open.

It is written after every act, as soon as the hand rests, and not when the scene is saved: Slicer writes the nodes first
and announces the saving of the scene only then, which is too late for the segmentation's file.
"""

from __future__ import annotations

from typing import Any

_REST_MS = 300  # one act often follows another


class RecordWriter:
    """Writes in steps; `bench` is the tab."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self._steps: Any = None
        self._again = False
        self._timer = bench.context.timers.after(_REST_MS, bench.guarded(self._write))

    @property
    def pending(self) -> bool:
        """Whether the tags are not yet, or may not be, what is declared."""
        return self._again or self._steps is not None

    def soon(self) -> None:
        """Something was painted or declared: write it when nothing follows."""
        self._again = True
        self._timer.start()

    def stop(self) -> None:
        """There is nothing to write to any more."""
        self._timer.stop()
        self._again = False
        if self._steps is not None:
            self._steps.cancel()
            self._steps = None

    def _write(self) -> None:
        canvas = self._bench.canvas
        if self._steps is not None or canvas is None:
            return  # what is being written is followed by another round
        self._again = False
        if canvas.is_here():
            self._steps = self._bench.context.timers.steps(canvas.write_record(), self._done, self._failed)

    def _done(self, nothing: Any) -> None:
        self._steps = None
        if self._again:
            self._timer.start()

    def _failed(self, error: Exception) -> None:
        self._steps = None
        self._bench.context.show_error(error)
