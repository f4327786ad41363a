"""`partialseg export`: a dataset in the formats of others, with a report of what they cannot say."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import print_json, progress_bar
from PartialSegLib.cli.failure import DONE, SOME_FAILED
from PartialSegLib.cli.outputs import check_writable
from PartialSegLib.errors import UserError

if TYPE_CHECKING:
    from PartialSegLib.dataset import Dataset
    from PartialSegLib.exchange import ExportReport
    from PartialSegLib.exchange.cases import Progress
    from PartialSegLib.structures import LabelSet

FORMATS = ("nnunet", "datalist", "labelmap", "dicom-seg", "dataset")
_EXAMPLES = """\
examples:
  partialseg export cases/ --format nnunet -o nnUNet_raw/Dataset501_Abdomen
  partialseg export cases/ --format nnunet -o nnUNet_raw/Dataset502_Liver --structures liver,spleen
  partialseg export cases/ --format datalist -o monai/
  partialseg export cases/ --format labelmap -o labelmaps/                  NAME.nii.gz with its table NAME.csv
  partialseg export cases/ --format dicom-seg -o seg/ --dicom series/       series/NAME holds the series of case NAME
  partialseg export cases/ --format dataset -o copy/ --cases p07,p12

nnunet and datalist know one ignore value instead of what is complete where: the report says what that loses, and stays
beside the files. labelmap (with its table) and dataset lose nothing.
exit codes: 0 done, 2 a mistake, 3 some cases failed.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `export` command."""
    parser = add_command(commands, "export", run, "write a dataset in another format", _EXAMPLES)
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="manifest (JSON) or folder of cases")
    parser.add_argument("--format", required=True, choices=FORMATS, help="what to write")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="a folder that does not exist"
    )
    parser.add_argument("--cases", metavar="A,B", help="names of cases (default: all)")
    parser.add_argument("--structures", metavar="A,B", help="nnunet: the classes (default: all that are labelled)")
    parser.add_argument("--dicom", type=Path, metavar="FOLDER", help="dicom-seg: folder with one series folder a case")
    parser.add_argument(
        "--series", metavar="NUMBER", help="dicom-seg: number or UID, where a folder has several series"
    )
    parser.add_argument("--label-set", default="abdomen16", metavar="NAME", help="label set (default: abdomen16)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Export, and print the report."""
    from PartialSegLib.structures import load_label_set

    _check_options(arguments)
    check_writable(arguments.output.absolute().parent)
    label_set = load_label_set(arguments.label_set)
    dataset = _dataset(arguments)
    with progress_bar("export", arguments.quiet) as bar:
        report = _export(arguments, dataset, label_set, lambda done, total, name: bar(name, done / max(1, total)))
    if arguments.json:
        print_json(report.to_json())
    elif not arguments.quiet:
        print(report.words(), end="")
        print(f"Output  {report.path}")
    return SOME_FAILED if report.failed else DONE


def _check_options(arguments: argparse.Namespace) -> None:
    wanted = {"structures": "nnunet", "dicom": "dicom-seg", "series": "dicom-seg"}
    for option, kind in wanted.items():
        if getattr(arguments, option) is not None and arguments.format != kind:
            raise UserError(f"--{option} belongs to --format {kind}: leave it out")


def _dataset(arguments: argparse.Namespace) -> "Dataset":
    from PartialSegLib.dataset import Dataset, load_dataset

    dataset = load_dataset(arguments.dataset)
    if arguments.cases is None:
        return dataset
    names = [name.strip() for name in arguments.cases.split(",") if name.strip()]
    if not names:
        raise UserError("--cases names no case: write for instance --cases p07,p12")
    return Dataset(dataset.path, {entry.name: entry for entry in dataset.select(names)})


def _export(
    arguments: argparse.Namespace, dataset: "Dataset", label_set: "LabelSet", progress: "Progress"
) -> "ExportReport":
    from PartialSegLib import exchange

    folder: Path = arguments.output
    if arguments.format == "nnunet":
        names = (arguments.structures or "").split(",") if arguments.structures is not None else []
        chosen = tuple(dict.fromkeys(label_set.find(name).value for name in names))
        return exchange.export_nnunet(dataset, folder, label_set, chosen or None, progress)
    if arguments.format == "datalist":
        return exchange.export_datalist(dataset, folder, label_set, progress)
    if arguments.format == "labelmap":
        return exchange.export_labelmaps(dataset, folder, label_set, progress)
    if arguments.format == "dicom-seg":
        return exchange.export_dicom_segs(dataset, folder, arguments.dicom, label_set, arguments.series, progress)
    return exchange.export_dataset(dataset, folder, label_set, progress)
