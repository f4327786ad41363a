"""The slice view that the reader works in: where the mouse is, else the one that was scrolled last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin
from vtk import vtkCommand

from PartialSegLib.errors import UserError

DEFAULT = "Red"


class ActiveView(VTKObservationMixin):
    """Follows the slice nodes while it is installed; `changed` is called when the view, or the slice in it, is another.

    volume_node: the volume whose slices are meant, None before a case is open.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self.volume_node: Any = None
        self.name = DEFAULT
        self._changed = changed
        self._offsets: dict[str, tuple[float, ...]] = {}

    def install(self) -> None:
        """Follow the slice views there are."""
        self.uninstall()
        for name, node in self.nodes().items():
            self._offsets[name] = _place(node)
            self.addObserver(node, vtkCommand.ModifiedEvent, self._slice_modified)
        crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        if crosshair is not None:
            event = slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent
            self.addObserver(crosshair, event, self._cursor_moved)

    def uninstall(self) -> None:
        """Follow nothing."""
        self.removeObservers()
        self._offsets = {}

    def nodes(self) -> dict[str, Any]:
        """The slice nodes by the name of their view."""
        return {node.GetLayoutName(): node for node in slicer.util.getNodesByClass("vtkMRMLSliceNode")}

    @property
    def slice_node(self) -> Any:
        """The slice node of the active view."""
        nodes = self.nodes()
        return nodes.get(self.name) or next(iter(nodes.values()), None)

    def position(self) -> Any:
        """Axis and index of the slice that is shown; raises UserError where the view is oblique or shows none."""
        from PartialSegLib.scene import slice_position

        if self.volume_node is None or self.slice_node is None:
            raise UserError(_("no case is open: open one from the worklist"))
        return slice_position(self.slice_node, self.volume_node)

    def go(self, axis: Any, index: int) -> None:
        """Show a slice: in the active view when it looks that way, else in one that does, else turn the active view."""
        from PartialSegLib.scene import show_slice

        node = self._view_along(axis)
        self.name = node.GetLayoutName()
        show_slice(node, self.volume_node, axis, index)
        self._changed()

    def select(self, name: str) -> None:
        """Make a view the active one."""
        if name != self.name and name in self.nodes():
            self.name = name
            self._changed()

    def _view_along(self, axis: str) -> Any:
        from PartialSegLib.scene import slice_position

        for node in [self.slice_node, *self.nodes().values()]:
            try:
                if slice_position(node, self.volume_node).axis == axis:
                    return node
            except UserError:
                continue
        return self.slice_node

    def _slice_modified(self, node: Any, event: Any) -> None:
        name, place = node.GetLayoutName(), _place(node)
        if place == self._offsets.get(name):
            return  # zoomed or resized: still the same slice
        self._offsets[name] = place
        if self._pointed() is None:
            self.name = name
        if name == self.name:
            self._changed()

    def _cursor_moved(self, crosshair: Any, event: Any) -> None:
        node = self._pointed()
        if node is not None:
            self.select(node.GetLayoutName())

    def _pointed(self) -> Any:
        crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        return None if crosshair is None else crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0])


def _place(node: Any) -> tuple[float, ...]:
    """What changes when another slice is shown: the plane's normal and its distance from the origin."""
    matrix = node.GetSliceToRAS()
    return (*(round(matrix.GetElement(row, 2), 6) for row in range(3)), round(node.GetSliceOffset(), 4))
