"""The Annotate tab put together: which case is open, what was painted, and when the tab listens to what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.active_view import ActiveView
from PartialSegPanels.annotate.acts import Acts
from PartialSegPanels.annotate.buttons import Buttons
from PartialSegPanels.annotate.case_door import CaseDoor
from PartialSegPanels.annotate.cases_section import CasesSection
from PartialSegPanels.annotate.desk import Desk
from PartialSegPanels.annotate.flow import Flow, Steps
from PartialSegPanels.annotate.hotkeys import KEYS, Hotkeys
from PartialSegPanels.annotate.keeper import Keeper
from PartialSegPanels.annotate.paint_section import PaintSection
from PartialSegPanels.annotate.plan_section import PlanSection
from PartialSegPanels.annotate.record_writer import RecordWriter
from PartialSegPanels.annotate.session import Session
from PartialSegPanels.annotate.slice_section import SliceSection
from PartialSegPanels.annotate.strokes import Strokes
from PartialSegPanels.annotate.structure_table import StructureTable
from PartialSegPanels.annotate.transfer_section import TransferSection
from PartialSegPanels.annotate.view_ribbons import ViewRibbons


class AnnotatePanel:
    """The tab, and what its sections share: the open case, the active view, how to declare and how to refuse."""

    def __init__(self, parent: Any, context: Any) -> None:
        self.context = context
        self.widget = slicer.util.loadUI(context.resource("UI/Annotate.ui"))
        parent.layout().addWidget(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = ui = slicer.util.childWidgetVariables(self.widget)
        self.desk = Desk(context.label_set)
        self.canvas: Any = None  # a Canvas while a case is open
        self._follows = False
        self._refresh_timer = context.timers.after(0, self.guarded(self.refresh))
        self.view = ActiveView(self.refresh_soon)
        self.structures = StructureTable(ui.structureTable, context.label_set, context, self._pick)
        self.flow = Flow(self)
        self.door = CaseDoor(self)
        self.strokes = Strokes(self)
        self.record = RecordWriter(self)
        self.cases = CasesSection(ui, self, context)
        self.paint = PaintSection(ui, self)
        self.acts = Acts(ui, self)
        self.plan = PlanSection(ui, self)
        self.slices = SliceSection(ui, self)
        self.ribbons = ViewRibbons(self)
        self.transfer = TransferSection(ui, self)
        self.keeper = Keeper(ui, self)
        self.buttons = Buttons(ui, self)
        self.hotkeys = Hotkeys({name: getattr(ui, name) for name in KEYS})
        self.structures.on_ticked(self.refresh)
        ui.planSection.collapsed = ui.transferSection.collapsed = True
        self.cases.refresh_buttons()
        self.refresh()

    @property
    def session(self) -> Session | None:
        """The open case."""
        return self.desk.session

    @property
    def mark(self) -> tuple[str, int] | None:
        """Axis and index of the first slice of a range."""
        return self.acts.mark

    def enter(self) -> None:
        """The tab is shown."""
        self.paint.enter()
        self.hotkeys.install()
        self._follow_layout(True)
        self._follow_views()

    def exit(self) -> None:
        """The tab is left: its keys and observers go, autosave and the record go on while a case is open."""
        self.flow.leave()
        self._follow_layout(False)
        self.hotkeys.uninstall()
        self.ribbons.uninstall()
        self.paint.exit()
        self.view.uninstall()

    def cleanup(self) -> None:
        """The module is unloaded."""
        canvas = self.canvas
        self.scene_closing()
        self.keeper.rescue()
        self._follow_layout(False)
        self.paint.cleanup()
        self.hotkeys.uninstall()
        self.ribbons.uninstall()
        self.view.uninstall()
        if canvas is not None:
            canvas.remove()

    def scene_closing(self) -> None:
        """Every node is about to go: what was painted is taken over, and saved while the window lives on."""
        self.flow.cancel()
        if self.session is not None:
            self.strokes.look_now()
            self.keeper.drop()
            self.door.leave()

    def scene_closed(self) -> None:
        """The scene is empty."""
        self.cases.read_again()
        self.refresh()

    def declare(self, act: Callable[[Any], None], words: str) -> None:
        """Let the reader say something of the open case; raises UserError when that cannot be said."""
        session = self.session
        if session is None:
            raise UserError(_("no case is open: open one from the worklist"))

        def declare() -> None:
            act(session.declarations)
            self.declared(words)

        self.strokes.after(declare)

    def declared(self, words: str) -> None:
        """Something was declared or taken back: show it, and write it where the rest of the module sees it."""
        self.changed()
        self.context.status(words)

    def changed(self) -> None:
        """Something was painted or declared: lock and show what follows, and have it written onto the segments."""
        self.canvas.protect()
        self.record.soon()
        self.refresh_soon()

    def replacing(self, labels: Any, record: Any, unions: Any) -> Steps[None]:
        """Steps that put imported labels and their record in place of what is painted and declared."""
        assert self.session is not None  # the dialog opens on a case only
        while not (yield from self.canvas.putting(labels, unions)):
            pass
        self.session.replace(labels, record, unions)
        self.declared(_("The labels were imported"))

    def current(self) -> tuple[int, ...]:
        """The structure that is painted; none for the background scribble."""
        return self.paint.current()

    def ticked(self) -> tuple[int, ...]:
        """The structures that are annotated."""
        return self.structures.ticked()

    def confidence(self) -> Any:
        """How sure the model was of the selected prediction: axis -> structure -> value per slice; None: unknown."""
        node = self.ui.predictionSelector.currentNode()
        result = None if node is None else self.context.results.get(node.GetID())
        if result is None or self.session is None:
            return None
        slices = dict(zip("kji", self.session.labels.shape, strict=True))
        along = result.confidence_along
        is_of_this_grid = all(len(v) == slices[axis] for axis in slices for v in along[axis].values())
        return along if is_of_this_grid else None

    def planned(self, axis: str) -> Sequence[int]:
        """The planned slices across an axis."""
        return self.plan.slices(axis)

    def refresh_soon(self) -> None:
        """Show what there is when the events under way are over: scrolling and painting send many."""
        self._refresh_timer.start()

    def refresh(self) -> None:
        """Show what there is now."""
        place = self.slices.refresh()
        self.ribbons.refresh()
        self.structures.show_states(self.session, place)
        current = self.current()
        self.structures.show_current(current[0] if current else None)
        self.plan.refresh(place)
        self.cases.refresh_open()
        self.buttons.refresh()
        self.keeper.refresh()

    def status(self, text: str) -> None:
        """A short message in the status bar."""
        self.context.status(text)

    def guarded(self, act: Callable[[], Any]) -> Callable[[], None]:
        """`act` as a slot: what it cannot do is told in a window."""
        return self.guarded_with(lambda *_arguments: act())

    def guarded_with(self, act: Callable[..., Any]) -> Callable[..., None]:
        """The same for an act with arguments."""

        def slot(*arguments: Any) -> None:
            try:
                act(*arguments)
            except Exception as error:  # an exception in a slot would end in the console, where nobody looks
                self.context.show_error(error)

        return slot

    def _pick(self, value: int) -> None:
        self.paint.select(value)
        self.refresh()

    def _follow_layout(self, on: bool) -> None:
        manager = slicer.app.layoutManager()
        if manager is not None and on != self._follows:
            self._follows = on
            (manager.connect if on else manager.disconnect)("layoutChanged(int)", self._layout_changed)

    def _layout_changed(self, layout: int) -> None:
        self.guarded(self._follow_views)()

    def _follow_views(self) -> None:
        """Slice views come and go with the layout."""
        self.view.install()
        self.ribbons.install()
        self.refresh()
