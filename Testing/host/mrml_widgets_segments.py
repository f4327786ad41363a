"""Widgets that show the segments of one segmentation: the table, and the button that shows them in 3D."""

from collections.abc import Callable
from typing import Any

import shiboken6
import slicer
from PySide6.QtCore import Property, QItemSelection, QObject, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from Testing.host.ctk_buttons import ctkMenuButton
from Testing.host.mrml_widgets_base import check_node, qMRMLWidget
from Testing.host.qt_properties import kept, with_setters

_VISIBLE, _COLOR, _OPACITY, _NAME, _STATUS = range(5)
_STATUS_WORDS = ("Not started", "In progress", "Completed", "Flagged")
_SEGMENTATION_EVENTS = ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SegmentsOrderModified",
                        "ContainedRepresentationNamesModified")  # fmt: skip


class SegmentationObserver:
    """Calls `changed` when the segments or the display of one segmentation node change."""

    def __init__(self, owner: QObject, changed: Callable[[], None]) -> None:
        self.node: Any = None
        self._owner = owner
        self._changed = changed
        self._tags: list[tuple[Any, int]] = []

    def watch(self, node: Any) -> None:
        """Watch this node instead of the one before."""
        check_node(node, "vtkMRMLSegmentationNode")
        self._leave()
        self.node = node
        if node is None:
            return
        for name in _SEGMENTATION_EVENTS:
            event = getattr(slicer.vtkSegmentation, name, None)
            if isinstance(event, int):
                self._add(node.GetSegmentation(), event)
        self._add(node, slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent)
        self._add(node, "ModifiedEvent")

    def _add(self, subject: Any, event: Any) -> None:
        self._tags.append((subject, subject.AddObserver(event, self._heard)))

    def _leave(self) -> None:
        for subject, tag in self._tags:
            subject.RemoveObserver(tag)
        self._tags = []

    def _heard(self, *_: Any) -> None:
        if shiboken6.isValid(self._owner):
            self._changed()
        else:
            self._leave()


@with_setters
class qMRMLSegmentationShow3DButton(ctkMenuButton):  # noqa: N801  Slicer's name
    """Makes the closed surfaces of a segmentation when it is pressed, and removes them again."""

    locked = kept(bool, "locked", False, "_update")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("Show 3D")
        self.setCheckable(True)
        self._observer = SegmentationObserver(self, self._update)
        self.toggled.connect(self._toggled)
        self._update()

    def segmentationNode(self) -> Any:  # noqa: N802
        """The node, or None."""
        return self._observer.node

    def setSegmentationNode(self, node: Any) -> None:  # noqa: N802
        """Work with another segmentation."""
        self._observer.watch(node)
        self._update()

    def _surface(self) -> str:
        return str(slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName())

    def _update(self) -> None:
        node = self._observer.node
        segmentation = node.GetSegmentation() if node is not None else None
        self.setEnabled(not self.locked and segmentation is not None and segmentation.GetNumberOfSegments() > 0)
        blocked = self.blockSignals(True)
        self.setChecked(segmentation is not None and segmentation.ContainsRepresentation(self._surface()))
        self.blockSignals(blocked)

    def _toggled(self, on: bool) -> None:
        node = self._observer.node
        if node is None:
            return
        if not on:
            node.GetSegmentation().RemoveRepresentation(self._surface())
        elif node.GetSegmentation().CreateRepresentation(self._surface()) and node.GetDisplayNode() is not None:
            node.GetDisplayNode().SetPreferredDisplayRepresentationName3D(self._surface())


