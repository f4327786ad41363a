"""How a case comes in and goes out: saved, read, put into the scene, all of it in steps, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from PartialSegPanels.annotate.canvas import Canvas
from PartialSegPanels.annotate.flow import Steps, aside
from PartialSegPanels.annotate.session import Session


class CaseDoor:
    """Opens and closes cases; `bench` is the tab."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench

    def open(self, item: Any) -> None:
        """Save and close the open case and open this one; what goes wrong is told."""
        words = _("opening {case}").format(case=item.name)
        self._bench.flow.start(self._opening(item), words, self._opened, needs_tab=True)

    def close(self, then: Callable[[], None] = lambda: None) -> None:
        """Save and close the open case, if any, then go on; where it cannot be saved it stays open and that is told."""
        session = self._bench.session
        if session is None:
            then()
            return
        words = _("saving {case}").format(case=session.name)
        self._bench.flow.start(self._closing(), words, lambda closed: then())

    def leave(self) -> None:
        """Forget the open case: nobody listens to its nodes any more. They stay in the scene."""
        bench = self._bench
        bench.strokes.stop()
        bench.record.stop()
        bench.paint.detach()
        bench.view.volume_node = None
        bench.acts.reset()
        if bench.canvas is not None:
            bench.canvas.release()
        bench.canvas = bench.desk.session = None
        bench.plan.close()

    def _closing(self) -> Steps[None]:
        bench = self._bench
        if bench.session is not None:
            yield from bench.keeper.saving()
            canvas = bench.canvas
            self.leave()
            canvas.remove()
            yield

    def _opening(self, item: Any) -> Steps[Session]:
        bench = self._bench
        yield from self._closing()
        session: Session = yield from aside(lambda: bench.desk.read_case(item))
        canvas, whole = Canvas(session, bench.strokes.begin), False
        try:
            yield from canvas.show()
            yield
            whole = True
        finally:
            if not whole:
                canvas.remove()
        self._enter(session, canvas)
        yield from bench.cases.reading()
        return session

    def _enter(self, session: Session, canvas: Canvas) -> None:
        """From one moment to the next: before it no case is open, after it this one."""
        bench = self._bench
        bench.desk.opened(session)
        bench.canvas = canvas
        bench.view.volume_node = canvas.volume_node
        bench.paint.attach(canvas)
        bench.plan.open(session)
        bench.keeper.start()

    def _opened(self, session: Session) -> None:
        self._bench.changed()
        if session.warnings:
            slicer.util.warningDisplay("\n".join(session.warnings), windowTitle="PartialSeg")
