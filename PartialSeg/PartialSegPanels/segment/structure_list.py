"""The list of structures with their check boxes."""

from collections.abc import Callable, Iterable
from typing import Any

import qt

from PartialSegLib.structures import LabelSet
from PartialSegPanels.quiet import quiet


class StructureList:
    """One checkable row per structure of the label set; `changed` is called after every click."""

    def __init__(self, ui: Any, label_set: LabelSet, changed: Callable[[], None]) -> None:
        self._list = ui.structureList
        self._changed = changed
        self._items = {structure.value: self._row(structure) for structure in label_set}
        self._list.connect("itemChanged(QListWidgetItem*)", self._clicked)
        ui.allStructuresButton.connect("clicked()", self.check_all)
        ui.noStructuresButton.connect("clicked()", self.check_none)

    @property
    def checked(self) -> tuple[int, ...]:
        """Label values of the checked structures."""
        return tuple(value for value, item in self._items.items() if item.checkState() == qt.Qt.Checked)

    @property
    def is_all(self) -> bool:
        """Whether every structure is checked."""
        return len(self.checked) == len(self._items)

    def show(self, values: Iterable[int]) -> None:
        """Check these structures without telling anybody; none means all."""
        wanted = set(values) or set(self._items)
        with quiet(self._list):
            for value, item in self._items.items():
                item.setCheckState(qt.Qt.Checked if value in wanted else qt.Qt.Unchecked)

    def check_all(self) -> None:
        """The All button."""
        self.show(())
        self._changed()

    def check_none(self) -> None:
        """The None button."""
        with quiet(self._list):
            for item in self._items.values():
                item.setCheckState(qt.Qt.Unchecked)
        self._changed()

    def _row(self, structure: Any) -> Any:
        item = qt.QListWidgetItem(color_icon(structure.color), structure.name, self._list)
        item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsUserCheckable | qt.Qt.ItemIsSelectable)
        item.setCheckState(qt.Qt.Checked)
        return item

    def _clicked(self, item: Any) -> None:
        self._changed()


def color_icon(color: tuple[int, int, int]) -> Any:
    """A small square in a structure's color."""
    pixmap = qt.QPixmap(12, 12)
    pixmap.fill(qt.QColor(*color))
    return qt.QIcon(pixmap)
