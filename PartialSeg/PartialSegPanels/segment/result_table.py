"""The result table: least sure first; a double click shows the structure in the slice views."""

from collections.abc import Callable
from textwrap import fill
from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegPanels.segment.rows import Row, volume_text
from PartialSegPanels.segment.structure_list import color_icon

STRUCTURE, CONFIDENCE, VOLUME, REMARKS = range(4)
MOST_LINES = 24
NAME_WIDTH, REMARK_WIDTH = 20, 22  # characters in a line; the panel is narrow, and half a remark says nothing


class ResultTable:
    """Fills the tree widget of the panel; `jump` gets the label value of a row that was double clicked."""

    def __init__(self, tree: Any, jump: Callable[[int], None]) -> None:
        self._tree = tree
        self._jump = jump
        self._rows: list[Row] = []
        self._items: list[Any] = []
        tree.connect("itemDoubleClicked(QTreeWidgetItem*,int)", self._double_clicked)

    @property
    def rows(self) -> list[Row]:
        """What is shown, from top to bottom."""
        return list(self._rows)

    def show(self, rows: list[Row]) -> None:
        """Show these rows."""
        self._tree.clear()
        self._rows = list(rows)
        self._items = [self._item(number, row) for number, row in enumerate(rows)]
        for column in (STRUCTURE, CONFIDENCE, VOLUME):
            self._tree.resizeColumnToContents(column)
        self._fit_height()

    def _item(self, number: int, row: Row) -> Any:
        item = qt.QTreeWidgetItem(self._tree)
        item.setIcon(STRUCTURE, color_icon(row.color))
        item.setText(STRUCTURE, fill(row.name, NAME_WIDTH))
        item.setText(CONFIDENCE, "" if row.confidence is None else f"{row.confidence:.2f}")
        item.setText(VOLUME, volume_text(row.volume_ml) if row.found else "")
        item.setText(REMARKS, "\n".join(fill(remark, REMARK_WIDTH) for remark in row.remarks))
        item.setData(STRUCTURE, qt.Qt.UserRole, number)
        for column in (CONFIDENCE, VOLUME):
            item.setTextAlignment(column, qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        tip = "\n".join(row.remarks) if row.remarks else _("Double-click to see it in the slice views")
        for column in range(4):
            item.setToolTip(column, tip)
        return item

    def _fit_height(self) -> None:
        """All structures without a second scroll bar inside the panel's own."""
        texts = ((item.text(STRUCTURE), item.text(REMARKS)) for item in self._items)
        lines = sum(1 + max(text.count("\n") for text in row) for row in texts)
        line = self._tree.fontMetrics().height() + 2
        self._tree.setMinimumHeight(line * (min(MOST_LINES, lines) + 2) + 8)

    def _double_clicked(self, item: Any, column: int) -> None:
        row = self._rows[int(item.data(STRUCTURE, qt.Qt.UserRole))]
        if row.found:
            self._jump(row.value)
