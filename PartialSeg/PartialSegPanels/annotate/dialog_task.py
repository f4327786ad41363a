"""A long act of a dialog: its progress bar, its button that becomes Cancel, and everything else waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from slicer.i18n import tr as _

from PartialSegPanels.annotate.flow import Steps

T = TypeVar("T")


class DialogTask:
    """Runs the tab's long acts for a dialog that has a progressBar and a closeButton; `bench` is the tab.

    widgets: those that cannot be used meanwhile.
    """

    def __init__(self, dialog: Any, ui: Any, bench: Any, widgets: Sequence[Any]) -> None:
        self._dialog, self._ui, self._bench, self._widgets = dialog, ui, bench, widgets
        self._runs = False
        ui.progressBar.visible = False
        ui.closeButton.connect("clicked()", self._close)
        dialog.connect("finished(int)", lambda result: self.cancel())

    def start(self, steps: Steps[T], words: str, done: Callable[[T], None]) -> None:
        """Take the steps; `words` says what they do. UserError while another long act is under way."""
        self._bench.flow.start(self._shown(steps), words, done)
        self._show(True)

    def cancel(self) -> None:
        """Stop what is under way here."""
        if self._runs:
            self._bench.flow.cancel()
            self._show(False)

    def progress(self, done: int, total: int, words: str) -> None:
        """`total` 0: nobody knows how much there is."""
        bar = self._ui.progressBar
        bar.setRange(0, total)
        bar.setValue(done)
        bar.format = words

    def _shown(self, steps: Steps[T]) -> Steps[T]:
        try:
            return (yield from steps)
        finally:
            self._show(False)

    def _show(self, runs: bool) -> None:
        self._runs = runs
        self.progress(0, 0, "")
        self._ui.progressBar.visible = runs
        self._ui.closeButton.text = _("Cancel") if runs else _("Close")
        for widget in self._widgets:
            widget.enabled = not runs

    def _close(self) -> None:
        if self._runs:
            self.cancel()
        else:
            self._dialog.reject()
