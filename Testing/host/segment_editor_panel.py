"""The widgets inside qMRMLSegmentEditorWidget. They show the editor node and tell the owner what was chosen."""

from typing import TYPE_CHECKING

import slicer
from PySide6.QtCore import Property
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from .segment_editor_widget import qMRMLSegmentEditorWidget

_MASKS = (
    ("Everywhere", slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere),
    ("Inside all segments", slicer.vtkMRMLSegmentationNode.EditAllowedInsideAllSegments),
    ("Inside all visible segments", slicer.vtkMRMLSegmentationNode.EditAllowedInsideVisibleSegments),
    ("Outside all segments", slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments),
    ("Outside all visible segments", slicer.vtkMRMLSegmentationNode.EditAllowedOutsideVisibleSegments),
)
_FIELD_RANGE = (-10000.0, 100000.0)
_OVERWRITE = (
    ("All segments", slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments),
    ("Visible segments", slicer.vtkMRMLSegmentEditorNode.OverwriteVisibleSegments),
    ("None (allow overlap)", slicer.vtkMRMLSegmentEditorNode.OverwriteNone),
)


def shows(panel: str, part: str):
    """A Q_PROPERTY that shows or hides a part of the panel."""

    def read(owner) -> bool:
        return not getattr(getattr(owner, panel), part).isHidden()

    def write(owner, visible: bool) -> None:
        getattr(owner, panel).set_shown(getattr(getattr(owner, panel), part), visible)

    return Property(bool, read, write)


