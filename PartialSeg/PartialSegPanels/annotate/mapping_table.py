"""The mapping editor: what each label of a file means, as one structure, one of several, background or nothing."""

from __future__ import annotations

from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError

_COLUMNS = 3


class MappingTable:
    """Shows and changes an ImportPlan. `plan` is the one that is shown."""

    def __init__(self, ui: Any, label_set: Any) -> None:
        self._ui, self._label_set = ui, label_set
        self.plan: Any = None
        table = ui.mappingTable
        table.setColumnCount(_COLUMNS)
        table.setHorizontalHeaderLabels([_("Value"), _("Name in the file"), _("Means")])
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(2, qt.QHeaderView.Stretch)
        self._meanings = [*((structure.name, [structure.value]) for structure in label_set), *self._sides()]
        self._meanings += [(_("background"), [0]), (_("ignored"), ["ignored"])]
        ui.meaningSelector.addItems([name for name, _values in self._meanings])
        for structure in label_set:
            item = qt.QListWidgetItem(structure.name)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Unchecked)
            ui.completeList.addItem(item)

    def show(self, plan: Any, present: tuple[int, ...] = ()) -> None:
        """Show a plan; `present` are the values that the file holds, whether the plan knows them or not."""
        self.plan = plan
        values = sorted({*present, *(plan.names if not present else ())} - {0})
        table = self._ui.mappingTable
        table.setRowCount(len(values))
        for row, value in enumerate(values):
            cells = (str(value), plan.names.get(value, ""), self._words(plan.targets.get(value)))
            for column, text in enumerate(cells):
                item = qt.QTableWidgetItem(text)
                item.setData(qt.Qt.UserRole, value)
                table.setItem(row, column, item)
        for row, structure in enumerate(self._label_set):
            complete = structure.value in plan.complete
            self._ui.completeList.item(row).setCheckState(qt.Qt.Checked if complete else qt.Qt.Unchecked)
        self._ui.whyLabel.text = plan.why

    def assign(self, also: bool, present: tuple[int, ...]) -> None:
        """Give the selected labels the chosen meaning, or make it one more of what they may be."""
        values = self._selected()
        if not values:
            raise UserError(_("no label is selected: click one in the table"))
        plan = self._declared()
        chosen = self._meanings[self._ui.meaningSelector.currentIndex][1]
        for value in values:
            before = list(plan.targets.get(value, ())) if also else []
            plan = plan.assign(value, [*before, *chosen])
        self.show(plan, present)

    def finished(self) -> Any:
        """The plan with what is ticked as complete; raises UserError for what a ticked structure contradicts."""
        return self._declared()

    def _declared(self) -> Any:
        items = [self._ui.completeList.item(row) for row in range(self._ui.completeList.count)]
        ticked = tuple(row + 1 for row, item in enumerate(items) if item.checkState() == qt.Qt.Checked)
        return self.plan if ticked == tuple(self.plan.complete) else self.plan.declare(ticked)

    def _selected(self) -> list[int]:
        rows = sorted({item.row() for item in self._ui.mappingTable.selectedItems()})
        return [int(self._ui.mappingTable.item(row, 0).text()) for row in rows]

    def _words(self, classes: tuple[int, ...] | None) -> str:
        if classes is None:
            return _("— not assigned —")
        if len(classes) == self._label_set.n_classes:
            return _("ignored")
        names = [self._label_set.by_value(c).name if c else _("background") for c in classes]
        return _(" or ").join(names)

    def _sides(self) -> list[tuple[str, list[int]]]:
        pairs = [
            (self._label_set.by_value(right), self._label_set.by_value(left)) for right, left in self._label_set.pairs
        ]
        text = _("{right} or {left}")
        return [(text.format(right=r.name, left=lt.name), [r.value, lt.value]) for r, lt in pairs]
