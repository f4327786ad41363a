"""A combo box whose entries stand for values, kept in step with one parameter."""

from collections.abc import Callable, Iterable
from typing import Any

from PartialSegPanels.quiet import quiet


class Choices:
    """Entries (text, value) in a QComboBox; `chosen` is called when the user picks another value."""

    def __init__(self, combo: Any, chosen: Callable[[str], None]) -> None:
        self._combo = combo
        self._chosen = chosen
        self._values: list[str] = []
        combo.connect("currentIndexChanged(int)", self._picked)

    @property
    def value(self) -> str:
        """The value that is shown; empty without entries."""
        index = self._combo.currentIndex
        return self._values[index] if 0 <= index < len(self._values) else ""

    @property
    def values(self) -> list[str]:
        """All values, as listed."""
        return list(self._values)

    def fill(self, entries: Iterable[tuple[str, str]], value: str) -> None:
        """List these entries and show `value`, or the first where it is not among them."""
        with quiet(self._combo):
            self._combo.clear()
            self._values = []
            for text, entry in entries:
                self._combo.addItem(text)
                self._values.append(entry)
        self.show(value)

    def show(self, value: str) -> None:
        """Show a value without telling anybody."""
        index = self._values.index(value) if value in self._values else min(0, len(self._values) - 1)
        with quiet(self._combo):
            self._combo.setCurrentIndex(index)

    def say(self, value: str, text: str) -> None:
        """Give the entry of `value` another text."""
        if value in self._values:
            self._combo.setItemText(self._values.index(value), text)

    def _picked(self, index: int) -> None:
        if 0 <= index < len(self._values):
            self._chosen(self._values[index])
