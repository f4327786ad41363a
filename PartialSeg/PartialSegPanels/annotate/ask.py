"""Questions to the reader: buttons that say what they do, instead of Yes and No."""

from collections.abc import Sequence
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

_TEST_ANSWER_MS = 3000


def choose(text: str, choices: Sequence[str]) -> int | None:
    """Which of the choices was pressed; None when the question was closed. The first one is what Enter presses."""
    box = qt.QMessageBox(slicer.util.mainWindow())
    box.setWindowTitle("PartialSeg")
    box.setText(text)
    box.setIcon(qt.QMessageBox.Question)
    buttons = [box.addButton(choice, qt.QMessageBox.AcceptRole) for choice in choices]
    cancel = box.addButton(_("Cancel"), qt.QMessageBox.RejectRole)
    cancel.hide()  # Esc and the window's cross press it
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(cancel)
    timer = _answer_in_tests(buttons[0])
    box.exec_()
    timer.stop()
    pressed = box.clickedButton()
    box.deleteLater()
    return next((index for index, button in enumerate(buttons) if button == pressed), None)


def _answer_in_tests(button: Any) -> Any:
    """Where Slicer runs tests nobody answers: the first choice is pressed after a while, as in Slicer's own boxes."""
    timer = qt.QTimer()
    timer.singleShot = True
    timer.connect("timeout()", button.click)
    if slicer.app.testingEnabled():
        timer.start(_TEST_ANSWER_MS)
    return timer


def confirm(text: str, act: str) -> bool:
    """Whether the reader wants `act`."""
    return choose(text, [act, _("Do nothing")]) == 0
