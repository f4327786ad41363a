"""Saving: by hand, every minute, and when a case, a scene or the module goes away."""

from __future__ import annotations

import time
from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError

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
        if not self._bench.desk.saver.busy:
            self._wanted = False
            self._ended()

    def autosave(self) -> None:
        """Begin to save what is not saved; what goes wrong is told in the tab."""
        self._bench.look(ask=False)
        self._bench.desk.autosave()
        if self._bench.desk.saver.busy:
            self._poll_timer.start()
        self.refresh()

    def close(self) -> bool:
        """Save and close the open case; False, after telling why, when it cannot be saved and stays open."""
        self._bench.look(ask=False)
        try:
            self._bench.desk.close_case()
        except UserError as error:
            self._trouble = str(error)
            self.refresh()
            self._bench.context.show_error(error)
            return False
        self._ended()
        return True

    def drop(self) -> None:
        """Close although saving may fail: the scene goes away. What is not saved is kept and tried again."""
        error = self._bench.desk.drop_case()
        self._trouble = str(error) if error is not None else ""
        self.refresh()

    def rescue(self) -> None:
        """The module goes: what its folder did not take is written elsewhere, and the reader is told where."""
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
        else:
            self._wanted = False

    def _ended(self) -> None:
        self._trouble = ""
        self._saved_at = time.strftime("%H:%M")
        self.refresh()
