"""The table of structures: which of them are annotated, and how far each is in this slice and in the volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import qt
from slicer.i18n import tr as _

from PartialSegLib.supervision import State
from PartialSegPanels.annotate.ribbon import words_of
from PartialSegPanels.annotate.words import AXES

if TYPE_CHECKING:
    from PartialSegLib.structures import LabelSet
    from PartialSegPanels.annotate.session import Session

_SIGNS = {State.NOT_LOOKED_AT: "○", State.IN_PART: "◐", State.COMPLETE: "●"}
_SETTING = "TickedStructures"


class StructureTable:
    """One row per structure; `picked` is called with the value of the structure whose row was clicked."""

    def __init__(self, table: Any, label_set: LabelSet, context: Any, picked: Callable[[int], None]) -> None:
        self._table, self._label_set, self._context = table, label_set, context
        self._changed: Callable[[], None] = lambda: None
        table.setColumnCount(3)
        table.setHorizontalHeaderLabels([_("Structure"), _("This slice"), _("Volume")])
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        self._fill()
        table.connect("cellClicked(int,int)", lambda row, column: picked(row + 1))
        table.connect("itemChanged(QTableWidgetItem*)", lambda item: self._tick_changed())

    def on_ticked(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when other structures are ticked."""
        self._changed = changed

    def ticked(self) -> tuple[int, ...]:
        """Values of the ticked structures."""
        rows = range(self._table.rowCount)
        return tuple(row + 1 for row in rows if self._table.item(row, 0).checkState() == qt.Qt.Checked)

    def tick(self, values: Sequence[int]) -> None:
        """Tick these and no others."""
        blocked = self._table.blockSignals(True)
        for row in range(self._table.rowCount):
            self._table.item(row, 0).setCheckState(qt.Qt.Checked if row + 1 in values else qt.Qt.Unchecked)
        self._table.blockSignals(blocked)
        self._tick_changed()

    def show_current(self, value: int | None) -> None:
        """Select the row of the structure that is painted."""
        if value is None:
            self._table.clearSelection()
        elif self._table.currentRow() != value - 1 or not self._table.selectedItems():
            self._table.selectRow(value - 1)

    def show_states(self, session: Session | None, place: tuple[Any, int] | None) -> None:
        """Write how far each structure is; `place` is axis and index of the slice that is shown, None when oblique."""
        blocked = self._table.blockSignals(True)
        painted = _painted(session, place)
        for structure in self._label_set:
            here, volume = "", ""
            if session is not None:
                state = session.declarations.completeness.volume[structure.value]
                volume = f"{_SIGNS[State(state)]} {words_of(state)}"
                if place is not None:
                    here = _words(session.declarations.state(structure.value, *place), structure.value in painted)
            self._table.item(structure.value - 1, 1).setText(here)
            self._table.item(structure.value - 1, 2).setText(volume)
        self._table.blockSignals(blocked)

    def _fill(self) -> None:
        saved = self._context.setting(_SETTING)
        ticked = set(saved.split(",")) if saved else {str(structure.value) for structure in self._label_set}
        self._table.setRowCount(len(self._label_set.structures))
        for row, structure in enumerate(self._label_set):
            item = qt.QTableWidgetItem(structure.name)
            item.setIcon(_swatch(structure.color))
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if str(structure.value) in ticked else qt.Qt.Unchecked)
            self._table.setItem(row, 0, item)
            self._table.setItem(row, 1, qt.QTableWidgetItem(""))
            self._table.setItem(row, 2, qt.QTableWidgetItem(""))
            self._table.setRowHeight(row, 20)

    def _tick_changed(self) -> None:
        # None ticked is a choice too, and is not to come back as all of them.
        self._context.set_setting(_SETTING, ",".join(str(value) for value in self.ticked()) or "none")
        self._changed()


def _words(state: int, painted: bool) -> str:
    if state == State.COMPLETE and not painted:
        return f"{_SIGNS[State.COMPLETE]} {_('known absent')}"
    return f"{_SIGNS[State(state)]} {words_of(state)}"


def _painted(session: Session | None, place: tuple[str, int] | None) -> set[int]:
    """The structures that are painted in a slice."""
    if session is None or place is None:
        return set()
    plane = np.take(session.labels, place[1], AXES.index(place[0]))
    return {member for value in np.unique(plane).tolist() for member in session.members(value)}


def _swatch(color: tuple[int, int, int]) -> Any:
    pixmap = qt.QPixmap(12, 12)
    pixmap.fill(qt.QColor(*color))
    return qt.QIcon(pixmap)
