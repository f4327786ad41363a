"""Where the reader is: the ribbons of the active view, the view selector, and words for the slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegLib.supervision import State
from PartialSegPanels.annotate.ribbon import Ribbon, words_of
from PartialSegPanels.annotate.words import capital, names_of, slice_name


class SliceSection:
    """One ribbon for the structure that is painted, one for all that are ticked; `bench` is the tab."""

    def __init__(self, ui: Any, bench: Any) -> None:
        self._ui, self._bench = ui, bench
        self.current, self.ticked = Ribbon(), Ribbon()
        self._wanted = ((self.current, bench.current), (self.ticked, bench.ticked))
        holders = (ui.currentRibbonHolder, ui.tickedRibbonHolder)
        for (ribbon, structures), holder in zip(self._wanted, holders, strict=True):
            holder.layout().setContentsMargins(0, 0, 0, 0)
            holder.layout().addWidget(ribbon)
            ribbon.go, ribbon.tell = bench.guarded_with(self._go), self.teller(structures)
        ui.legendLabel.text = _("Solid: complete. Hatched: in part. Empty: not looked at. Click to go there.")
        ui.viewSelector.connect("currentIndexChanged(int)", self._view_selected)

    def refresh(self) -> tuple[str, int] | None:
        """Show the slice of the active view; its axis and index, None where there is none."""
        self._show_views()
        session, view = self._bench.session, self._bench.view
        try:
            position = view.position()
        except UserError as error:
            self._show_nothing(str(error))
            return None
        place = (position.axis, position.index)
        self._ui.positionLabel.text = capital(slice_name(session.image, *place))
        mark = self._bench.mark
        marked = mark[1] if mark is not None and mark[0] == place[0] else None
        for ribbon, structures in self._wanted:
            self._show(ribbon, structures(), place, marked)
        return place

    def _show(self, ribbon: Ribbon, structures: Sequence[int], place: tuple[str, int], mark: int | None) -> None:
        if not structures:
            ribbon.show_message(_("no structure is selected"))
            return
        states = self._bench.session.declarations.ribbon(structures, place[0])
        ribbon.show_states(states, place[1], mark, self._bench.planned(place[0]))

    def _show_nothing(self, reason: str) -> None:
        self._ui.positionLabel.text = capital(reason)
        for ribbon, _structures in self._wanted:
            ribbon.show_message("—")

    def _show_views(self) -> None:
        selector, names = self._ui.viewSelector, sorted(self._bench.view.nodes())
        blocked = selector.blockSignals(True)
        if [selector.itemText(index) for index in range(selector.count)] != names:
            selector.clear()
            selector.addItems(names)
        if self._bench.view.name in names:
            selector.setCurrentIndex(names.index(self._bench.view.name))
        selector.blockSignals(blocked)

    def _view_selected(self, index: int) -> None:
        self._bench.view.select(self._ui.viewSelector.itemText(index))

    def _go(self, index: int) -> None:
        position = self._bench.view.position()
        self._bench.view.go(position.axis, index)

    def teller(self, structures: Callable[[], Sequence[int]], axis: str | None = None) -> Callable[[int], str]:
        """What the tool tip of one slice says; across `axis`, or the axis of the active view."""

        def tell(index: int) -> str:
            session = self._bench.session
            try:
                along = axis or self._bench.view.position().axis
            except UserError as error:
                return str(error)
            lines = [capital(slice_name(session.image, along, index))]
            states = {value: session.declarations.state(value, along, index) for value in structures()}
            for state in (State.COMPLETE, State.IN_PART, State.NOT_LOOKED_AT):
                values = [value for value, found in states.items() if found == state]
                if values:
                    lines.append(f"{capital(words_of(state))}: {names_of(session.label_set, values, most=20)}")
            return "\n".join(lines)

        return tell
