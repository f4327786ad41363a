"""Export as a dataset of our own: nothing is lost, images are hard-linked where the disk allows it."""

from pathlib import Path

from PartialSegLib.dataset import CaseEntry, Dataset, read_case, write_case
from PartialSegLib.exchange.cases import Progress, Run, record_fields
from PartialSegLib.exchange.folders import new_folder
from PartialSegLib.exchange.report import ExportReport
from PartialSegLib.structures import LabelSet, load_label_set


def export_dataset(
    dataset: Dataset, folder: str | Path, label_set: LabelSet | None = None, progress: Progress | None = None
) -> ExportReport:
    """Write `folder` with one folder for each case, as load_dataset reads it.

    Raises UserError for an existing folder and a dataset of which nothing can be written.
    """
    label_set = label_set or load_label_set()
    run = Run(dataset, progress)
    with new_folder(folder) as target:
        run.each(lambda entry: _write_case(target, entry, label_set))
    return ExportReport("PartialSeg dataset", Path(folder), tuple(run.written), (), run.failed, run.left_out)


def _write_case(target: Path, entry: CaseEntry, label_set: LabelSet) -> None:
    image, labels, record = read_case(entry, label_set)
    source = image if entry.image.is_dir() else entry.image
    write_case(target, entry.model_copy(update=record_fields(record)), source, labels)
