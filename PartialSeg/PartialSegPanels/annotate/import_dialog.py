"""The import dialog: labels of others in the open case, with a mapping that the reader sees and may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.ask import confirm
from PartialSegPanels.annotate.mapping_table import MappingTable


class ImportDialog:
    """Modal; `bench` is the tab, into whose open case is imported."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self._source: Any = None
        self._path: Any = None
        self.dialog = slicer.util.loadUI(bench.context.resource("UI/ImportLabels.ui"))
        self.dialog.setParent(slicer.util.mainWindow(), qt.Qt.Dialog)
        self.ui = slicer.util.childWidgetVariables(self.dialog)
        self.mapping = MappingTable(self.ui, bench.context.label_set)
        self._models = [None, *_segmentations(bench.canvas.segmentation_node)]
        self.ui.modelSelector.addItems([node.GetName() if node else _("no model") for node in self._models])
        self.ui.presetSelector.addItems([_("as the file says"), *_presets()])
        self.ui.presetSelector.connect(
            "currentIndexChanged(int)", bench.guarded_with(lambda index: self._preset_changed())
        )
        self.ui.browseButton.connect("clicked()", bench.guarded(self._browse))
        self.ui.fileEdit.connect("editingFinished()", bench.guarded(self.read))
        self.ui.assignButton.connect("clicked()", bench.guarded(lambda: self.mapping.assign(False, self._values())))
        self.ui.addMeaningButton.connect("clicked()", bench.guarded(lambda: self.mapping.assign(True, self._values())))
        self.ui.saveMappingButton.connect("clicked()", bench.guarded(self._save_mapping))
        self.ui.runButton.connect("clicked()", bench.guarded(self.import_labels))
        self.ui.closeButton.connect("clicked()", self.dialog.reject)

    def run(self) -> None:
        """Show it until it is closed."""
        self.dialog.exec_()
        self.dialog.deleteLater()

    def read(self) -> None:
        """Read the file that is written there and propose what its labels mean."""
        from PartialSegLib.exchange.source import read_source

        text = str(self.ui.fileEdit.text).strip()
        if not text or Path(text) == self._path:
            return
        self._source, self._path = read_source(text), Path(text)
        self._preset_changed()

    def import_labels(self) -> None:
        """Replace what is painted in the open case by what the file says; what it declares becomes the record."""
        from PartialSegLib.exchange.importing import import_case

        self.read()
        if self._source is None or self.mapping.plan is None:
            raise UserError(_("no label file is given: choose one"))
        session = self._bench.session
        plan = self.mapping.finished()
        imported = import_case(session.image, self._source, plan)
        labels, record, doubts = _on_axes_of(session.image, imported)
        if self.ui.splitBox.checked:
            labels, unsure = self._split(labels, imported.unions)
            doubts += unsure
        question = _("This replaces what is painted and declared in {case}.").format(case=session.name)
        if session.labels.any() and not confirm(question, _("Replace it")):
            return
        self._bench.replace(labels, record, imported.unions)
        self.dialog.accept()
        if doubts:
            slicer.util.warningDisplay("\n".join(doubts), windowTitle="PartialSeg")

    def _split(self, labels: np.ndarray, unions: dict[int, tuple[int, ...]]) -> tuple[np.ndarray, list[str]]:
        from PartialSegLib.exchange.sides import split_sides

        session, doubts = self._bench.session, []
        label_set, model = session.label_set, self._model_labels()
        for value, members in unions.items():
            for right, left in label_set.pairs:
                if set(members) == {right, left}:
                    labels, split = split_sides(labels, value, right, left, session.image, model)
                    if not split.sure:
                        name = f"{label_set.by_value(right).name} / {label_set.by_value(left).name}"
                        doubts.append(f"{name}: {split.reason}")
        return labels, doubts

    def _model_labels(self) -> np.ndarray | None:
        from PartialSegLib.scene import labels_of

        node = self._models[self.ui.modelSelector.currentIndex]
        if node is None:
            return None
        found: np.ndarray = labels_of(node, self._bench.canvas.volume_node, self._bench.session.label_set).labels
        return found

    def _preset_changed(self) -> None:
        from PartialSegLib.exchange.plan import ImportPlan
        from PartialSegLib.exchange.proposal import propose
        from PartialSegLib.mappings import load_mapping

        if self._source is None:
            return
        index = self.ui.presetSelector.currentIndex
        if index == 0:
            plan = propose(self._path, self._bench.context.label_set, self._source)
        else:
            plan = ImportPlan.from_mapping(load_mapping(self.ui.presetSelector.itemText(index)))
        self.mapping.show(plan, self._values())

    def _values(self) -> tuple[int, ...]:
        return () if self._source is None else tuple(self._source.single_values)

    def _browse(self) -> None:
        text = _("Label maps and segmentations (*.nrrd *.nii *.nii.gz *.mha *.mhd *.dcm);;All files (*)")
        path = qt.QFileDialog.getOpenFileName(self.dialog, _("Labels to import"), "", text)
        path = path[0] if isinstance(path, tuple) else path  # PythonQt gives the path alone
        if path:
            self.ui.fileEdit.text = str(path)
            self.read()

    def _save_mapping(self) -> None:
        if self.mapping.plan is None:
            raise UserError(_("no label file is given: choose one"))
        path = qt.QFileDialog.getSaveFileName(self.dialog, _("Save mapping"), "mapping.json", _("Mappings (*.json)"))
        path = path[0] if isinstance(path, tuple) else path
        if path:
            self.mapping.finished().save(str(path))


def _presets() -> list[str]:
    from PartialSegLib.mappings import mapping_names

    return mapping_names()


def _segmentations(own: Any) -> list[Any]:
    return [node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if node is not own]


def _on_axes_of(image: Any, imported: Any) -> tuple[np.ndarray, Any, list[str]]:
    """Labels and record in the image's own order and direction of axes, and what of the record is lost by that."""
    from PartialSegLib.image import fit_to_grid
    from PartialSegLib.supervision import Completeness

    labels, record = imported.labels, imported.record
    if image.same_grid(labels):
        return labels.array, record, []
    has_slices = any(table is not None for table in (record.z, record.y, record.x))
    lost = [_("The file's slices run another way than the image's: declare again which are complete")] * has_slices
    return fit_to_grid(labels, image).array, Completeness(record.volume), lost
