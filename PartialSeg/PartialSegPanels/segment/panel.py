"""The Segment tab: hands events between its sections; what they do lives there."""

from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from PartialSegLib.errors import UserError
from PartialSegPanels.segment.inputs import Inputs
from PartialSegPanels.segment.result_table import ResultTable
from PartialSegPanels.segment.rows import result_rows
from PartialSegPanels.segment.run_section import RunSection
from PartialSegPanels.segment.runs import Runs
from PartialSegPanels.segment.scene_port import ScenePort
from PartialSegPanels.segment.tasks import Task

ESTIMATE_AFTER_MS = 300


class SegmentPanel(VTKObservationMixin):
    """See PartialSegPanels.shell for what a panel is."""

    def __init__(self, tab: Any, context: Any) -> None:
        super().__init__()
        self._context = context
        self._widget = slicer.util.loadUI(context.resource("UI/Segment.ui"))
        tab.layout().addWidget(self._widget)
        self._widget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self._widget)
        self._scene = ScenePort(context.label_set)
        self._gui_tag: Any = None
        self._shown: Task | None = None
        self._asked: dict[str, int] = {}
        self._followed: dict[str, Any] = {}
        self._estimate_timer = context.timers.after(ESTIMATE_AFTER_MS, self._ask_estimate)
        self._changes_timer = context.timers.after(0, self._refresh)
        self.inputs = Inputs(self.ui, context, self._scene, self._inputs_changed)
        self.runs = Runs(
            context.jobs, context.timers.steps, self._scene, self._runs_changed, self._told, self._finished
        )
        self.section = RunSection(self.ui, self.runs, self.segment, self.enqueue, self._show_result)
        self.table = ResultTable(self.ui.resultTable, self._jump)
        self._show_result(None)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.NodeRemovedEvent, self._node_removed)
        self._bind()

    def enter(self) -> None:
        """The tab is shown: list what may have changed meanwhile."""
        self._bind()
        self._changes_timer.start()
        self._ask_devices()

    def exit(self) -> None:
        """Another tab or module is shown; a run goes on."""

    def cleanup(self) -> None:
        """The module goes."""
        self.runs.drop()
        self._unbind()
        self.removeObservers()

    def scene_closing(self) -> None:
        """Every node is about to go, and with them what runs."""
        self.runs.drop()
        self._context.results.clear()
        self._unbind()
        self._show_result(None)

    def scene_closed(self) -> None:
        """There is a new parameter node."""
        self._bind()

    def segment(self) -> None:
        """Segment what is queued, or else what is chosen."""
        try:
            if not self._context.ensure_dependencies():
                return
        except UserError as error:
            self._context.show_error(error)
            return
        if not self.runs.waiting:
            self.runs.add(self.inputs.task())
        self.runs.start()

    def enqueue(self) -> None:
        """Add what is chosen to the queue."""
        self.runs.add(self.inputs.task())

    def _bind(self) -> None:
        """Show the scene's parameters and follow them."""
        parameters = self._context.parameters
        if self._gui_tag is not None or parameters is None:
            return
        if parameters.input_volume is None:
            parameters.input_volume = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
        self._gui_tag = (parameters, parameters.connectGui(self._widget))
        self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
        self.inputs.fill()
        self._inputs_changed()

    def _unbind(self) -> None:
        if self._gui_tag is None:
            return
        parameters, tag = self._gui_tag
        parameters.disconnectGui(tag)
        self.removeObserver(parameters, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
        self._gui_tag = None
        for what in list(self._followed):
            self._follow(what, None)

    def _parameters_changed(self, caller: Any, event: Any) -> None:
        # Several parameters change at once when a scene is loaded: one look at them afterwards is enough.
        self._changes_timer.start()

    def _refresh(self) -> None:
        self._follow("region", None if self._context.parameters is None else self._context.parameters.region)
        self.inputs.show()
        self._inputs_changed()
        if self._shown is not None and self._shown.browser_id is not None:
            self._show_result(self._shown)  # another frame may be shown now

    def _follow(self, what: str, node: Any) -> None:
        """Look again when a node changes, e.g. when a handle of the region is dragged."""
        before = self._followed.get(what)
        if node is not before:
            if before is not None:
                self.removeObserver(before, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
            if node is not None:
                self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._parameters_changed)
            self._followed[what] = node

    def _inputs_changed(self) -> None:
        self.section.show(self._reason())
        self._estimate_timer.start()

    def _runs_changed(self) -> None:
        self.section.show(self._reason())

    def _reason(self) -> str:
        return "" if self._context.parameters is None else self.inputs.readiness().reason()

    def _told(self, text: str) -> None:
        self.section.log(text)

    def _finished(self, task: Task) -> None:
        if task.output_id is not None and task.browser_id is None:  # a sequence's segmentation is another one per frame
            self._context.results[task.output_id] = task.results[task.frame]
        self._show_result(task)
        self._estimate_timer.start()

    def _show_result(self, task: Task | None) -> None:
        """Show the last result of a task; a task that has none changes nothing."""
        if task is not None and not task.results:
            return
        self._shown = task
        self.ui.resultsSection.visible = task is not None
        self._follow("browser", None if task is None else self._scene.browser(task))
        if task is None:
            self.table.show([])
            self.ui.show3DButton.setSegmentationNode(None)
            return
        result = self._scene.shown_result(task)
        node = slicer.mrmlScene.GetNodeByID(task.output_id) if task.output_id else None
        self.table.show(result_rows(result, self._context.label_set, self._scene.protected_values(node)))
        self.ui.resultNote.text = _("{volume}, {modality}, model {model} {version}, {seconds:.0f} s").format(
            volume=task.title,
            modality=result.modality.upper(),
            model=result.model_name,
            version=result.model_version,
            seconds=result.seconds,
        )
        self.ui.show3DButton.setSegmentationNode(node)

    def _jump(self, value: int) -> None:
        if self._shown is None:
            return
        try:
            self._scene.jump(self._shown, value)
        except UserError as error:
            self._context.status(str(error))

    def _node_removed(self, caller: Any, event: Any) -> None:
        self.runs.check_nodes()
        for name in [name for name in self._context.results if slicer.mrmlScene.GetNodeByID(name) is None]:
            del self._context.results[name]
        if self._shown is not None and not self._scene.exists(self._shown):
            self._show_result(None)
        self._changes_timer.start()

    def _ask_devices(self) -> None:
        self._ask("devices", lambda worker: worker.devices(), self.inputs.show_devices)

    def _ask_estimate(self) -> None:
        """Ask what the run would take; not while one is going on, when the answer would have to wait for it."""
        volume = self.inputs.volume
        self.section.show_estimate("")
        if volume is None or self._reason() or self.runs.running is not None:
            return
        shape, spacing = self._scene.shape_and_spacing(volume)
        request = self.inputs.request()
        if request.region is not None:
            shape = tuple(stop - start for start, stop in request.region)
        self._ask(
            "estimate",
            lambda worker: worker.estimate(
                shape, spacing, model=request.model, device=request.device, preset=request.preset
            ),
            lambda estimate: self.section.show_estimate(estimate.words),
        )

    def _ask(self, what: str, ask: Any, answered: Any) -> None:
        """Ask the worker a question in the background; a newer question of the same kind replaces it."""
        if not self._context.has_dependencies():
            return
        from PartialSegLib.worker.events import Finished

        if what in self._asked:
            self._context.jobs.forget(self._asked[what])

        def hear(event: Any) -> None:
            if isinstance(event, Finished):
                answered(event.result)

        self._asked[what] = self._context.jobs.start(ask, hear)
