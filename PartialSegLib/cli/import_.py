"""`partialseg import`: labels of others as a dataset of ours."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import print_json, print_table, progress_bar
from PartialSegLib.cli.failure import DONE, SOME_FAILED
from PartialSegLib.cli.outputs import check_writable
from PartialSegLib.errors import UserError

if TYPE_CHECKING:
    from PartialSegLib.exchange import ImportOptions, ImportReport

_EXAMPLES = """\
examples:
  partialseg import images/ labels/ -o cases/ --mapping btcv              label maps in the values of a public data set
  partialseg import images/ labels/ -o cases/ --mapping my.json --side-split
  partialseg import ct.nii.gz ct.seg.nrrd -o cases/ --complete liver,spleen
  partialseg import nnUNet_raw/Dataset501_Abdomen -o cases/               reads dataset.json; ignored stays unknown
  partialseg import list.csv -o cases/ --modality mr                      columns image,label[,name,modality,patient]

IMAGES alone is an nnU-Net dataset or a .csv list. Labels are NIfTI, NRRD, MetaImage, .seg.nrrd or DICOM SEG. Without
--mapping, labels are found by their names; names declare nothing complete, --complete does. Cases that are there
already are left alone. needs_a_person.csv in the dataset lists what only a person can decide.
exit codes: 0 done, 2 a mistake, 3 some cases failed.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `import` command."""
    parser = add_command(commands, "import", run, "make a dataset from the labels of others", _EXAMPLES)
    parser.add_argument("images", type=Path, metavar="IMAGES", help="file, folder, nnU-Net dataset or .csv list")
    parser.add_argument("labels", type=Path, nargs="?", metavar="LABELS", help="file or folder, named as the images")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DATASET", help="folder of cases to add to")
    parser.add_argument("--mapping", metavar="NAME|FILE", help="what label values mean: a preset or a .json file")
    parser.add_argument("--complete", metavar="A,B", help="structures complete in every label map, or all, or none")
    parser.add_argument("--modality", choices=("ct", "mr"), help="of all images (default: detected)")
    parser.add_argument("--side-split", action="store_true", help="tell right and left apart where one label has both")
    parser.add_argument("--model-labels", type=Path, metavar="FOLDER", help="results of segment, to help --side-split")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Import, and print what became of the cases."""
    from PartialSegLib.exchange import find_pairs, import_all

    check_writable(arguments.output)
    options = _options(arguments)
    pairs = find_pairs(arguments.images, arguments.labels)
    with progress_bar("import", arguments.quiet) as bar:
        report = import_all(
            pairs, arguments.output, options, progress=lambda done, total, name: bar(name, done / max(1, total))
        )
    for name, reason in report.failed.items():
        print(f"partialseg: {name}: {reason}", file=sys.stderr)
    if arguments.json:
        print_json(report.to_json())
    elif not arguments.quiet:
        _print(report)
    return SOME_FAILED if report.failed else DONE


def _options(arguments: argparse.Namespace) -> "ImportOptions":
    from PartialSegLib.exchange import ImportOptions, ImportPlan
    from PartialSegLib.mappings import load_mapping
    from PartialSegLib.structures import load_label_set

    if arguments.model_labels is not None:
        if not arguments.side_split:
            raise UserError("--model-labels helps --side-split: give both")
        if not arguments.model_labels.is_dir():
            raise UserError(f"{arguments.model_labels} is no folder: give the output folder of partialseg segment")
    plan = ImportPlan.from_mapping(load_mapping(arguments.mapping)) if arguments.mapping else None
    label_set = plan.label_set if plan else load_label_set()
    named = {"all": [s.key for s in label_set], "none": []}
    complete = None
    if arguments.complete is not None:
        names = named.get(arguments.complete, arguments.complete.split(","))
        complete = tuple(label_set.find(name).key for name in names)
    return ImportOptions(plan, complete, arguments.modality, arguments.side_split, arguments.model_labels)


def _print(report: "ImportReport") -> None:
    from PartialSegLib.exchange.batch import FOR_A_PERSON

    asked = [question for question in report.questions if question.case in report.imported]
    if asked:
        print_table(("Case", "Structure", "Needs a person"), asked)
    print(f"{len(report.imported)} imported, {len(report.present)} there already, {len(report.failed)} failed; "
          f"in {report.folder}")  # fmt: skip
    if asked:
        print(f"For a person  {report.folder / FOR_A_PERSON}")
