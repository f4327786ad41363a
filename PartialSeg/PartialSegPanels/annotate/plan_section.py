"""Which slices to annotate: a plan with reasons, to be ticked off."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegLib.ranking.plan import PlannedSlice, SlicePlan
from PartialSegPanels.annotate import planning
from PartialSegPanels.annotate.flow import Steps, aside
from PartialSegPanels.annotate.words import AXES, capital, slice_name

_SETTING = "Plans"


class PlanSection:
    """The list of planned slices; `bench` is the tab. A plan is this user's own and is there again with its case."""

    def __init__(self, ui: Any, bench: Any) -> None:
        self._ui, self._bench = ui, bench
        self.plan = SlicePlan()
        self._ways: list[tuple[str, Callable[..., list[Any]]]] = [
            (_("Evenly over the organs"), planning.evenly_over),
            (_("Every n-th slice"), planning.every_nth_of),
            (_("At random, with organs"), planning.at_random),
            (_("Where the model is least sure"), planning.least_sure_of),
        ]
        ui.planSelector.addItems([words for words, _way in self._ways])
        ui.planButton.connect("clicked()", bench.guarded(self._make))
        ui.nextPlannedButton.connect("clicked()", bench.guarded(lambda: self._step("next")))
        ui.previousPlannedButton.connect("clicked()", bench.guarded(lambda: self._step("previous")))
        ui.tickButton.connect("clicked()", bench.guarded(self._tick_here))
        ui.planList.connect("itemClicked(QListWidgetItem*)", bench.guarded_with(self._clicked))
        ui.planList.connect("itemChanged(QListWidgetItem*)", bench.guarded_with(self._ticked))

    def open(self, session: Any) -> None:
        """Another case: its own plan, where it had one."""
        text = self._bench.context.setting(_key(session))
        plan = SlicePlan.from_json(text) if text else SlicePlan()
        shape = session.labels.shape
        self.plan = SlicePlan(tuple(p for p in plan.slices if p.index < shape[AXES.index(p.axis)]))
        self._show()

    def close(self) -> None:
        """No case is open."""
        self.plan = SlicePlan()
        self._show()

    def slices(self, axis: str) -> Sequence[int]:
        """The planned slices across an axis that are not ticked."""
        return [planned.index for planned in self.plan.slices if planned.axis == axis and not planned.done]

    def refresh(self, place: tuple[str, int] | None) -> None:
        """Select the planned slice that is shown, if it is one."""
        rows = [row for row, planned in enumerate(self.plan.slices) if (planned.axis, planned.index) == place]
        blocked = self._ui.planList.blockSignals(True)
        self._ui.planList.setCurrentRow(rows[0] if rows else -1)
        self._ui.planList.blockSignals(blocked)

    def _make(self) -> None:
        session = self._bench.session
        if session is None:
            raise UserError(_("no case is open: open one from the worklist"))
        axis = self._bench.view.position().axis
        way = self._ways[self._ui.planSelector.currentIndex][1]
        steps = self._making(session, way, axis, int(self._ui.planNumber.value), self._bench.confidence())
        self._bench.flow.start(steps, _("choosing slices"), self._set)

    def _making(
        self, session: Any, way: Callable[..., list[Any]], axis: str, number: int, confidence: Any
    ) -> Steps[SlicePlan]:
        yield from self._bench.strokes.settling()
        prediction = yield from self._bench.paint.predicting()
        planned = yield from aside(lambda: way(session, axis, number, prediction, confidence))
        return SlicePlan.of(planned)

    def _set(self, plan: SlicePlan) -> None:
        self.plan = plan
        self._bench.context.set_setting(_key(self._bench.session), json.dumps(plan.to_json()))
        self._show()
        self._bench.refresh()

    def _step(self, way: str) -> None:
        place = self._bench.view.position()
        planned = getattr(self.plan, way)(place.axis, place.index)
        if planned is None:
            raise UserError(_("nothing is left on the plan: plan slices first"))
        self._bench.view.go(planned.axis, planned.index)

    def _tick_here(self) -> None:
        place = self._bench.view.position()
        here = [p for p in self.plan.slices if (p.axis, p.index) == (place.axis, place.index)]
        if not here:
            raise UserError(_("the slice that is shown is not on the plan: go to a planned one first"))
        self._set(self.plan.tick(place.axis, place.index, not here[0].done))

    def _planned(self, item: Any) -> PlannedSlice:
        return self.plan.slices[self._ui.planList.row(item)]

    def _clicked(self, item: Any) -> None:
        planned = self._planned(item)
        self._bench.view.go(planned.axis, planned.index)

    def _ticked(self, item: Any) -> None:
        planned = self._planned(item)
        done = item.checkState() == qt.Qt.Checked
        if done != planned.done:
            self._set(self.plan.tick(planned.axis, planned.index, done))

    def _show(self) -> None:
        widget, session = self._ui.planList, self._bench.session
        blocked = widget.blockSignals(True)
        if widget.count != len(self.plan.slices):
            widget.clear()
            for _planned in self.plan.slices:
                item = qt.QListWidgetItem("")
                item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
                widget.addItem(item)
        for row, planned in enumerate(self.plan.slices):
            item = widget.item(row)
            place = slice_name(session.image, planned.axis, planned.index)
            item.setText(f"{capital(place)}: {planned.reason}")
            item.setCheckState(qt.Qt.Checked if planned.done else qt.Qt.Unchecked)
        widget.blockSignals(blocked)
        title = _("Slices to annotate")
        if self.plan.slices:
            done = _("{done} of {all} done").format(done=self.plan.n_done, all=len(self.plan.slices))
            title = f"{title}: {done}"
        self._ui.planSection.text = title


def _key(session: Any) -> str:
    # Slashes make groups in QSettings.
    name = f"{session.folder}|{session.reader}".replace("/", "|").replace("\\", "|")
    return f"{_SETTING}/{name}"
