"""qMRMLSegmentEditorWidget: the node selectors, segments, effects, masking and undo that a module embeds."""

import slicer
from PySide6.QtCore import Property, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout

from .mrml_widgets_base import check_node, qMRMLWidget
from .qt_properties import kept, with_setters
from .segment_editor_panel import EditorPanel, shows


@with_setters
class qMRMLSegmentEditorWidget(qMRMLWidget):  # noqa: N801
    """The same names as Slicer's. What it does is in `engine`, which all of these widgets share."""

    engine = None
    SIGNATURES = {  # noqa: RUF012
        **qMRMLWidget.SIGNATURES,
        "segmentationNodeChanged(PyObject)": "segmentationNodeChanged(vtkMRMLSegmentationNode*)",
        "sourceVolumeNodeChanged(PyObject)": "sourceVolumeNodeChanged(vtkMRMLVolumeNode*)",
    }
    currentSegmentIDChanged = Signal(str)  # noqa: N815
    segmentationNodeChanged = Signal(object)  # noqa: N815
    sourceVolumeNodeChanged = Signal(object)  # noqa: N815

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._node = None
        self._shown = (None, None, "")
        self._shortcuts: list[QShortcut] = []
        self._last_effect = ""
        self._undo_states = 10
        self._effect_order: list[str] = []
        self._panel = EditorPanel(self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._panel)
        self._order()

    # Nodes

    def setMRMLSegmentEditorNode(self, node) -> None:  # noqa: N802
        check_node(node, "vtkMRMLSegmentEditorNode")
        self._node = node
        self.engine.bind(node, self.updateWidgetFromMRML)
        self.updateWidgetFromMRML()

    def mrmlSegmentEditorNode(self):  # noqa: N802
        return self._node

    def setSegmentationNode(self, node) -> None:  # noqa: N802
        check_node(node, "vtkMRMLSegmentationNode")
        if self._needs_node(node):
            self._node.SetAndObserveSegmentationNode(node)

    def segmentationNode(self):  # noqa: N802
        return self._node.GetSegmentationNode() if self._node else None

    def segmentationNodeID(self) -> str:  # noqa: N802
        return _id(self.segmentationNode())

    def setSegmentationNodeID(self, node_id: str) -> None:  # noqa: N802
        self.setSegmentationNode(slicer.mrmlScene.GetNodeByID(node_id))

    def setSourceVolumeNode(self, node) -> None:  # noqa: N802
        check_node(node, "vtkMRMLScalarVolumeNode")
        if self._needs_node(node):
            self._node.SetAndObserveSourceVolumeNode(node)

    def sourceVolumeNode(self):  # noqa: N802
        return self._node.GetSourceVolumeNode() if self._node else None

    def sourceVolumeNodeID(self) -> str:  # noqa: N802
        return _id(self.sourceVolumeNode())

    def setSourceVolumeNodeID(self, node_id: str) -> None:  # noqa: N802
        self.setSourceVolumeNode(slicer.mrmlScene.GetNodeByID(node_id))

    def _needs_node(self, node) -> bool:
        """Whether there is an editor node; Slicer logs an error when it is missed, which here is an error."""
        if self._node is None and node is not None:
            raise RuntimeError("The segment editor has no parameter set node: call setMRMLSegmentEditorNode() first")
        return self._node is not None

    # Segments and effects

    def setCurrentSegmentID(self, segment_id: str) -> None:  # noqa: N802
        if self._node is not None:
            self._node.SetSelectedSegmentID(segment_id)

    def currentSegmentID(self) -> str:  # noqa: N802
        return (self._node.GetSelectedSegmentID() or "") if self._node else ""

    def selectNextSegment(self) -> None:  # noqa: N802
        self.selectSegmentAtOffset(1)

    def selectPreviousSegment(self) -> None:  # noqa: N802
        self.selectSegmentAtOffset(-1)

    def selectSegmentAtOffset(self, offset: int) -> None:  # noqa: N802
        known = self.engine.editor.get_segment_ids()
        if self.currentSegmentID() in known:
            index = known.index(self.currentSegmentID()) + offset
            self.setCurrentSegmentID(known[min(max(index, 0), len(known) - 1)])

    def availableEffectNames(self) -> list[str]:  # noqa: N802
        return list(self.engine.effects)

    def effectByName(self, name: str):  # noqa: N802
        return self.engine.effects.get(name)

    def activeEffect(self):  # noqa: N802
        return self.engine.active_effect() if self.engine.node is self._node else None

    def setActiveEffectByName(self, name: str) -> None:  # noqa: N802
        if self._node is None:
            return
        if name and name not in self.engine.effects:
            raise ValueError(f"The stand-in host has no effect '{name}'; it has {list(self.engine.effects)}")
        self._last_effect = name or self._last_effect
        self._node.SetActiveEffectName(name)

    def setActiveEffect(self, effect) -> None:  # noqa: N802
        self.setActiveEffectByName(effect.name if effect else "")

    # Undo

    def undo(self) -> None:
        if self.engine.logic.CanUndo():
            self.engine.undo()
        self._panel.show_undo()

    def redo(self) -> None:
        if self.engine.logic.CanRedo():
            self.engine.redo()
        self._panel.show_undo()

    def saveStateForUndo(self) -> None:  # noqa: N802
        self.engine.logic.SaveStateForUndo()
        self._panel.show_undo()

    def _set_undo_states(self, count: int) -> None:
        self._undo_states = count
        self.engine.logic.SetMaximumNumberOfUndoStates(count)

    maximumNumberOfUndoStates = Property(int, lambda self: self._undo_states, _set_undo_states)  # noqa: N815

    # Shortcuts and views

    def installKeyboardShortcuts(self, parent=None) -> None:  # noqa: N802
        """The editor's keys, in the parent or, without one, in the main window."""
        self.uninstallKeyboardShortcuts()
        parent = parent or slicer.app.mainWindow()
        for index, name in enumerate(self.engine.effects):
            self._add_shortcut(parent, str(index + 1), lambda name=name: self.setActiveEffectByName(name))
        self._add_shortcut(parent, "Escape", lambda: self.setActiveEffectByName(""))
        self._add_shortcut(parent, "Space", self._toggle_effect)
        self._add_shortcut(parent, "Q", self.selectPreviousSegment)
        self._add_shortcut(parent, "W", self.selectNextSegment)
        self._add_shortcut(parent, "Z", self.undo)
        self._add_shortcut(parent, "Y", self.redo)
        self._add_shortcut(parent, "I", self.toggleSourceVolumeIntensityMaskEnabled)

    def _add_shortcut(self, parent, key: str, act) -> None:
        shortcut = QShortcut(QKeySequence(key), parent)
        shortcut.activated.connect(act)
        self._shortcuts.append(shortcut)

    def uninstallKeyboardShortcuts(self) -> None:  # noqa: N802
        for shortcut in self._shortcuts:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts.clear()

    def _toggle_effect(self) -> None:
        self.setActiveEffectByName("" if self.activeEffect() else self._last_effect)

    def toggleSourceVolumeIntensityMaskEnabled(self) -> None:  # noqa: N802
        self._node.SetSourceVolumeIntensityMask(not self._node.GetSourceVolumeIntensityMask())

    def setupViewObservations(self) -> None:  # noqa: N802
        """Views are observed as long as an effect is chosen; nothing to do."""

    def removeViewObservations(self) -> None:  # noqa: N802
        """The same."""

    # The panel

    def updateWidgetFromMRML(self) -> None:  # noqa: N802
        """Shows what the editor node says."""
        self._panel.show_state()
        self._announce((self.segmentationNode(), self.sourceVolumeNode(), self.currentSegmentID()))

    def _announce(self, shown: tuple) -> None:
        before, self._shown = self._shown, shown
        changes = (self.segmentationNodeChanged, self.sourceVolumeNodeChanged, self.currentSegmentIDChanged)
        for old, new, signal in zip(before, shown, changes, strict=True):
            if old is not new and old != new:
                signal.emit(new)

    segmentationNodeSelectorVisible = shows("_panel", "segmentation_selector")  # noqa: N815
    sourceVolumeNodeSelectorVisible = shows("_panel", "volume_selector")  # noqa: N815
    maskingSectionVisible = shows("_panel", "masking")  # noqa: N815
    show3DButtonVisible = shows("_panel", "show_3d")  # noqa: N815
    addRemoveSegmentButtonsVisible = shows("_panel", "add_remove")  # noqa: N815
    switchToSegmentationsButtonVisible = kept(bool, "switchToSegmentationsButtonVisible", True)  # noqa: N815
    specifyGeometryButtonVisible = kept(bool, "specifyGeometryButtonVisible", True)  # noqa: N815
    undoEnabled = shows("_panel", "undo_redo")  # noqa: N815
    readOnly = kept(bool, "readOnly", False, "_lock")  # noqa: N815
    autoShowSourceVolumeNode = kept(bool, "autoShowSourceVolumeNode", True)  # noqa: N815
    jumpToSelectedSegmentEnabled = kept(bool, "jumpToSelectedSegmentEnabled", False)  # noqa: N815
    effectColumnCount = kept(int, "effectColumnCount", 6)  # noqa: N815
    defaultTerminologyEntry = kept(str, "defaultTerminologyEntry", "")  # noqa: N815
    unorderedEffectsVisible = kept(bool, "unorderedEffectsVisible", True, "_order")  # noqa: N815

    def _lock(self) -> None:
        self._panel.setEnabled(not self.readOnly)

    def setEffectNameOrder(self, names) -> None:  # noqa: N802
        self._effect_order = list(names)
        self._order()

    def effectNameOrder(self) -> list[str]:  # noqa: N802
        return self._effect_order

    def _order(self) -> None:
        known = [name for name in self._effect_order if name in self.engine.effects]
        rest = [name for name in self.engine.effects if name not in known] if self.unorderedEffectsVisible else []
        self._panel.arrange_effects(known + rest, self.effectColumnCount)


def _id(node) -> str:
    return node.GetID() if node else ""
