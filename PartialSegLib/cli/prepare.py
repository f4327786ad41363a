"""`partialseg prepare`: a dataset as training reads it. The training package is imported only when this is run."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import print_table, progress_bar
from PartialSegLib.cli.failure import DONE
from PartialSegLib.errors import UserError
from PartialSegLib.extras import missing_extra

if TYPE_CHECKING:
    from partialseg_training.data.store import PreparedCase
    from PartialSegLib.preprocessing import Preprocessing

_EXAMPLES = """\
examples:
  partialseg prepare manifest.json -o store/                       all cases, at 2 mm
  partialseg prepare cases/ -o store/ --spacing 1.5,1.5,3          a folder of cases, left-right, front-back, foot-head
  partialseg prepare manifest.json -o store/ --config my_run.yaml  as that training will want them

DATASET is a JSON manifest or a folder with one folder for each case (case.json, image.*, labels.*). Cases that are
there already are left alone: a run that was stopped goes on where it was. Training finds the store by the setting
`store`; several runs can share it.
"""
_COLUMNS = ("Dataset", "Modality", "Cases", "Complete", "In slices", "Painted only", "Unlabelled", "Structures")


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `prepare` command."""
    parser = add_command(commands, "prepare", run, "bring a dataset into the form that training reads", _EXAMPLES)
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="manifest (JSON) or folder of cases")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STORE", help="folder for what is prepared")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--spacing", metavar="X,Y,Z", help="voxels of the network in mm (default: 2,2,2)")
    what.add_argument("--config", metavar="CONFIG", help="take preprocessing and label set from this training")
    parser.add_argument("--workers", type=int, metavar="N", help="processes at work (default: one a core, at most 8)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Prepare every case of the dataset."""
    if arguments.workers is not None and arguments.workers < 1:
        raise UserError(f"--workers {arguments.workers} does no work: give 1 or more")
    try:
        from partialseg_training.data.prepare import prepare
        from partialseg_training.data.store import load_case
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    preprocessing, label_set = _settings(arguments)
    with progress_bar("prepare", arguments.quiet) as progress:
        folders = prepare(
            arguments.dataset,
            None,
            preprocessing,
            label_set,
            arguments.output,
            lambda done, total: progress(f"{done} of {total} cases", done / total),
            arguments.workers,
        )
    if not arguments.quiet:
        spacing = " x ".join(f"{step:g}" for step in preprocessing.spacing)
        print_table(_COLUMNS, _summary([load_case(folder) for folder in folders]), right=_COLUMNS[2:])
        print(f"Store  {arguments.output} ({spacing} mm, {label_set})")
    return DONE


def _settings(arguments: argparse.Namespace) -> "tuple[Preprocessing, str]":
    """Preprocessing and label set that were asked for."""
    from PartialSegLib.preprocessing import Preprocessing

    if arguments.config is not None:
        from partialseg_training.config import load_config

        config = load_config(arguments.config)
        return config.preprocessing, config.label_set
    if arguments.spacing is None:
        return Preprocessing(), "abdomen16"
    try:
        x, y, z = (float(step) for step in arguments.spacing.split(","))
        if not x + y + z < float("inf"):  # also when one is NaN
            raise ValueError("voxels must be finite")
        return Preprocessing((x, y, z)), "abdomen16"
    except ValueError as error:
        raise UserError(
            f"--spacing {arguments.spacing} is no voxel size: write three positive numbers of mm, for instance 2,2,2"
        ) from error


def _summary(cases: "Sequence[PreparedCase]") -> list[list[str]]:
    """A row for each dataset and modality: how many cases are annotated, and in what way."""
    rows = []
    for place in sorted({(case.record.dataset, case.record.modality) for case in cases}):
        mine = [case for case in cases if (case.record.dataset, case.record.modality) == place]
        kinds = [_kind(case) for case in mine]
        structures = set().union(*map(_structures, mine))
        counts = [len(mine), *(kinds.count(kind) for kind in _COLUMNS[3:7]), len(structures)]
        rows.append([place[0], place[1].upper(), *map(str, counts)])
    return rows


def _kind(case: "PreparedCase") -> str:
    """The column a case is counted in: the strongest thing that is said about it."""
    record = case.completeness
    if case.record.annotated:
        return "Complete"
    if any(table is not None for table in (record.z, record.y, record.x)):
        return "In slices"
    return "Painted only" if set(case.centres) - {0} else "Unlabelled"


def _structures(case: "PreparedCase") -> set[int]:
    """What is declared or painted anywhere in a case."""
    from PartialSegLib.annotation import ranges_of

    declared = (values for ranges in ranges_of(case.completeness).values() for values in ranges.values())
    return {*case.record.annotated, *case.centres}.union(*declared) - {0}
