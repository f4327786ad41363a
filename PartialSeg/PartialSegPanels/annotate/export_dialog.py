"""The export dialog: the dataset in a format of others, and in words what that format cannot say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError

_DICOM = "dicom-seg"


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
            (_DICOM, _("DICOM SEG of the open case"), _("Needs the DICOM images that the case was made from.")),
        ]
        self.ui.formatSelector.addItems([title for _name, title, _note in self._formats])
        self.ui.formatSelector.connect("currentIndexChanged(int)", lambda index: self._format_changed())
        self.ui.browseButton.connect("clicked()", bench.guarded(self._browse))
        self.ui.dicomBrowseButton.connect("clicked()", bench.guarded(self._browse_dicom))
        self.ui.runButton.connect("clicked()", bench.guarded(self.export))
        self.ui.closeButton.connect("clicked()", self.dialog.reject)
        self._format_changed()

    def run(self) -> None:
        """Show it until it is closed."""
        self.dialog.exec_()
        self.dialog.deleteLater()

    def export(self) -> None:
        """Write what is chosen; the report is shown in the dialog."""
        target = str(self.ui.targetEdit.text).strip()
        if not target:
            raise UserError(_("no folder is given: write the path of a new one"))
        self.ui.reportText.plainText = _("Writing…")
        slicer.app.processEvents()
        try:
            report = self._write(Path(target))
        except UserError:
            self.ui.reportText.plainText = ""
            raise
        self.ui.reportText.plainText = report.words()

    def _write(self, target: Path) -> Any:
        label_set = self._bench.context.label_set
        name = self._name()
        if name == _DICOM:
            return self._write_dicom(target, label_set)
        from PartialSegLib.dataset import load_dataset

        dataset = load_dataset(self._bench.desk.worklist.folder)
        return _exporter(name)(dataset, target, label_set)

    def _write_dicom(self, target: Path, label_set: Any) -> Any:
        from PartialSegLib.dataset import load_dataset
        from PartialSegLib.exchange.dicom_seg import export_dicom_seg

        session, images = self._bench.session, str(self.ui.dicomEdit.text).strip()
        if session is None:
            raise UserError(_("no case is open: open the case to export as DICOM SEG"))
        if not images:
            raise UserError(_("no DICOM folder is given: choose the images that the case was made from"))
        case = load_dataset(self._bench.desk.worklist.folder).cases[session.name]
        target.mkdir(parents=True, exist_ok=True)
        return export_dicom_seg(case, images, target / f"{session.name}.dcm", label_set)

    def _name(self) -> str:
        return str(self._formats[self.ui.formatSelector.currentIndex][0])

    def _format_changed(self) -> None:
        self.ui.formatNote.text = self._formats[self.ui.formatSelector.currentIndex][2]
        for widget in (self.ui.dicomLabel, self.ui.dicomEdit, self.ui.dicomBrowseButton):
            widget.visible = self._name() == _DICOM

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


def _exporter(name: str) -> Callable[..., Any]:
    """The function that writes a whole dataset in this format."""
    if name == "nnunet":
        from PartialSegLib.exchange.nnunet import export_nnunet

        return export_nnunet
    if name == "datalist":
        from PartialSegLib.exchange.datalist import export_datalist

        return export_datalist
    if name == "labelmap":
        from PartialSegLib.exchange.labelmap import export_labelmaps

        return export_labelmaps
    from PartialSegLib.exchange.our_dataset import export_dataset

    return export_dataset
