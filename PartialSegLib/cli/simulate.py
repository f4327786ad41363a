"""`partialseg simulate`: incomplete labels from fuller ones. The training package is imported here only when run."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import print_json, print_table, progress_bar
from PartialSegLib.cli.failure import DONE
from PartialSegLib.cli.outputs import check_output, check_writable
from PartialSegLib.errors import UserError
from PartialSegLib.extras import missing_extra

if TYPE_CHECKING:
    from partialseg_training.simulation import Rule, SimulatedCase
    from PartialSegLib.dataset import Dataset
    from PartialSegLib.structures import LabelSet

_EXAMPLES = """\
examples:
  partialseg simulate manifest.json -o partial/ --keep-structures 50         each case keeps a half of its structures
  partialseg simulate manifest.json -o partial/ --groups "liver,spleen;aorta,postcava" --per dataset
  partialseg simulate manifest.json -o sparse/ --keep-slices 20 --axes axial,sagittal,coronal
  partialseg simulate manifest.json -o sparse/ --keep-slices 20 --structures-per-slice 50
  partialseg simulate manifest.json -o scribbled/ --scribbles --preview scribbled.png
  partialseg simulate manifest.json -o hybrid/ --scribbles 10 --whole liver   liver in full, all others scribbled
  partialseg simulate manifest.json -o hybrid/ --unlabelled --cases p07,p12   more cases for a folder made before

FOLDER is then a dataset like any other. Every case depends on its files, the options and its own name only: a case
added later changes none of the others. What was unknown stays unknown, and nothing is said that the source does not
say. Percentages are of the structures or slices; slices are evenly spaced across the patient's own axes.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `simulate` command."""
    parser = add_command(commands, "simulate", run, "make incompletely labelled cases of fuller ones", _EXAMPLES)
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="manifest, or folder of cases")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the new cases go")
    parser.add_argument("--cases", metavar="A,B", help="names of cases (default: all that have labels)")
    parser.add_argument("--datasets", metavar="A,B", help="only cases of these datasets")
    _add_rule(parser)
    parser.add_argument("--seed", type=int, default=0, help="another seed, another draw (default: 0)")
    parser.add_argument("--label-set", default="abdomen16", metavar="NAME", help="default: abdomen16")
    parser.add_argument("--preview", type=Path, metavar="PNG", help="a picture of what the first case says")
    parser.add_argument("--overwrite", action="store_true", help="replace cases that exist in FOLDER")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _add_rule(parser: argparse.ArgumentParser) -> None:
    which = parser.add_argument_group("which structures")
    which.add_argument("--structures", metavar="A,B", help="only these (default: all that the source is annotated for)")
    which.add_argument("--groups", metavar="A,B;C,D", help="each case gets one of these groups, drawn")
    which.add_argument("--keep-structures", type=float, metavar="PERCENT", help="each case keeps this many, drawn")
    which.add_argument(
        "--per", choices=("case", "dataset"), default="case", help="who draws structures for itself (default: case)"
    )
    how = parser.add_argument_group("how (default: wherever the source is annotated)")
    how.add_argument("--keep-slices", type=float, metavar="PERCENT", help="complete in evenly spaced slices only")
    how.add_argument("--structures-per-slice", type=float, metavar="PERCENT", help="each such slice has some, drawn")
    how.add_argument(
        "--scribbles", type=float, nargs="?", const=20.0, metavar="PERCENT",
        help="strokes inside the structures and round them, in this many slices (20)",
    )  # fmt: skip
    how.add_argument("--axes", default="axial", metavar="A,B", help="of the slices: axial, sagittal, coronal (axial)")
    how.add_argument("--whole", metavar="A,B", help="these also wherever the source is annotated")
    how.add_argument("--unlabelled", action="store_true", help="not at all")


def run(arguments: argparse.Namespace) -> int:
    """Write the simulated cases and say what they say."""
    check_writable(arguments.output)
    if arguments.preview is not None:
        check_output(arguments.preview, (".png",), arguments.overwrite)
    if arguments.seed < 0:
        raise UserError(f"--seed {arguments.seed} is negative: use 0, 1, 2, ...")
    try:
        from partialseg_training.simulation import simulate_dataset
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    from PartialSegLib.dataset import load_dataset
    from PartialSegLib.structures import load_label_set

    label_set = load_label_set(arguments.label_set)
    dataset = load_dataset(arguments.dataset)
    rule = _rule(arguments, label_set)
    names = _names(dataset, _split("--cases", arguments.cases), _split("--datasets", arguments.datasets))
    with progress_bar("simulate", arguments.quiet) as progress:
        cases = simulate_dataset(
            dataset, names, rule, arguments.seed, arguments.output, label_set, arguments.overwrite,
            lambda done, total, name: progress(name, done / total),
        )  # fmt: skip
    if arguments.preview is not None:
        _draw(arguments.preview, cases[0], label_set)
    if arguments.json:
        print_json({case.entry.name: _facts(case) for case in cases})
    elif not arguments.quiet:
        _print(cases, label_set)
        print(f"Dataset  {arguments.output}")
    return DONE


