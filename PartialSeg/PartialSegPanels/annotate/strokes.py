"""What the reader painted, looked at when a stroke is over; a stroke on a complete slice is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from slicer.i18n import tr as _

from PartialSegPanels.annotate.ask import choose
from PartialSegPanels.annotate.words import names_of, slice_name

_OVER_MS = 100  # one stroke makes several events


class Strokes:
    """Takes what is painted over into the session; `bench` is the tab. pending: voxels may have changed since."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self.pending, self._asking = False, False
        self._reading: Any = None
        self._timer = bench.context.timers.after(_OVER_MS, bench.guarded(self._read))

    def begin(self) -> None:
        """Voxels may have changed: look soon."""
        self.pending = True
        self._timer.start()

    def stop(self) -> None:
        """There is nothing to look at any more."""
        self.pending = False
        self._timer.stop()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def look(self, ask: bool = True) -> None:
        """Take over what was painted, now. Without asking, what it contradicts goes back to in part."""
        if self.pending and self._can_look():
            self.stop()
            self._take(self._bench.canvas.look(), ask)

    def _can_look(self) -> bool:
        canvas = self._bench.canvas
        return not self._asking and self._bench.session is not None and canvas is not None and canvas.is_here()

    def _read(self) -> None:
        """Read the segments in steps: a large volume takes longer than a frame of the screen."""
        if self._reading is not None:
            return  # it notices by itself when somebody paints meanwhile
        if self._can_look():
            steps = self._bench.canvas.look_stepwise()
            self._reading = self._bench.context.timers.steps(steps, self._read_done, self._read_failed)

    def _read_done(self, found: Any) -> None:
        self.stop()
        self._bench.guarded(lambda: self._take(found, ask=True))()

    def _read_failed(self, error: Exception) -> None:
        self.stop()
        self._bench.context.show_error(error)

    def _take(self, found: Any, ask: bool) -> None:
        session, canvas = self._bench.session, self._bench.canvas
        labels = session.read(found.labels, found.unions)
        if ask and (touched := session.contradicted(labels)) and not self._wants(touched):
            self._take_back(session)
            return
        for warning in found.warnings:
            self._bench.status(warning)
        if session.paint(labels):
            canvas.protect()
            self._bench.refresh()

    def _wants(self, touched: Sequence[Any]) -> bool:
        self._asking = True
        try:
            text = contradiction(self._bench.session, touched)
            return choose(text, [_("Set back to in part"), _("Undo the stroke")]) == 0
        finally:
            self._asking = False

    def _take_back(self, session: Any) -> None:
        """Undo the stroke; where the editor cannot, the voxels of before are written back."""
        canvas = self._bench.canvas
        self._bench.paint.undo()
        found = canvas.look()
        if not np.array_equal(session.read(found.labels, found.unions), session.labels):
            canvas.put(session.labels)
        self.stop()


def contradiction(session: Any, touched: Sequence[Any]) -> str:
    """What a stroke contradicts, in words."""
    names = names_of(session.label_set, sorted({one.structure for one in touched}))
    places = {(one.axis, one.index) for one in touched}
    if len(places) > 1:
        where = _("{count} slices").format(count=len(places))
    elif (place := places.pop())[0] is None:
        where = _("the whole volume")
    else:
        where = slice_name(session.image, *place)
    text = _("You painted where you had declared {structures} complete ({where}). It can no longer count as complete.")
    return text.format(structures=names, where=where)
