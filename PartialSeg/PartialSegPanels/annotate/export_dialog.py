"""The export dialog: the dataset in a format of others, and in words what that format cannot say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.dialog_task import DialogTask
from PartialSegPanels.annotate.export_job import DICOM, ExportJob
from PartialSegPanels.annotate.flow import Steps, aside


class ExportDialog:
    """Modal; `bench` is the tab, whose worklist is exported."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self.dialog = slicer.util.loadUI(bench.context.resource("UI/ExportDataset.ui"))
        self.dialog.setParent(slicer.util.mainWindow(), qt.Qt.Dialog)
        self.ui = slicer.util.childWidgetVariables(self.dialog)
        self._formats = [
            ("dataset", _("PartialSeg dataset (for training)"), _("Everything that was declared is kept.")),
            (
                "nnunet",
                _("nnU-Net v2"),
                _("What is not known becomes the ignore label. Name the folder like Dataset501_Abdomen."),
            ),
            ("datalist", _("MONAI datalist"), _("What is not known becomes 255; the report says what is lost.")),
            ("labelmap", _("NIfTI label maps with tables"), _("Labels as painted, and a table of what they mean.")),
            (DICOM, _("DICOM SEG of the open case"), _("Needs the DICOM images that the case was made from.")),
        ]
        self.ui.formatSelector.addItems([title for _name, title, _note in self._formats])
        self.ui.formatSelector.connect("currentIndexChanged(int)", lambda index: self._format_changed())
        self.ui.browseButton.connect("clicked()", bench.guarded(self._browse))
        self.ui.dicomBrowseButton.connect("clicked()", bench.guarded(self._browse_dicom))
        self.ui.runButton.connect("clicked()", bench.guarded(self.export))
        inputs = (self.ui.formatSelector, self.ui.targetEdit, self.ui.browseButton, self.ui.runButton)
        self.task = DialogTask(self.dialog, self.ui, bench, (*inputs, self.ui.dicomEdit, self.ui.dicomBrowseButton))
        self._format_changed()

    def run(self) -> None:
        """Show it until it is closed, which cancels what it is doing."""
        self.dialog.exec_()
        self.dialog.deleteLater()

    def export(self) -> None:
        """Begin to write what is chosen; the report is shown in the dialog."""
        target = str(self.ui.targetEdit.text).strip()
        if not target:
            raise UserError(_("no folder is given: write the path of a new one"))
        bench = self._bench
        job = ExportJob(self._name(), bench.desk.worklist.folder, Path(target), bench.context.label_set)
        write = self._dicom_seg(job) if self._name() == DICOM else job.dataset
        self.ui.reportText.plainText = ""
        self.task.start(self._writing(job, write), _("exporting the dataset"), self._written)

    def _dicom_seg(self, job: ExportJob) -> Callable[[], Any]:
        session, images = self._bench.session, str(self.ui.dicomEdit.text).strip()
        if session is None:
            raise UserError(_("no case is open: open the case to export as DICOM SEG"))
        if not images:
            raise UserError(_("no DICOM folder is given: choose the images that the case was made from"))
        return lambda: job.dicom_seg(session.name, images)

    def _writing(self, job: ExportJob, write: Callable[[], Any]) -> Steps[Any]:
        try:
            return (yield from aside(write, lambda: self._progress(job), daemon=False))
        finally:
            job.cancelled = True  # ends the thread before its next case, when these steps were closed early

    def _progress(self, job: ExportJob) -> None:
        done, total, case = job.now
        words = _("{case}: {number} of {count}").format(case=case, number=done + 1, count=total) if total else ""
        self.task.progress(done, total, words)

    def _written(self, report: Any) -> None:
        self.ui.reportText.plainText = report.words()

    def _name(self) -> str:
        return str(self._formats[self.ui.formatSelector.currentIndex][0])

    def _format_changed(self) -> None:
        self.ui.formatNote.text = self._formats[self.ui.formatSelector.currentIndex][2]
        for widget in (self.ui.dicomLabel, self.ui.dicomEdit, self.ui.dicomBrowseButton):
            widget.visible = self._name() == DICOM

    def _browse(self) -> None:
        parent = qt.QFileDialog.getExistingDirectory(self.dialog, _("Folder in which the new folder is made"))
        if parent:
            self.ui.targetEdit.text = str(Path(str(parent)) / self._proposed_name())

    def _proposed_name(self) -> str:
        folder = str(self._bench.desk.worklist.folder.name)
        return f"Dataset501_{folder}" if self._name() == "nnunet" else f"{folder}_{self._name()}"

    def _browse_dicom(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(self.dialog, _("Folder of DICOM images"))
        if folder:
            self.ui.dicomEdit.text = str(folder)