def _rule(arguments: argparse.Namespace, label_set: "LabelSet") -> "Rule":
    from partialseg_training.simulation import Rule, Scribbles, Slices

    axes = _axes(arguments.axes)
    share = _fraction("--structures-per-slice", arguments.structures_per_slice)
    kept, scribbled = _fraction("--keep-slices", arguments.keep_slices), _fraction("--scribbles", arguments.scribbles)
    if share is not None and kept is None:
        raise UserError("--structures-per-slice goes with --keep-slices: add it, for instance --keep-slices 20")
    groups = (arguments.groups or "").split(";") if arguments.groups is not None else []
    return Rule(
        structures=() if arguments.unlabelled else _values("--structures", arguments.structures, label_set),
        groups=tuple(_values("--groups", group, label_set) or () for group in groups),
        share=_fraction("--keep-structures", arguments.keep_structures) or 1.0,
        per=arguments.per,
        whole=_values("--whole", arguments.whole, label_set),
        slices=None if kept is None else Slices(fraction=kept, axes=axes, share=share or 1.0),
        scribbles=None if scribbled is None else Scribbles(fraction=scribbled, axes=axes),
    )


def _axes(text: str) -> Any:
    from partialseg_training.simulation.rule import AXES

    names = _split("--axes", text) or []
    wrong = [name for name in names if name not in AXES]
    if wrong:
        raise UserError(f"--axes has no {wrong[0]!r}: use axial, sagittal, coronal, with commas between them")
    return tuple(dict.fromkeys(names))


def _fraction(option: str, percent: float | None) -> float | None:
    if percent is not None and not 0 < percent <= 100:
        raise UserError(f"{option} {percent:g} is no percentage: give a number above 0, up to 100")
    return None if percent is None else percent / 100


def _values(option: str, names: str | None, label_set: "LabelSet") -> tuple[int, ...] | None:
    split = _split(option, names)
    return None if split is None else tuple(dict.fromkeys(label_set.find(name).value for name in split))


def _split(option: str, names: str | None) -> list[str] | None:
    split = None if names is None else [name.strip() for name in names.split(",") if name.strip()]
    if split == []:
        raise UserError(f"{option} names nothing: give names with commas between them")
    return split


def _names(dataset: "Dataset", cases: list[str] | None, datasets: list[str] | None) -> list[str] | None:
    if datasets is None:
        return cases
    present = {entry.dataset for entry in dataset.cases.values()}
    unknown = [name for name in datasets if name not in present]
    if unknown:
        raise UserError(f"{dataset.path} has no dataset named {unknown[0]}: it has {', '.join(sorted(present))}")
    wanted = dataset.cases if cases is None else {name: dataset.cases.get(name) for name in cases}
    return [name for name, entry in wanted.items() if entry is None or (entry.dataset in datasets and entry.label)]


def _facts(case: "SimulatedCase") -> dict[str, Any]:
    from dataclasses import asdict

    return {"dataset": case.entry.dataset, **asdict(case.amount)}


def _print(cases: "Sequence[SimulatedCase]", label_set: "LabelSet") -> None:
    from partialseg_training.simulation.rule import AXES

    rows = []
    for case in cases:
        amount = case.amount
        complete = [label_set.by_value(value).name for value in amount.complete]
        whole = "all" if len(complete) == len(label_set.structures) else ", ".join(complete)
        slices = ", ".join(f"{count} {axis}" for axis, count in zip(AXES, amount.slices, strict=True) if count)
        part = f"{100 * amount.voxels:.2f}", f"{100 * amount.answers:.2f}", f"{amount.painted:,}"
        rows.append([case.entry.name, case.entry.dataset, whole, slices, *part])
    numbers = ("Voxels, %", "Answers, %", "Painted")
    columns = ("Case", "Dataset", "Complete in the volume", "Slices", *numbers)
    print_table(columns, rows, right=numbers)
    print("Voxels: with any supervision. Answers: of all questions whether a voxel belongs to a structure.")


def _draw(path: Path, case: "SimulatedCase", label_set: "LabelSet") -> None:
    from dataclasses import replace

    from partialseg_training.simulation.picture import draw_annotation
    from PartialSegLib.dataset import read_case

    image, labels, completeness = read_case(case.entry, label_set)
    image = replace(image, modality=case.entry.modality)
    draw_annotation(path, image, labels, completeness, label_set, case.entry.unions, case.entry.name)
