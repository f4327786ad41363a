"""What the segment editor does, without its widget: trame_slicer's effects, driven by Slicer's segment editor node.

The node says which segmentation, volume, segment and effect are chosen, and holds the effects' parameters as attributes
("Paint.BrushSphere", or "BrushSphere" for one that effects share), as in Slicer. Undo is Slicer's own history.
"""

from collections.abc import Callable
from contextlib import contextmanager

import slicer
from trame_slicer.segmentation.segmentation_undo_command import SegmentationLabelMapUndoCommand

from .mrml import Mrml
from .segment_effects import EFFECTS, Effect

_UNDO_STATES = 10


class SegmentEditor:
    """One per process: the widget that a user works with binds its node."""

    def __init__(self, running: Mrml) -> None:
        self.editor = running.app.segmentation_editor
        self.logic = self.editor.editor_logic
        self.logic.SetSegmentationHistory(slicer.vtkSegmentationHistory())
        self.logic.SetMaximumNumberOfUndoStates(_UNDO_STATES)
        self.effects = {kind.name: kind(self) for kind in EFFECTS}
        self.node = None
        self._observer = None
        self._changed: Callable[[], None] = _nothing
        self.logic.AddObserver(self.logic.SegmentationHistoryChangedEvent, lambda *_: self._changed())
        self._syncing = False
        self._saving = False
        SegmentationLabelMapUndoCommand.push_state_change = self._saved_for_undo

    @contextmanager
    def _saved_for_undo(self, _segmentation):
        """Around every change that an effect makes; changes inside a change are one."""
        outermost, self._saving = not self._saving, True
        try:
            if outermost:
                self.logic.SaveStateForUndo()
            yield
        finally:
            if outermost:
                self._saving = False

    def bind(self, node, changed: Callable[[], None]) -> None:
        """Follows an editor node, or none; `changed` is called after every change of it."""
        if self._observer is not None:
            self.node.RemoveObserver(self._observer)
            self._observer = None
        self.node, self._changed = node, changed
        if node is None:
            self._show_nothing()
            return
        self.editor._editor_node = node
        self.logic.SetSegmentEditorNode(node)
        self._observer = node.AddObserver("ModifiedEvent", lambda *_: self.sync())
        self.sync()

    def sync(self) -> None:
        """Makes effects and logic do what the node says."""
        if self._syncing or self.node is None:
            return
        self._syncing = True
        try:
            self._sync_nodes()
            self._sync_segment()
            self._sync_effect()
        finally:
            self._syncing = False
        self._changed()

    def _sync_nodes(self) -> None:
        segmentation, volume = self.node.GetSegmentationNode(), self.node.GetSourceVolumeNode()
        if segmentation is None or volume is None:
            self._show_nothing()
            return
        current = (self.editor.active_segmentation_node, self.editor.active_volume_node)
        if current != (segmentation, volume):
            selected, effect = self.node.GetSelectedSegmentID(), self.node.GetActiveEffectName()
            if segmentation.GetDisplayNode() is None:
                segmentation.CreateDefaultDisplayNodes()
            self.editor.set_active_segmentation(segmentation, volume)
            self.node.SetSelectedSegmentID(selected)
            self.node.SetActiveEffectName(effect)

    def _show_nothing(self) -> None:
        self.editor.deactivate_effect()
        self.editor._active_modifier = None

    def _sync_segment(self) -> None:
        known = self.editor.get_segment_ids()
        if known and self.node.GetSelectedSegmentID() not in known:
            self.node.SetSelectedSegmentID(known[0])
        if self.editor.active_segment_id != self.node.GetSelectedSegmentID():
            self.editor.set_active_segment_id(self.node.GetSelectedSegmentID())

    def _sync_effect(self) -> None:
        effect = self.active_effect()
        if effect is None:
            self.editor.deactivate_effect()
            return
        effect.set_defaults()
        self.editor.set_active_effect_type(effect.kind)
        effect.push()

    def active_effect(self) -> Effect | None:
        """The chosen effect; None also while there is nothing that it could edit."""
        if self.node is None or not self.editor.active_segment_id:
            return None
        return self.effects.get(self.node.GetActiveEffectName())

    def undo(self) -> None:
        self.logic.Undo()
        self.editor.active_segmentation.trigger_modified()

    def redo(self) -> None:
        self.logic.Redo()
        self.editor.active_segmentation.trigger_modified()


def _nothing() -> None:
    pass


def install(running: Mrml) -> None:
    """Puts the editor widget into `slicer` and makes .ui files know it."""
    import sys
    from types import ModuleType

    from . import ui_loader
    from .segment_editor_widget import qMRMLSegmentEditorWidget

    qMRMLSegmentEditorWidget.engine = SegmentEditor(running)
    slicer.qMRMLSegmentEditorWidget = qMRMLSegmentEditorWidget
    ui_loader.register(qMRMLSegmentEditorWidget)
    # Where Slicer's own modules import it from.
    module = ModuleType("qSlicerSegmentationsModuleWidgetsPythonQt")
    module.qMRMLSegmentEditorWidget = qMRMLSegmentEditorWidget
    sys.modules[module.__name__] = module
