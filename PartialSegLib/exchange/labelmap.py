"""Export of one case as a plain label map with its table, readable everywhere and lossless for our own import."""

from pathlib import Path

from PartialSegLib.dataset import CaseEntry, Dataset, read_annotation
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.cases import Progress, Run
from PartialSegLib.exchange.folders import new_folder
from PartialSegLib.exchange.label_table import write_itksnap_labels, write_label_table
from PartialSegLib.exchange.report import ExportReport
from PartialSegLib.image import write_volume
from PartialSegLib.structures import LabelSet, load_label_set

SUFFIX = ".nii.gz"


def export_labelmap(
    case: CaseEntry, path: str | Path, label_set: LabelSet | None = None, overwrite: bool = False
) -> ExportReport:
    """Write NAME.nii.gz with the labels as painted, NAME.csv (what they mean and what is complete) and NAME.txt.

    0 is unpainted, 255 painted background; the .txt is for ITK-SNAP. Raises UserError for a case without labels, a name
    that does not end in .nii.gz, and files that exist unless `overwrite`.
    """
    path = Path(path).absolute()
    if not path.name.lower().endswith(SUFFIX):
        raise UserError(f"cannot write the label map {path}: end its name in {SUFFIX}")
    label_set = label_set or load_label_set()
    labels, record = read_annotation(case, label_set)
    if labels is None:
        raise UserError(f"case {case.name}: nobody annotated it, so there is no label map: annotate it first")
    table, colors = table_of(path), path.with_name(path.name[: -len(SUFFIX)] + ".txt")
    taken = [file for file in (path, table, colors) if file.exists()]
    if taken and not overwrite:
        raise UserError(f"{taken[0]} exists already: choose another output, or --overwrite on the command line")
    write_label_table(table, label_set, record, case.unions, overwrite)
    write_itksnap_labels(colors, label_set, case.unions, overwrite)
    write_volume(path, labels, overwrite=overwrite, level=6)  # last: what it means is there already
    return ExportReport("Label map", path, (case.name,))


def export_labelmaps(
    dataset: Dataset, folder: str | Path, label_set: LabelSet | None = None, progress: Progress | None = None
) -> ExportReport:
    """Write one label map with its tables for each annotated case into the new folder `folder`."""
    run = Run(dataset, progress)
    with new_folder(folder) as target:

        def write(entry: CaseEntry) -> str | None:
            if entry.label is None:
                return "nobody annotated it"
            export_labelmap(entry, target / f"{entry.name}{SUFFIX}", label_set)
            return None

        run.each(write)
    return ExportReport("Label maps", Path(folder), tuple(run.written), (), run.failed, run.left_out)


def table_of(path: Path) -> Path:
    """Where the table of a label map lies: beside it, ending in .csv."""
    from PartialSegLib.image.kinds import volume_suffix

    return path.with_name(path.name[: len(path.name) - len(volume_suffix(path) or "")] + ".csv")