@with_setters
class qMRMLSegmentsTableView(qMRMLWidget):  # noqa: N801
    """The segments with visibility, color, opacity, name and status; a click on the eye shows or hides one."""

    selectionChanged = Signal(QItemSelection, QItemSelection)  # noqa: N815
    segmentAboutToBeModified = Signal(str)  # noqa: N815
    headerVisible = kept(bool, "headerVisible", True, "_columns")  # noqa: N815
    visibilityColumnVisible = kept(bool, "visibilityColumnVisible", True, "_columns")  # noqa: N815
    colorColumnVisible = kept(bool, "colorColumnVisible", True, "_columns")  # noqa: N815
    opacityColumnVisible = kept(bool, "opacityColumnVisible", True, "_columns")  # noqa: N815
    statusColumnVisible = kept(bool, "statusColumnVisible", False, "_columns")  # noqa: N815
    layerColumnVisible = kept(bool, "layerColumnVisible", False)  # noqa: N815
    readOnly = kept(bool, "readOnly", False, "_fill")  # noqa: N815
    filterBarVisible = kept(bool, "filterBarVisible", False, "_columns")  # noqa: N815
    jumpToSelectedSegmentEnabled = kept(bool, "jumpToSelectedSegmentEnabled", False)  # noqa: N815

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hidden: list[str] = []
        self._filter = QLineEdit(self)
        self._filter.setPlaceholderText("Filter by name")
        self._table = QTableWidget(0, 5, self)
        self._table.setHorizontalHeaderLabels(["", "", "Opacity", "Name", "Status"])
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.horizontalHeader().setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column in (_VISIBLE, _COLOR):
            self._table.setColumnWidth(column, 28)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._filter)
        box.addWidget(self._table)
        self._observer = SegmentationObserver(self, self._fill)
        self._filter.textChanged.connect(lambda text: self._fill())
        self._table.selectionModel().selectionChanged.connect(self.selectionChanged)
        self._table.itemChanged.connect(self._renamed)
        self._table.cellClicked.connect(self._clicked)
        self._columns()

    def _mode(self) -> int:
        return int(self._table.selectionMode().value)

    def _set_mode(self, mode: int) -> None:
        self._table.setSelectionMode(QAbstractItemView.SelectionMode(int(mode)))

    selectionMode = Property(int, _mode, _set_mode)  # noqa: N815
    segmentCount = Property(int, lambda self: self._table.rowCount())  # noqa: N815
    textFilter = Property(  # noqa: N815
        str, lambda self: self._filter.text(), lambda self, text: self._filter.setText(text)
    )

    def segmentationNode(self) -> Any:  # noqa: N802
        """The node, or None."""
        return self._observer.node

    def setSegmentationNode(self, node: Any) -> None:  # noqa: N802
        """Show the segments of another segmentation."""
        self._observer.watch(node)
        self._fill()

    def tableWidget(self) -> QTableView:  # noqa: N802
        """The table itself."""
        return self._table

    def selectedSegmentIDs(self) -> list[str]:  # noqa: N802
        """IDs of the selected rows, from top to bottom."""
        rows = sorted({index.row() for index in self._table.selectedIndexes()})
        return [self.segmentIDForRow(row) for row in rows]

    def setSelectedSegmentIDs(self, ids: Any) -> None:  # noqa: N802
        """Select these; unknown ones are passed over."""
        model = self._table.selectionModel()
        flag = model.SelectionFlag
        model.clearSelection()
        for row in [self.rowForSegmentID(one) for one in ids if self.rowForSegmentID(one) >= 0]:
            model.select(self._table.model().index(row, 0), flag.Select | flag.Rows)

    def clearSelection(self) -> None:  # noqa: N802
        """Select nothing."""
        self._table.clearSelection()

    def displayedSegmentIDs(self) -> list[str]:  # noqa: N802
        """IDs of all rows."""
        return [self.segmentIDForRow(row) for row in range(self._table.rowCount())]

    def setHideSegments(self, ids: Any) -> None:  # noqa: N802
        """Leave these out."""
        self._hidden = list(ids)
        self._fill()

    def hideSegments(self) -> list[str]:  # noqa: N802
        """IDs that are left out."""
        return self._hidden

    def rowForSegmentID(self, segment_id: str) -> int:  # noqa: N802
        """The row of a segment; -1 when it is not shown."""
        shown = self.displayedSegmentIDs()
        return shown.index(segment_id) if segment_id in shown else -1

    def segmentIDForRow(self, row: int) -> str:  # noqa: N802
        """The segment of a row."""
        item = self._table.item(row, _NAME)
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _columns(self) -> None:
        self._table.horizontalHeader().setVisible(self.headerVisible)
        self._table.setColumnHidden(_VISIBLE, not self.visibilityColumnVisible)
        self._table.setColumnHidden(_COLOR, not self.colorColumnVisible)
        self._table.setColumnHidden(_OPACITY, not self.opacityColumnVisible)
        self._table.setColumnHidden(_STATUS, not self.statusColumnVisible)
        self._filter.setVisible(self.filterBarVisible)

    def _fill(self) -> None:
        """Show what the node holds now; the selection stays with its segments."""
        selected = self.selectedSegmentIDs()
        node = self._observer.node
        segmentation = node.GetSegmentation() if node is not None else None
        ids = [] if segmentation is None else list(segmentation.GetSegmentIDs())
        words = self._filter.text().lower()
        ids = [one for one in ids if one not in self._hidden]
        ids = [one for one in ids if words in segmentation.GetSegment(one).GetName().lower()]
        blocked = self._table.blockSignals(True)
        model_blocked = self._table.selectionModel().blockSignals(True)
        self._table.setRowCount(len(ids))
        for row, one in enumerate(ids):
            self._fill_row(row, one, segmentation.GetSegment(one), node.GetDisplayNode())
        self.setSelectedSegmentIDs(selected)
        self._table.selectionModel().blockSignals(model_blocked)
        self._table.blockSignals(blocked)

    def _fill_row(self, row: int, segment_id: str, segment: Any, display: Any) -> None:
        visible = display is None or display.GetSegmentVisibility(segment_id)
        opacity = 1.0 if display is None else display.GetSegmentOpacity3D(segment_id)
        status = slicer.vtkSlicerSegmentationsModuleLogic.GetSegmentStatus(segment)
        texts = ("●" if visible else "○", "", f"{opacity:.2f}", segment.GetName(), _STATUS_WORDS[status])
        fixed = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setFlags(fixed | Qt.ItemFlag.ItemIsEditable if column == _NAME and not self.readOnly else fixed)
            self._table.setItem(row, column, item)
        self._table.item(row, _COLOR).setBackground(QColor.fromRgbF(*segment.GetColor()))
        self._table.item(row, _NAME).setData(Qt.ItemDataRole.UserRole, segment_id)

    def _renamed(self, item: QTableWidgetItem) -> None:
        if item.column() == _NAME:
            segment_id = self.segmentIDForRow(item.row())
            self.segmentAboutToBeModified.emit(segment_id)
            self._observer.node.GetSegmentation().GetSegment(segment_id).SetName(item.text())

    def _clicked(self, row: int, column: int) -> None:
        display = self._observer.node.GetDisplayNode()
        if column == _VISIBLE and display is not None:
            segment_id = self.segmentIDForRow(row)
            display.SetSegmentVisibility(segment_id, not display.GetSegmentVisibility(segment_id))
