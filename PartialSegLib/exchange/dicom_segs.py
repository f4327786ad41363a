"""Export of a dataset as DICOM segmentations, one file for each case."""

from pathlib import Path

from PartialSegLib.dataset import CaseEntry, Dataset
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.cases import Progress, Run
from PartialSegLib.exchange.dicom_seg import SUFFIX, export_dicom_seg
from PartialSegLib.exchange.folders import new_folder
from PartialSegLib.exchange.report import ExportReport
from PartialSegLib.structures import LabelSet


def export_dicom_segs(
    dataset: Dataset,
    folder: str | Path,
    dicom: Path | None = None,
    label_set: LabelSet | None = None,
    series: int | str | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write NAME.dcm for each annotated case into the new folder `folder`.

    dicom: holds the series of each case in a folder of its name, or is the series of a single case; None when images
    are DICOM folders themselves. Raises UserError when nothing can be written.
    """
    run, lost = Run(dataset, progress), list[str]()
    with new_folder(folder) as target:

        def write(entry: CaseEntry) -> str | None:
            if entry.label is None:
                return "nobody annotated it"
            source = _series_folder(entry, dicom, len(dataset.cases))
            report = export_dicom_seg(entry, source, target / f"{entry.name}{SUFFIX}", label_set, series)
            lost.extend(f"{entry.name}: {line}" for line in report.lost)
            return None

        run.each(write)
    return ExportReport("DICOM SEG", Path(folder), tuple(run.written), tuple(lost), run.failed, run.left_out)


def _series_folder(entry: CaseEntry, dicom: Path | None, cases: int) -> Path:
    if dicom is None:
        if entry.image.is_dir():
            return entry.image
        raise UserError(f"{entry.image.name} is no DICOM series: name the folder of the series with --dicom")
    own = dicom / entry.name
    if own.is_dir():
        return own
    if cases == 1:
        return dicom
    raise UserError(f"{dicom} has no folder {entry.name} with its DICOM series: put the series there")
