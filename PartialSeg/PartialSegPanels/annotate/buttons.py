"""What can be done now: every other button is disabled, with a tool tip that says why."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.cases_section import enable
from PartialSegPanels.annotate.words import capital

_HERE = ("completeHereButton", "absentHereButton", "withdrawHereButton")
_ALL_HERE = ("completeAllHereButton", "withdrawAllHereButton", "acceptSliceButton")
_VOLUME = ("completeVolumeButton", "absentVolumeButton", "withdrawVolumeButton", "acceptStructureButton")
_BETWEEN = ("completeBetweenButton", "withdrawBetweenButton")
_CASE = ("saveButton", "scribbleButton", "undoButton", "redoButton", "importButton", "planButton")


class Buttons:
    """Enables the buttons that declare, save and paint; `bench` is the tab."""

    def __init__(self, ui: Any, bench: Any) -> None:
        self._ui, self._bench = ui, bench
        names: tuple[str, ...] = (*_HERE, *_ALL_HERE, *_VOLUME, *_BETWEEN, *_CASE)
        names += ("completeAllBetweenButton", "markButton", "copyPredictionButton", "exportButton")
        self._tips = {name: str(getattr(ui, name).toolTip) for name in names}
        ui.undoButton.connect("clicked()", bench.guarded(lambda: self._move("undo")))
        ui.redoButton.connect("clicked()", bench.guarded(lambda: self._move("redo")))
        everything = tuple(structure.value for structure in bench.context.label_set)
        ui.tickAllButton.connect("clicked()", bench.guarded(lambda: bench.structures.tick(everything)))
        ui.tickNoneButton.connect("clicked()", bench.guarded(lambda: bench.structures.tick(())))

    def refresh(self) -> None:
        """Enable and disable, and name the open case and the structure that is painted."""
        bench, session = self._bench, self._bench.session
        busy = bench.flow.words
        no_case = busy or ("" if session is not None else _("open a case first"))
        no_one = no_case or ("" if bench.current() else _("select a structure first"))
        no_all = no_case or ("" if bench.ticked() else _("tick the structures that you annotate first"))
        no_slice = no_case or self._why_no_slice()
        no_mark = no_slice or ("" if bench.mark else _("mark the first slice of the range first"))
        self._each(_HERE, no_slice or no_one)
        self._each(_ALL_HERE, no_slice or no_all)
        self._each(_VOLUME, no_one)
        self._each(_BETWEEN, no_mark or no_one)
        self._each(("completeAllBetweenButton",), no_mark or no_all)
        self._each(("markButton",), no_slice)
        self._each(_CASE, no_case)
        self._each(("copyPredictionButton",), busy or bench.paint.why_no_copy())
        no_list = "" if bench.desk.worklist is not None else _("open a dataset folder first")
        self._each(("exportButton",), busy or no_list)
        self._name(session)

    def _each(self, names: tuple[str, ...], obstacle: str) -> None:
        for name in names:
            enable(getattr(self._ui, name), obstacle, self._tips[name])

    def _name(self, session: Any) -> None:
        current = self._bench.current()
        label_set = self._bench.context.label_set
        name = label_set.by_value(current[0]).name if current else _("this structure")
        count = _("{count} ticked").format(count=len(self._bench.ticked()))
        self._ui.currentRowLabel.text = self._ui.currentRibbonLabel.text = f"{name[:1].upper()}{name[1:]}:"
        self._ui.allRowLabel.text = self._ui.tickedRibbonLabel.text = f"{count}:"
        busy = self._bench.flow.words
        if busy:
            self._ui.caseLabel.text = f"{capital(busy)}…"
        elif session is None:
            self._ui.caseLabel.text = _("No case is open")
        else:
            text = _("{case}, read by {reader}")
            self._ui.caseLabel.text = text.format(case=session.name, reader=session.reader)

    def _why_no_slice(self) -> str:
        try:
            self._bench.view.position()
        except UserError as error:
            return str(error)
        return ""

    def _move(self, way: str) -> None:
        session = self._bench.session
        if session is None:
            raise UserError(_("no case is open: open one from the worklist"))
        self._bench.strokes.after(lambda: self._moved(session, way))

    def _moved(self, session: Any, way: str) -> None:
        words = getattr(session.declarations, way)()
        said = {"undo": _("Taken back: {act}"), "redo": _("Declared again: {act}")}[way]
        nothing = {"undo": _("Nothing to take back"), "redo": _("Nothing to declare again")}[way]
        self._bench.declared(said.format(act=words) if words else nothing)
