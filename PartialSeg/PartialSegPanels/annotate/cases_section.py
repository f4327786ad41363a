"""The worklist: which cases there are, how far each is, and which one is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.ask import confirm
from PartialSegPanels.annotate.flow import Steps, aside

_FOLDER, _READER = "DatasetFolder", "Reader"
_COLUMNS = 4
_ROW_HEIGHT = 22  # pixels


class CasesSection:
    """Opens dataset folders and says which case to open; `bench` is the tab."""

    def __init__(self, ui: Any, bench: Any, context: Any) -> None:
        self._ui, self._bench, self._context = ui, bench, context
        self._items: list[Any] = []
        table = ui.caseTable
        table.setColumnCount(_COLUMNS)
        table.setHorizontalHeaderLabels([_("Case"), _("State"), _("Readers"), _("Time")])
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        ui.folderEdit.currentPath = context.setting(_FOLDER)
        ui.readerEdit.text = context.setting(_READER)
        ui.openFolderButton.connect("clicked()", bench.guarded(self.open_folder))
        ui.openCaseButton.connect("clicked()", bench.guarded(self._open_selected))
        table.connect("cellDoubleClicked(int,int)", bench.guarded_with(lambda row, column: self._open_row(row)))
        table.connect("itemSelectionChanged()", self.refresh_buttons)
        ui.nextCaseButton.connect("clicked()", bench.guarded(lambda: self._step("next")))
        ui.previousCaseButton.connect("clicked()", bench.guarded(lambda: self._step("previous")))
        ui.addCaseButton.connect("clicked()", bench.guarded(self._add_case))
        ui.addVolumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: self._propose_name())
        ui.caseStateSelector.connect("currentIndexChanged(int)", bench.guarded_with(self._state_selected))

    def open_folder(self) -> None:
        """Open the dataset folder that is written there, as the reader who is written there."""
        folder, reader = str(self._ui.folderEdit.currentPath).strip(), str(self._ui.readerEdit.text).strip()
        if not folder:
            raise UserError(_("no dataset folder is given: choose one, an empty folder for a new dataset"))
        if not reader:
            raise UserError(_("no reader is given: write your pseudonym, for example reader-1"))
        if self._context.ensure_dependencies():
            self._bench.door.close(then=lambda: self._open_folder(folder, reader))

    def _open_folder(self, folder: str, reader: str) -> None:
        create = not _has_cases(Path(folder))
        text = _("{folder} holds no dataset yet.").format(folder=folder)
        if create and not confirm(text, _("Create a dataset there")):
            return
        steps = self._opening_folder(Path(folder), reader, create)
        self._bench.flow.start(steps, _("opening the dataset"))
        self._context.set_setting(_FOLDER, folder)
        self._context.set_setting(_READER, reader)

    def _opening_folder(self, folder: Path, reader: str, create: bool) -> Steps[None]:
        yield from aside(lambda: self._bench.desk.open_folder(folder, reader, create))
        yield from self.reading()

    def read_again(self) -> None:
        """Read the worklist again, in a thread, and show it."""
        if self._bench.desk.worklist is not None:
            self._bench.flow.start(self.reading(), _("reading the list of cases"))

    def reading(self) -> Steps[None]:
        """Steps that read the worklist again and show it; the open case, else the one opened last, is selected."""
        worklist = self._bench.desk.worklist
        items = yield from aside(lambda: worklist.items)
        current = yield from aside(lambda: worklist.current)
        self.show(items, current)

    def show(self, items: list[Any], current: str | None) -> None:
        """Show these cases."""
        self._items = items
        table, session = self._ui.caseTable, self._bench.session
        blocked = table.blockSignals(True)
        table.setRowCount(len(self._items))
        for row, item in enumerate(self._items):
            for column, text in enumerate(_cells(item)):
                cell = qt.QTableWidgetItem(text)
                cell.setToolTip(item.warning or str(item.folder))
                table.setItem(row, column, cell)
            table.setRowHeight(row, _ROW_HEIGHT)
        table.blockSignals(blocked)
        wanted = session.name if session is not None else current
        rows = [row for row, item in enumerate(self._items) if item.name == wanted]
        if self._items:
            table.selectRow(rows[0] if rows else 0)
        self._propose_name()
        self.refresh_buttons()

    def refresh_open(self) -> None:
        """Show state and time of the open case as they are now, not as they are on disk."""
        session = self._bench.session
        rows = [row for row, item in enumerate(self._items) if session is not None and item.name == session.name]
        for row in rows:
            self._ui.caseTable.item(row, 1).setText(state_name(session.state))
            self._ui.caseTable.item(row, 3).setText(_minutes(session.watch.seconds))

    def refresh_buttons(self) -> None:
        """Enable what can be done, and say of the rest why not."""
        ui, session, busy = self._ui, self._bench.session, self._bench.flow.words
        enable(ui.openFolderButton, busy, _("Open the dataset, or create a new one in an empty folder"))
        no_list = busy or ("" if self._bench.desk.worklist is not None else _("open a dataset folder first"))
        no_case = no_list or ("" if self._items else _("the dataset has no case yet: add a volume"))
        volume = ui.addVolumeSelector.currentNode()
        enable(ui.openCaseButton, no_case, _("Open the selected case; the case that is open is saved first"))
        enable(ui.nextCaseButton, no_case, _("Save, and open the next case that is not done"))
        enable(ui.previousCaseButton, no_case, _("Save, and open the case before that is not done"))
        no_volume = "" if volume is not None else _("select a loaded volume first")
        enable(ui.addCaseButton, no_list or no_volume, _("Copy the volume into the dataset as a new case"))
        no_session = busy or ("" if session else _("open a case first"))
        enable(ui.caseStateSelector, no_session, _("How far you are with this case"))
        self._show_state(session)

    def _show_state(self, session: Any) -> None:
        selector = self._ui.caseStateSelector
        blocked = selector.blockSignals(True)
        selector.clear()
        if session is not None:
            states = _states()
            selector.addItems([state_name(state) for state in states])
            selector.setCurrentIndex(states.index(session.state) if session.state in states else 0)
        selector.blockSignals(blocked)

    def _state_selected(self, index: int) -> None:
        if self._bench.session is not None and index >= 0:
            self._bench.session.set_state(_states()[index])
            self._bench.refresh()

    def _open_selected(self) -> None:
        row = self._ui.caseTable.currentRow()
        if row < 0:
            raise UserError(_("no case is selected: click one in the list"))
        self._open_row(row)

    def _open_row(self, row: int) -> None:
        item = self._items[row]
        if self._bench.flow.busy:
            return  # a second double click; what is under way is written above the list
        if item.state is None:
            raise UserError(item.warning)
        self._bench.door.open(item)

    def _step(self, way: str) -> None:
        worklist, session = self._bench.desk.worklist, self._bench.session
        if worklist is None:
            raise UserError(_("no dataset is open: open a dataset folder first"))
        name = session.name if session is not None else None
        steps = aside(lambda: getattr(worklist, way)(name or worklist.current, unfinished=True))
        self._bench.flow.start(steps, _("looking for the next case"), self._open_found)

    def _open_found(self, item: Any) -> None:
        if item is None:
            raise UserError(_("there is no further case that is not done: double-click a case to look at it again"))
        self._bench.door.open(item)

    def _add_case(self) -> None:
        from PartialSegLib.scene import volume_of

        name, worklist = str(self._ui.caseNameEdit.text).strip(), self._bench.desk.worklist
        volume = volume_of(self._ui.addVolumeSelector.currentNode())
        self._bench.flow.start(self._adding(worklist, volume, name), _("adding the volume"), self._added)

    def _adding(self, worklist: Any, volume: Any, name: str) -> Steps[str]:
        item = yield from aside(lambda: worklist.add(volume, name=name or None), daemon=False)
        yield from self.reading()
        return str(item.name)

    def _added(self, name: str) -> None:
        self._bench.status(_("{case} was added to the dataset").format(case=name))

    def _propose_name(self) -> None:
        taken = {item.name for item in self._items}
        number = next(n for n in range(1, len(taken) + 2) if f"case_{n:03d}" not in taken)
        self._ui.caseNameEdit.text = f"case_{number:03d}"
        self.refresh_buttons()


def enable(button: Any, obstacle: str, tip: str) -> None:
    """Enable a button, or disable it with a tool tip that says why."""
    button.enabled = not obstacle
    button.toolTip = _("Not now: {reason}").format(reason=obstacle) if obstacle else tip


def state_name(state: Any) -> str:
    """What a case's state is called."""
    names = {
        "NOT_STARTED": _("not started"),
        "IN_PROGRESS": _("in progress"),
        "DONE": _("done"),
        "FLAGGED": _("flagged"),
    }
    return names[state.name]


def _states() -> list[Any]:
    from PartialSegLib.annotation.reading import CaseState

    return [CaseState.IN_PROGRESS, CaseState.DONE, CaseState.FLAGGED]


def _cells(item: Any) -> tuple[str, str, str, str]:
    state = _("cannot be opened") if item.state is None else state_name(item.state)
    return item.name, state, ", ".join(item.readers), _minutes(item.seconds)


def _minutes(seconds: float) -> str:
    if seconds < 60:
        return _("< 1 min") if seconds else ""
    return _("{minutes} min").format(minutes=round(seconds / 60))


def _has_cases(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*/case.json"))
