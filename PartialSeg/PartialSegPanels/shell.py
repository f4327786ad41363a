"""The tabs, and the events of Slicer that each of them hears."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import slicer

from PartialSegPanels.annotate.panel import AnnotatePanel
from PartialSegPanels.context import Context
from PartialSegPanels.segment.panel import SegmentPanel


class Shell:
    """Holds the panels.

    A panel is made with its tab (a QWidget that has a layout) and the context, and has enter(), exit(), cleanup(),
    scene_closing() and scene_closed(). `context.parameters` is there from scene_closed() or enter() on, and None again
    after scene_closing().
    """

    def __init__(self, layout: Any, logic: Any, resource: Callable[[str], str]) -> None:
        self._logic = logic
        self.context = Context(resource)
        widget = slicer.util.loadUI(resource("UI/PartialSeg.ui"))
        layout.addWidget(widget)
        widget.setMRMLScene(slicer.mrmlScene)
        ui = slicer.util.childWidgetVariables(widget)
        self.tabs = ui.tabs
        self.context.parameters = logic.getParameterNode()
        self.segment = SegmentPanel(ui.segmentTab, self.context)
        self.annotate = AnnotatePanel(ui.annotateTab, self.context)
        self._panels = (self.segment, self.annotate)
        self._entered: Any = None
        self.tabs.connect("currentChanged(int)", self._tab_changed)

    def enter(self) -> None:
        """The user came to the module: its open tab is entered."""
        if self.context.parameters is None:
            self.context.parameters = self._logic.getParameterNode()
        self._switch_to(self._panels[self.tabs.currentIndex])

    def exit(self) -> None:
        """The user left the module."""
        self._switch_to(None)

    def cleanup(self) -> None:
        """The module is unloaded: nothing of it may go on, whatever goes wrong in one of its parts."""
        with ExitStack() as stack:  # the last one first
            stack.callback(self.context.close)
            for panel in self._panels:
                stack.callback(panel.cleanup)
            self._switch_to(None)

    def scene_closing(self) -> None:
        """Every node is about to go."""
        for panel in self._panels:
            panel.scene_closing()
        self.context.parameters = None

    def scene_closed(self, entered: bool) -> None:
        """The scene is empty; `entered` is whether the user looks at the module."""
        self.context.parameters = self._logic.getParameterNode()
        for panel in self._panels:
            panel.scene_closed()
        self._switch_to(self._panels[self.tabs.currentIndex] if entered else None)

    def _tab_changed(self, index: int) -> None:
        if self._entered is not None:
            self._switch_to(self._panels[index])

    def _switch_to(self, panel: Any) -> None:
        if panel is self._entered:
            return
        if self._entered is not None:
            self._entered.exit()
        self._entered = panel
        if panel is not None:
            panel.enter()
