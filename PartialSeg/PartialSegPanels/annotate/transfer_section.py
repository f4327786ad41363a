"""Export and import: opens the two dialogs."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError


class TransferSection:
    """The buttons of both dialogs; `bench` is the tab."""

    def __init__(self, ui: Any, bench: Any) -> None:
        self._bench = bench
        ui.exportButton.connect("clicked()", bench.guarded(self.export))
        ui.importButton.connect("clicked()", bench.guarded(self.import_labels))

    def export(self) -> None:
        """Let the reader write the dataset in another format; what is open is saved first."""
        from PartialSegPanels.annotate.export_dialog import ExportDialog

        bench = self._bench
        if bench.desk.worklist is None:
            raise UserError(_("no dataset is open: open a dataset folder first"))
        words = _("saving the open case")
        bench.flow.start(bench.keeper.saving(), words, lambda saved: self._show(ExportDialog))

    def import_labels(self) -> None:
        """Let the reader put labels of others into the open case."""
        from PartialSegPanels.annotate.import_dialog import ImportDialog

        if self._bench.session is None:
            raise UserError(_("no case is open: open one from the worklist"))
        self._bench.strokes.after(lambda: self._show(ImportDialog))

    def _show(self, dialog: Any) -> None:
        dialog(self._bench).run()
        self._bench.refresh()
