"""The import dialog: labels of others in the open case, with a mapping that the reader sees and may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.ask import confirm
from PartialSegPanels.annotate.dialog_task import DialogTask
from PartialSegPanels.annotate.flow import Steps, aside
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
        names = "fileEdit browseButton presetSelector mappingTable assignButton addMeaningButton runButton"
        self.task = DialogTask(self.dialog, self.ui, bench, [getattr(self.ui, name) for name in names.split()])

    def run(self) -> None:
        """Show it until it is closed, which cancels what it is doing."""
        self.dialog.exec_()
        self.dialog.deleteLater()

    def read(self) -> None:
        """Begin to read the file that is written there; what its labels may mean is proposed then."""
        path = self._unread()
        if path is not None:
            self.task.start(aside(partial(_read, path)), _("reading the label file"), partial(self._show, path))

    def import_labels(self) -> None:
        """Begin to replace what is painted in the open case by what the file says; what it declares is the record."""
        if self._unread() is not None:
            self.read()  # its mapping is to be seen first
            return
        if self._source is None or self.mapping.plan is None:
            raise UserError(_("no label file is given: choose one"))
        steps = self._importing(self._bench.session, self.mapping.finished(), bool(self.ui.splitBox.checked))
        self.task.start(steps, _("importing labels"), self._imported)

    def _unread(self) -> Path | None:
        text = str(self.ui.fileEdit.text).strip()
        return Path(text) if text and Path(text) != self._path else None

    def _show(self, path: Path, source: Any) -> None:
        self._source, self._path = source, path
        self._preset_changed()

    def _importing(self, session: Any, plan: Any, split: bool) -> Steps[_Labels]:
        source = self._source
        found = yield from aside(lambda: _labels_of(session.image, source, plan))
        if split:
            model = yield from self._model_labels()
            found = yield from aside(lambda: _with_sides(found, session, model))
        return found

    def _imported(self, found: _Labels) -> None:
        question = _("This replaces what is painted and declared in {case}.").format(case=self._bench.session.name)
        if self._bench.session.is_painted and not confirm(question, _("Replace it")):
            return
        steps = self._bench.replacing(found.array, found.record, found.unions)
        self.task.start(steps, _("importing labels"), lambda done: self._replaced(found.doubts))

    def _replaced(self, doubts: Sequence[str]) -> None:
        self.dialog.accept()
        if doubts:
            slicer.util.warningDisplay("\n".join(doubts), windowTitle="PartialSeg")

    def _model_labels(self) -> Steps[np.ndarray | None]:
        from PartialSegLib.scene import labels_of_stepwise

        node = self._models[self.ui.modelSelector.currentIndex]
        if node is None:
            return None
        label_set = self._bench.session.label_set
        found = yield from labels_of_stepwise(node, self._bench.canvas.volume_node, label_set)
        labels: np.ndarray = found.labels
        return labels

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


@dataclass(frozen=True, eq=False)
class _Labels:
    """What is imported, in the image's own order and direction of axes; doubts: a line for each."""

    array: np.ndarray
    record: Any
    unions: dict[int, tuple[int, ...]]
    doubts: tuple[str, ...]


def _read(path: Path) -> Any:
    from PartialSegLib.exchange.source import read_source

    source = read_source(path)
    source.single_values  # noqa: B018  counts all voxels once, here in the thread
    return source


def _labels_of(image: Any, source: Any, plan: Any) -> _Labels:
    from PartialSegLib.exchange.importing import import_case
    from PartialSegLib.image import fit_to_grid
    from PartialSegLib.supervision import Completeness

    labels, record, unions = import_case(image, source, plan)
    if image.same_grid(labels):
        return _Labels(labels.array, record, unions, ())
    has_slices = any(table is not None for table in (record.z, record.y, record.x))
    lost = (_("The file's slices run another way than the image's: declare again which are complete"),) * has_slices
    return _Labels(fit_to_grid(labels, image).array, Completeness(record.volume), unions, lost)


def _with_sides(found: _Labels, session: Any, model: np.ndarray | None) -> _Labels:
    from PartialSegLib.exchange.sides import split_sides

    labels, doubts, label_set = found.array, [*found.doubts], session.label_set
    for value, members in found.unions.items():
        for right, left in label_set.pairs:
            if set(members) == {right, left}:
                labels, split = split_sides(labels, value, right, left, session.image, model)
                if not split.sure:
                    name = f"{label_set.by_value(right).name} / {label_set.by_value(left).name}"
                    doubts.append(f"{name}: {split.reason}")
    return replace(found, array=labels, doubts=tuple(doubts))
