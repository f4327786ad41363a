"""What the reader painted, looked at when a stroke is over; a stroke on a complete slice is asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from slicer.i18n import tr as _

from PartialSegPanels.annotate.ask import choose
from PartialSegPanels.annotate.flow import Steps, aside
from PartialSegPanels.annotate.words import names_of, slice_name

_OVER_MS = 100  # one stroke makes several events


class Strokes:
    """Takes what is painted over into the session; `bench` is the tab. pending: voxels may have changed since."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self.pending, self._asking = False, False
        self._count = 0
        self._reading: Any = None
        self._waiting: list[Callable[[], None]] = []
        self._timer = bench.context.timers.after(_OVER_MS, bench.guarded(self._read))

    def begin(self) -> None:
        """Voxels may have changed: look soon."""
        self.pending = True
        self._count += 1
        self._timer.start()

    def stop(self) -> None:
        """There is nothing to look at any more."""
        self.pending, self._waiting = False, []
        self._drop_reading()

    def after(self, act: Callable[[], None]) -> None:
        """Call `act` as soon as everything that was painted is taken over: now, when nothing is pending."""
        if not self.pending:
            act()
            return
        self._waiting.append(self._bench.guarded(act))
        self._read()

    def look_now(self) -> None:
        """Take over what was painted without steps, for the scene goes away; what it contradicts becomes in part."""
        if self.pending and self._can_look():
            self._drop_reading()
            found, session = self._bench.canvas.look(), self._bench.session
            labels = session.read(found.labels, found.unions)
            if session.differs(labels):
                session.paint(labels)
            self.pending = False

    def settling(self) -> Steps[None]:
        """Steps after which everything that was painted is taken over; what it contradicts becomes in part."""
        session = self._bench.session
        while self.pending and self._can_look():
            self._drop_reading()
            look = yield from self._look(session)
            if look.differs:
                yield from aside(partial(session.paint, look.labels))
            self._settled(look)
            self._bench.changed()
        self._go_on()

    def _can_look(self) -> bool:
        canvas = self._bench.canvas
        return not self._asking and self._bench.session is not None and canvas is not None and canvas.is_here()

    def _read(self) -> None:
        """Read the segments in steps: a large volume takes longer than a frame of the screen."""
        if self._bench.flow.busy:
            self._timer.start()  # it looks itself where it must
        elif self._reading is None and self._can_look():
            steps = self._look(self._bench.session)
            self._reading = self._bench.context.timers.steps(steps, self._read_done, self._read_failed)

    def _look(self, session: Any) -> Steps[_Look]:
        found = yield from self._bench.canvas.look_stepwise()
        count = self._count
        labels = yield from aside(partial(session.read, found.labels, found.unions))
        differs = yield from aside(partial(session.differs, labels))
        touched = (yield from aside(partial(session.contradicted, labels))) if differs else ()
        return _Look(count, labels, differs, found.warnings, touched)

    def _read_done(self, look: _Look) -> None:
        self._reading = None
        self._settled(look)
        self._bench.guarded(lambda: self._take(look))()
        self._go_on()

    def _read_failed(self, error: Exception) -> None:
        self.stop()
        self._bench.context.show_error(error)

    def _settled(self, look: _Look) -> None:
        """Nothing is pending any more, unless somebody painted since."""
        self.pending = look.count != self._count
        if self.pending:
            self._timer.start()
        else:
            self._timer.stop()

    def _go_on(self) -> None:
        """Do what waited for the last stroke."""
        if not self.pending:
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                act()

    def _drop_reading(self) -> None:
        self._timer.stop()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _take(self, look: _Look) -> None:
        session = self._bench.session
        if look.touched and not self._wants(look.touched):
            self._bench.paint.undo()
            steps = self._taking_back(session)
            self._reading = self._bench.context.timers.steps(steps, lambda done: self.stop(), self._read_failed)
            return
        for warning in look.warnings:
            self._bench.status(warning)
        if look.differs:
            session.paint(look.labels)
            self._bench.changed()

    def _wants(self, touched: Sequence[Any]) -> bool:
        self._asking = True
        try:
            text = contradiction(self._bench.session, touched)
            return choose(text, [_("Set back to in part"), _("Undo the stroke")]) == 0
        finally:
            self._asking = False

    def _taking_back(self, session: Any) -> Steps[None]:
        """Where the editor could not undo the stroke, the voxels of before are written back."""
        look = yield from self._look(session)
        while look.differs and not (yield from self._bench.canvas.putting(session.labels, session.unions)):
            pass


@dataclass(frozen=True, eq=False)
class _Look:
    """What was found. count: how often somebody had painted then; touched: the declarations that it contradicts.

    differs: whether it is not what the session has.
    """

    count: int
    labels: np.ndarray
    differs: bool
    warnings: tuple[str, ...]
    touched: tuple[Any, ...]


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
