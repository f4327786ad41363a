"""One export in a thread: it tells how far it is, and can be ended between two cases. No Qt, no scene."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

DICOM = "dicom-seg"


class Cancelled(Exception):  # noqa: N818
    """The reader does not want the export any more."""


class ExportJob:
    """Writes one dataset, or one case as DICOM SEG, and leaves nothing when it is cancelled.

    name: the format. target: the new folder. now: cases written, cases in all (0: unknown), name of the one at hand.
    """

    def __init__(self, name: str, dataset_folder: Path, target: Path, label_set: Any) -> None:
        self._name, self._folder, self._target, self._label_set = name, dataset_folder, target, label_set
        self.now: tuple[int, int, str] = (0, 0, "")
        self.cancelled = False

    def dataset(self) -> Any:
        """Write all cases; the report, or Cancelled. UserError when nothing can be written."""
        from PartialSegLib.dataset import load_dataset

        dataset = load_dataset(self._folder)
        report = _exporter(self._name)(dataset, self._target, self._label_set, progress=self._progress)
        if self.cancelled:  # during the last case
            shutil.rmtree(self._target, ignore_errors=True)
            raise Cancelled
        return report

    def dicom_seg(self, case: str, images: str) -> Any:
        """Write one case beside nothing else; `images` is the DICOM folder that it was made from."""
        from PartialSegLib.dataset import load_dataset
        from PartialSegLib.exchange.dicom_seg import export_dicom_seg

        entry, is_new = load_dataset(self._folder).cases[case], not self._target.exists()
        self._target.mkdir(parents=True, exist_ok=True)
        path = self._target / f"{case}.dcm"
        try:
            report = export_dicom_seg(entry, images, path, self._label_set)
            if self.cancelled:
                path.unlink()
                raise Cancelled
        except Exception:
            with suppress(OSError):
                if is_new:
                    self._target.rmdir()
            raise
        return report

    def _progress(self, done: int, total: int, case: str) -> None:
        if self.cancelled:
            raise Cancelled
        self.now = (done, total, case)


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
