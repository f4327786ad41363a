"""Painting: Slicer's Segment Editor in the tab, the background scribble, and a prediction as a start."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin
from vtk import vtkCommand

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.flow import Steps, aside

_EDITOR_TAG = "PartialSegAnnotate"  # an editor node of our own: the Segment Editor module keeps its choices


class PaintSection(VTKObservationMixin):
    """Shows a canvas in the embedded editor; `bench` is the tab."""

    def __init__(self, ui: Any, bench: Any) -> None:
        VTKObservationMixin.__init__(self)
        self._ui, self._bench = ui, bench
        self._canvas: Any = None
        self.editor = ui.editor
        self.editor.segmentationNodeSelectorVisible = False
        self.editor.sourceVolumeNodeSelectorVisible = False
        self.editor.switchToSegmentationsButtonVisible = False
        self.editor.addRemoveSegmentButtonsVisible = False
        self.editor.setMaximumNumberOfUndoStates(10)
        ui.scribbleButton.connect("clicked()", bench.guarded(self._scribble))
        ui.copyPredictionButton.connect("clicked()", bench.guarded(self._copy_prediction))
        changed = "currentNodeChanged(vtkMRMLNode*)"
        ui.predictionSelector.connect(changed, lambda node: bench.refresh_soon())

    def attach(self, canvas: Any) -> None:
        """Paint on this canvas."""
        self._canvas = canvas
        node = _editor_node()
        self.editor.setMRMLScene(slicer.mrmlScene)
        self.editor.setMRMLSegmentEditorNode(node)
        self.editor.setSegmentationNode(canvas.segmentation_node)
        self.editor.setSourceVolumeNode(canvas.volume_node)
        self.removeObservers()
        self.addObserver(node, vtkCommand.ModifiedEvent, self._editor_modified)

    def detach(self) -> None:
        """Paint on nothing."""
        self.removeObservers()
        self._canvas = None
        self.editor.setActiveEffect(None)
        self.editor.setSourceVolumeNode(None)  # first: without a segmentation Slicer's editor would keep the volume
        self.editor.setSegmentationNode(None)

    def cleanup(self) -> None:
        """The module is unloaded: the editor follows nothing any more."""
        self.detach()
        self.editor.setMRMLSegmentEditorNode(None)

    def enter(self) -> None:
        """The tab is shown: the editor listens to its own keys."""
        self.editor.setupViewObservations()
        self.editor.installKeyboardShortcuts()

    def exit(self) -> None:
        """The tab is left: no effect stays active, no key is kept."""
        self.editor.setActiveEffect(None)
        self.editor.uninstallKeyboardShortcuts()
        self.editor.removeViewObservations()

    def current(self) -> tuple[int, ...]:
        """The structure of the selected segment; none for the background scribble."""
        from PartialSegLib.scene import structure_of

        if self._canvas is None:
            return ()
        segment = self.editor.currentSegmentID()
        label_set = self._bench.session.label_set
        value = structure_of(self._canvas.segmentation_node, segment, label_set) if segment else None
        return (value,) if value is not None and 0 < value < label_set.n_classes else ()

    def select(self, value: int) -> None:
        """Paint this structure from now on."""
        if self._canvas is not None:
            self.editor.setCurrentSegmentID(self._bench.session.label_set.by_value(value).segment_id)

    def why_no_copy(self) -> str:
        """Why no prediction can be copied, "" when one can."""
        if self._canvas is None:
            return _("open a case first")
        node = self._ui.predictionSelector.currentNode()
        if node is None:
            return _("select a segmentation of this volume first")
        return _("that is your own annotation") if node is self._canvas.segmentation_node else ""

    def predicting(self) -> Steps[np.ndarray | None]:
        """Steps to the labels (z, y, x) of the selected prediction; None when there is none."""
        from PartialSegLib.scene import labels_of_stepwise

        if self.why_no_copy():
            return None
        node, label_set = self._ui.predictionSelector.currentNode(), self._bench.session.label_set
        found = yield from labels_of_stepwise(node, self._canvas.volume_node, label_set)
        labels: np.ndarray = found.labels
        return labels

    def undo(self) -> None:
        """Take back the last stroke."""
        self.editor.undo()

    def _scribble(self) -> None:
        if self._canvas is None:
            raise UserError(_("no case is open: open one from the worklist"))
        self.editor.setCurrentSegmentID(self._canvas.background_id)
        if self.editor.activeEffect() is None:
            self.editor.setActiveEffectByName("Paint")

    def _copy_prediction(self) -> None:
        if obstacle := self.why_no_copy():
            raise UserError(obstacle)
        self._bench.flow.start(self._copying(), _("copying the prediction"), self._copied)

    def _copying(self) -> Steps[None]:
        """A stroke in between is not lost: then the prediction is put around it anew."""
        session, structures = self._bench.session, self._bench.ticked()
        while True:
            yield from self._bench.strokes.settling()
            predicted = yield from self.predicting()
            if predicted is None:
                raise UserError(_("the prediction was removed while it was being copied: select another one"))
            fill = partial(with_prediction, session.labels, predicted, structures, session.declarations)
            labels = yield from aside(fill)
            self.editor.saveStateForUndo()
            if (yield from self._canvas.putting(labels, session.unions)):
                break
        yield from self._bench.strokes.settling()

    def _copied(self, nothing: None) -> None:
        self._bench.status(_("Prediction copied where nothing was painted; it counts as in part until you accept it"))

    def _editor_modified(self, node: Any, event: Any) -> None:
        self._bench.refresh_soon()


def with_prediction(
    painted: np.ndarray, predicted: np.ndarray, structures: tuple[int, ...], declarations: Any
) -> np.ndarray:
    """What is painted, and the predicted `structures` where nothing is painted and nothing declared forbids it."""
    wanted = np.zeros(256, bool)
    wanted[list(structures)] = True
    fill = wanted[predicted] & (painted == 0) & ~declarations.locked(painted)
    return np.where(fill, predicted, painted)


def _editor_node() -> Any:
    node = slicer.mrmlScene.GetSingletonNode(_EDITOR_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        node.UnRegister(None)
        node.SetSingletonTag(_EDITOR_TAG)
        node = slicer.mrmlScene.AddNode(node)
    return node
