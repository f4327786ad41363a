"""A ribbon in every slice view, under its slider: the ticked structures in that view's own direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.ribbon import Ribbon

_BELOW_THE_BAR = 1  # position in the slice widget's layout


class ViewRibbons:
    """Puts ribbons into the slice views while the tab is shown; `bench` is the tab."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self.ribbons: dict[str, Ribbon] = {}

    def install(self) -> None:
        """Add a ribbon to every slice view of the layout; they are seen while a case is open."""
        self.uninstall()
        manager = slicer.app.layoutManager()
        for name in manager.sliceViewNames() if manager is not None else ():
            ribbon = Ribbon()
            ribbon.go, ribbon.tell = self._bench.guarded_with(self._going(name)), lambda index: ""
            manager.sliceWidget(name).layout().insertWidget(_BELOW_THE_BAR, ribbon)
            self.ribbons[name] = ribbon

    def uninstall(self) -> None:
        """Take them out again."""
        for ribbon in self._present().values():
            ribbon.hide()
            ribbon.setParent(None)
            ribbon.deleteLater()
        self.ribbons = {}

    def refresh(self) -> None:
        """Show what there is now."""
        session, nodes = self._bench.session, self._bench.view.nodes()
        for name, ribbon in self._present().items():
            ribbon.visible = session is not None and name in nodes
            if session is not None and name in nodes:
                self._show(ribbon, nodes[name])

    def _show(self, ribbon: Ribbon, slice_node: Any) -> None:
        from PartialSegLib.scene import slice_position

        structures = self._bench.ticked()
        try:
            place = slice_position(slice_node, self._bench.view.volume_node)
        except UserError as error:
            ribbon.show_message(str(error))
            return
        mark = self._bench.mark
        marked = mark[1] if mark is not None and mark[0] == place.axis else None
        states = self._bench.session.declarations.ribbon(structures, place.axis)
        ribbon.tell = self._bench.slices.teller(self._bench.ticked, place.axis)
        ribbon.show_states(states, place.index, marked, self._bench.planned(place.axis))

    def _present(self) -> dict[str, Ribbon]:
        """The ribbons but for those of views that Slicer has deleted meanwhile."""
        return {name: ribbon for name, ribbon in self.ribbons.items() if _exists(ribbon)}

    def _going(self, name: str) -> Callable[[int], None]:
        def go(index: int) -> None:
            from PartialSegLib.scene import slice_position

            view = self._bench.view
            view.select(name)
            place = slice_position(view.slice_node, view.volume_node)
            view.go(place.axis, index)

        return go


def _exists(widget: Any) -> bool:
    """Whether Qt still has the widget; PythonQt refuses to read a property of one that was deleted."""
    try:
        return widget.visible is not None
    except ValueError:
        return False