class EditorPanel(QWidget):
    """Everything that is seen of the segment editor."""

    def __init__(self, owner: "qMRMLSegmentEditorWidget") -> None:
        super().__init__()
        self._owner = owner
        self._effect_buttons: dict[str, QToolButton] = {}
        self._showing = False
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self._nodes = QFormLayout()
        self.segmentation_selector = self._add_selector("Segmentation:", "vtkMRMLSegmentationNode")
        self.volume_selector = self._add_selector("Source volume:", "vtkMRMLScalarVolumeNode")
        self.segmentation_selector.currentNodeChanged.connect(self._segmentation_chosen)
        self.volume_selector.currentNodeChanged.connect(self._volume_chosen)
        box.addLayout(self._nodes)
        box.addLayout(self._build_buttons())
        self.segments = slicer.qMRMLSegmentsTableView()
        owner.mrmlSceneChanged.connect(self.segments.setMRMLScene)
        self.segments.selectionChanged.connect(self._segment_chosen)
        box.addWidget(self.segments, 1)
        self._effects = QGridLayout()
        box.addLayout(self._effects)
        self.options = EffectOptions()
        box.addWidget(self.options)
        self.undo_redo = self._build_undo()
        box.addWidget(self.undo_redo)
        self.masking = self._build_masking()
        box.addWidget(self.masking)

    def set_shown(self, part: QWidget, visible: bool) -> None:
        """Shows or hides a part together with its label."""
        part.setVisible(visible)
        if self._nodes.labelForField(part):
            self._nodes.labelForField(part).setVisible(visible)

    def arrange_effects(self, names: list[str], columns: int) -> None:
        """Puts the effects' buttons in order."""
        for button in self._effect_buttons.values():
            self._effects.removeWidget(button)
            button.deleteLater()
        self._effect_buttons.clear()
        for index, name in enumerate(["", *names]):
            button = QToolButton()
            button.setText(name or "None")
            button.setCheckable(True)
            button.setObjectName(name or "NoEffect")
            button.clicked.connect(lambda _=False, name=name: self._owner.setActiveEffectByName(name))
            self._effects.addWidget(button, index // columns, index % columns)
            self._effect_buttons[name] = button

    def show_state(self) -> None:
        """Shows what the editor node says."""
        owner, node = self._owner, self._owner.mrmlSegmentEditorNode()
        self._showing = True
        self.segmentation_selector.setCurrentNode(owner.segmentationNode())
        self.volume_selector.setCurrentNode(owner.sourceVolumeNode())
        self.segments.setSegmentationNode(owner.segmentationNode())
        self.show_3d.setSegmentationNode(owner.segmentationNode())
        self.segments.setSelectedSegmentIDs([owner.currentSegmentID()] if owner.currentSegmentID() else [])
        effect = owner.activeEffect()
        for name, button in self._effect_buttons.items():
            button.setChecked(name == (effect.name if effect else ""))
            button.setEnabled(not name or bool(owner.engine.editor.active_segment_id))
        self.options.show_effect(effect)
        if node is not None:
            self._mask.setCurrentIndex(self._mask.findData(node.GetMaskMode()))
            self._overwrite.setCurrentIndex(self._overwrite.findData(node.GetOverwriteMode()))
            self._intensity.setChecked(bool(node.GetSourceVolumeIntensityMask()))
        self.masking.setEnabled(node is not None)
        self._showing = False
        self.show_undo()

    def show_undo(self) -> None:
        """Undo and redo can be pressed when there is something to undo and redo."""
        self._undo.setEnabled(bool(self._owner.engine.logic.CanUndo()))
        self._redo.setEnabled(bool(self._owner.engine.logic.CanRedo()))

    def _add_selector(self, label: str, kind: str):
        selector = slicer.qMRMLNodeComboBox()
        selector.setNodeTypes([kind])
        selector.setNoneEnabled(True)
        self._nodes.addRow(label, selector)
        self._owner.mrmlSceneChanged.connect(selector.setMRMLScene)
        return selector

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.add_remove = QWidget()
        pair = QHBoxLayout(self.add_remove)
        pair.setContentsMargins(0, 0, 0, 0)
        for words, act in (("Add", self._add_segment), ("Remove", self._remove_segment)):
            button = QPushButton(words)
            button.clicked.connect(act)
            pair.addWidget(button)
        self.show_3d = slicer.qMRMLSegmentationShow3DButton()
        row.addWidget(self.add_remove)
        row.addWidget(self.show_3d)
        return row

    def _build_undo(self) -> QWidget:
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        self._undo, self._redo = QPushButton("Undo"), QPushButton("Redo")
        self._undo.clicked.connect(self._owner.undo)
        self._redo.clicked.connect(self._owner.redo)
        row.addWidget(self._undo)
        row.addWidget(self._redo)
        return whole

    def _build_masking(self) -> QWidget:
        whole = QWidget()
        form = QFormLayout(whole)
        form.setContentsMargins(0, 0, 0, 0)
        self._mask, self._overwrite = QComboBox(), QComboBox()
        for combo, choices in ((self._mask, _MASKS), (self._overwrite, _OVERWRITE)):
            for words, value in choices:
                combo.addItem(words, value)
        node = self._owner.mrmlSegmentEditorNode
        self._mask.activated.connect(lambda: node().SetMaskMode(self._mask.currentData()))
        self._overwrite.activated.connect(lambda: node().SetOverwriteMode(self._overwrite.currentData()))
        self._intensity = QCheckBox("Editable intensity range")
        self._intensity.clicked.connect(lambda on: node().SetSourceVolumeIntensityMask(on))
        form.addRow("Editable area:", self._mask)
        form.addRow(self._intensity)
        form.addRow("Modify other segments:", self._overwrite)
        return whole

    def _segmentation_chosen(self, node) -> None:
        if not self._showing and self._owner.mrmlSegmentEditorNode() is not None:
            self._owner.setSegmentationNode(node)

    def _volume_chosen(self, node) -> None:
        if not self._showing and self._owner.mrmlSegmentEditorNode() is not None:
            self._owner.setSourceVolumeNode(node)

    def _segment_chosen(self, *_) -> None:
        chosen = self.segments.selectedSegmentIDs()
        if not self._showing and chosen:
            self._owner.setCurrentSegmentID(chosen[0])

    def _add_segment(self) -> None:
        if self._owner.segmentationNode() is not None:
            added = self._owner.segmentationNode().GetSegmentation().AddEmptySegment()
            self._owner.setCurrentSegmentID(added)

    def _remove_segment(self) -> None:
        if self._owner.currentSegmentID():
            self._owner.segmentationNode().GetSegmentation().RemoveSegment(self._owner.currentSegmentID())
            self._owner.engine.sync()


class EffectOptions(QWidget):
    """Brush size, threshold limits and the like of the chosen effect."""

    def __init__(self) -> None:
        super().__init__()
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._effect = None
        self._fields: dict[str, QWidget] = {}

    def show_effect(self, effect) -> None:
        """Shows the parameters of an effect, or nothing."""
        if effect is not self._effect:
            self._effect = effect
            self._rebuild()
        for name, field in self._fields.items():
            blocked = field.blockSignals(True)
            if isinstance(field, QComboBox):
                field.setCurrentText(effect.parameter(name))
            elif isinstance(field, QCheckBox):
                field.setChecked(bool(effect.integerParameter(name)))
            else:
                field.setValue(effect.doubleParameter(name))
            field.blockSignals(blocked)

    def _rebuild(self) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self._fields = {}
        for name, words in (self._effect.shown if self._effect else {}).items():
            self._form.addRow(f"{words}:", self._add_field(name))
        if self._effect is not None and hasattr(self._effect, "onApply"):
            button = QPushButton("Apply")
            button.clicked.connect(self._effect.onApply)
            self._form.addRow(button)

    def _add_field(self, name: str) -> QWidget:
        effect, choices = self._effect, self._effect.choices.get(name)
        keep = effect.setCommonParameter if name in effect.common else effect.setParameter
        if choices:
            field = QComboBox()
            field.addItems(choices)
            field.textActivated.connect(lambda text: keep(name, text))
        elif name in effect.switches:
            field = QCheckBox()
            field.clicked.connect(lambda on: keep(name, int(on)))
        else:
            field = QDoubleSpinBox()
            field.setDecimals(1)
            field.setRange(*_FIELD_RANGE)
            field.valueChanged.connect(lambda value: keep(name, value))
        self._fields[name] = field
        return field
