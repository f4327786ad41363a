"""Hotkeys of the tab: written on their buttons, alive only while the tab is shown.

The Segment Editor owns digits, Esc, Space, Z, Y, Q, W, I and / * , . < >; slice views own the arrows and B, F, G, R, T,
V and the brackets; paint and draw effects own plus, minus, A and X. None of them is used here.
"""

from collections.abc import Callable

import qt
import slicer

KEYS = {
    "saveButton": "Ctrl+Shift+S",
    "nextCaseButton": "Shift+J",
    "previousCaseButton": "Shift+K",
    "completeHereButton": "C",
    "completeAllHereButton": "Shift+C",
    "completeVolumeButton": "Ctrl+Shift+C",
    "absentHereButton": "N",
    "absentVolumeButton": "Ctrl+Shift+N",
    "withdrawHereButton": "U",
    "withdrawAllHereButton": "Shift+U",
    "withdrawVolumeButton": "Ctrl+Shift+U",
    "markButton": "M",
    "completeBetweenButton": "L",
    "completeAllBetweenButton": "Shift+L",
    "withdrawBetweenButton": "Ctrl+Shift+L",
    "undoButton": "Shift+Z",
    "redoButton": "Shift+Y",
    "scribbleButton": "O",
    "acceptStructureButton": "P",
    "acceptSliceButton": "Shift+P",
    "nextPlannedButton": "J",
    "previousPlannedButton": "K",
    "tickButton": "D",
}


class Hotkeys:
    """Presses the button of a key that is pressed anywhere in the main window."""

    def __init__(self, buttons: dict[str, object]) -> None:
        """buttons: name -> push button, for every name in KEYS; the key is written behind the button's words."""
        self._buttons = {name: buttons[name] for name in KEYS}
        self._shortcuts: list[object] = []
        for name, button in self._buttons.items():
            native = qt.QKeySequence(KEYS[name]).toString(qt.QKeySequence.NativeText)
            button.text = f"{button.text} ({native})"  # type: ignore[attr-defined]

    def install(self) -> None:
        """Listen; nothing happens when it listens already."""
        if self._shortcuts:
            return
        window = slicer.util.mainWindow()
        for name, button in self._buttons.items():
            shortcut = qt.QShortcut(qt.QKeySequence(KEYS[name]), window)
            shortcut.connect("activated()", _click(button))
            self._shortcuts.append(shortcut)

    def uninstall(self) -> None:
        """Give the keys back."""
        for shortcut in self._shortcuts:
            shortcut.setParent(None)  # type: ignore[attr-defined]
            shortcut.deleteLater()  # type: ignore[attr-defined]
        self._shortcuts = []

    @property
    def installed(self) -> int:
        """How many keys are listened to."""
        return len(self._shortcuts)


def _click(button: object) -> Callable[[], None]:
    return lambda: button.click()  # type: ignore[attr-defined]
