"""`partialseg check`: what is wrong with the data of a training run. The training package is imported here when run."""

import argparse
from typing import TYPE_CHECKING

from PartialSegLib.cli.arguments import add_command, add_settings, settings_of
from PartialSegLib.cli.console import print_json, print_table, progress_bar
from PartialSegLib.cli.failure import DONE, MISTAKE
from PartialSegLib.errors import UserError
from PartialSegLib.extras import missing_extra

if TYPE_CHECKING:
    from partialseg_training.checks import Report

_EXAMPLES = """\
examples:
  partialseg check config.yaml
  partialseg check config.yaml --set dataset=sparse/ --json

Reads every case of `train`, `validation` and `held_out` once: files that do not fit, labels that stand for nothing, one
patient or one image on two sides of the split, structures that nothing supervises. Training does the same first.
exit codes: 0 nothing forbids training, 2 something does.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `check` command."""
    parser = add_command(commands, "check", run, "check the data of a training run before it starts", _EXAMPLES)
    parser.add_argument("config", metavar="CONFIG", help="YAML file, or the name of a configuration that ships")
    add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; exit code 2 when it has errors."""
    overrides = settings_of(arguments)
    try:
        from partialseg_training.checks import check_dataset
        from partialseg_training.config import load_config
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    from PartialSegLib.dataset import load_dataset
    from PartialSegLib.structures import load_label_set

    config = load_config(arguments.config, overrides)
    if config.dataset is None:
        raise UserError(f"{config.name} learns from generated phantoms: there is no dataset to check")
    dataset = load_dataset(config.dataset)
    train = config.training_names(dataset.entries)
    with progress_bar("check", arguments.quiet) as progress:
        report = check_dataset(
            dataset, train, config.validation, config.held_out, load_label_set(config.label_set),
            lambda done, total, name: progress(name, done / max(1, total)),
        )  # fmt: skip
    if arguments.json:
        print_json(report.to_json())
    else:
        _print(report)
    return MISTAKE if report.errors else DONE


def _print(report: "Report") -> None:
    columns = ("Structure", "Cases", "Whole volumes", "Known absent", "Slices", "Painted voxels")
    rows = [
        [row.name, *(f"{n:,}" for n in (row.cases, row.complete_volumes, row.known_absent, row.complete_slices)),
         f"{row.painted_voxels:,}" + (f" + {row.union_voxels:,} in unions" if row.union_voxels else "")]
        for row in report.coverage
    ]  # fmt: skip
    print_table(columns, rows, right=columns[1:])
    for kind, lines in (("error", report.errors), ("warning", report.warnings), ("note", report.notes)):
        for line in lines:
            print(f"{kind:7}  {line}")
    if not report.errors:
        print("Nothing forbids training.")
