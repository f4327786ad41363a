"""Saving: by hand, every minute, and when a case, a scene or the module goes away."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.flow import Steps

AUTOSAVE_MS = 60_000
_POLL_MS = 30


class Keeper:
    """Saves what is on the desk and says how that went; `bench` is the tab."""

    def __init__(self, ui: Any, bench: Any) -> None:
        self._ui, self._bench = ui, bench
        self._trouble, self._saved_at = "", ""
        self._wanted = False
        self.autosave_timer, self._poll_timer = qt.QTimer(), qt.QTimer()
        self.autosave_timer.setInterval(AUTOSAVE_MS)
        self._poll_timer.setInterval(_POLL_MS)
        self.autosave_timer.connect("timeout()", self.autosave)
        self._poll_timer.connect("timeout()", self._poll)
        ui.saveButton.connect("clicked()", bench.guarded(self.save))

    def start(self) -> None:
        """Save every minute from now on."""
        self.autosave_timer.start()

    def stop(self) -> None:
        """Save no more by itself."""
        self.autosave_timer.stop()
        self._poll_timer.stop()

    def save(self) -> None:
        """Begin to save, because the reader said so; what goes wrong is told in a window."""
        session = self._bench.session
        if session is None:
            raise UserError(_("no case is open: open one from the worklist"))
        session.conflict = ""  # the reader was told, and wants it saved all the same
        self._wanted = True
        self.autosave()

    def autosave(self) -> None:
        """Begin to save what is not saved; what goes wrong is told in the tab."""
        self._bench.strokes.after(self._begin)

    def saving(self) -> Steps[None]:
        """Steps after which the open case, if any, is on disk; raises UserError when it cannot be saved."""
        saver, session = self._bench.desk.saver, self._bench.session
        if session is None:
            return
        self._poll_timer.stop()
        try:
            while True:
                yield from self._bench.strokes.settling()
                while saver.busy:
                    yield
                    with suppress(UserError):  # the same work is written again right here
                        saver.poll()
                if session.is_saved and not self._bench.strokes.pending:
                    break
                saver.start(session)
                while saver.busy:
                    yield
                    saver.poll()
        except UserError as error:
            self._trouble = str(error)
            raise
        finally:
            if saver.busy:
                self._poll_timer.start()
        self._ended()

    def drop(self) -> None:
        """Close without waiting: the scene goes away. What is not saved is kept in memory until it is on disk."""
        self._wanted = False
        self._bench.desk.drop_case()
        self._begin()

    def rescue(self) -> None:
        """The module goes: everything is written, where its folder cannot be, elsewhere, and the reader is told."""
        self.stop()
        try:
            folder = self._bench.desk.rescue()
        except UserError as error:
            self._bench.context.show_error(error)
            return
        if folder:
            text = _("The dataset folder could not be written: your work was saved in {folder}, open it as a dataset")
            self._bench.context.show_error(UserError(text.format(folder=folder)))

    def refresh(self) -> None:
        """Say what is saved and what is not."""
        desk = self._bench.desk
        session = desk.session
        if self._trouble:
            text = self._trouble
        elif session is None:
            text = ""
        elif desk.saver.busy:
            text = _("Saving…")
        elif session.is_saved:
            text = _("Saved at {time}").format(time=self._saved_at) if self._saved_at else _("Nothing to save yet")
        else:
            text = _("Not saved yet; saved by itself every minute")
        if desk.kept:
            names = ", ".join(kept.name for kept in desk.kept)
            text += "\n" + _("Kept in memory until its folder can be written: {cases}").format(cases=names)
        self._ui.saveLabel.text = text
        self._ui.saveLabel.visible = bool(text)

    def _begin(self) -> None:
        desk = self._bench.desk
        if self._bench.flow.busy:
            return  # a case on its way out is saved anyway
        desk.autosave()
        if desk.saver.busy:
            self._poll_timer.start()
        elif self._wanted:
            self._wanted = False
            self._ended()
        self.refresh()

    def _poll(self) -> None:
        try:
            if not self._bench.desk.poll():
                return
        except UserError as error:
            self._poll_timer.stop()
            self._trouble = str(error)
            self.refresh()
            if self._wanted:
                self._wanted = False
                self._bench.context.show_error(error)
            return
        self._poll_timer.stop()
        self._ended()
        session = self._bench.session
        if self._wanted and session is not None and not session.is_saved:
            self.autosave()  # strokes made while it was saving: the reader wanted everything
            return
        self._wanted = False
        if self._bench.desk.kept:
            self._begin()

    def _ended(self) -> None:
        self._trouble = ""
        self._saved_at = time.strftime("%H:%M")
        self.refresh()
