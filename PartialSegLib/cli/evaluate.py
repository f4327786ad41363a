"""`partialseg evaluate`: how good a model is on cases it was not trained on."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import print_comparison, print_json, print_scores, progress_bar
from PartialSegLib.cli.failure import DONE
from PartialSegLib.cli.outputs import check_writable
from PartialSegLib.errors import UserError
from PartialSegLib.extras import missing_extra

if TYPE_CHECKING:
    from partialseg_training.evaluate import Outcome
    from partialseg_training.report.gallery import Gallery
    from partialseg_training.scores.rows import Row
    from PartialSegLib.bundle import Bundle
    from PartialSegLib.dataset import CaseEntry

_EXAMPLES = """\
examples:
  partialseg evaluate manifest.json -o scores/                        every case the model was not trained on
  partialseg evaluate cases/ -o scores/ --cases p07,p12 --model my_model/
  partialseg evaluate cases/ -o scores/ --model new/ --compare old/   paired, on cases that neither was trained on
  partialseg evaluate cases/ -o scores/ --model new/ --compare old_scores/

Writes cases.csv (one line per case and structure), subjects.csv, table.md and table.csv (structures by data sets),
summary.json and report.html with pictures of the worst cases: DSC, NSD at 2 mm and HD95, each only where the truth is
declared complete. --compare adds comparison.md and comparison.json. Scores in RUN/evaluation, RUN being the folder of a
training run, also go into the report of that run.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `evaluate` command."""
    parser = add_command(commands, "evaluate", run, "score a model against annotated cases", _EXAMPLES)
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="manifest or folder of cases, as for training")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the scores go")
    parser.add_argument(
        "--cases", metavar="A,B", help="names of cases (default: all annotated ones that no model was trained on)"
    )
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="model bundle (default: the one that ships)")
    parser.add_argument(
        "--compare", type=Path, metavar="OTHER", help="another model's bundle, or the scores of its evaluation"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, openvino, cuda, cuda:1, mps (default: auto)")
    parser.add_argument("--preset", choices=("accurate", "fast"), default="accurate", help="as for segment")
    parser.add_argument("--overwrite", action="store_true", help="replace scores that exist")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON document")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Segment the cases and compare."""
    folder = arguments.output
    try:
        from partialseg_training.report.evaluation import REPORT, write_evaluation_report
        from partialseg_training.report.gallery import Gallery
        from partialseg_training.report.run import EVALUATION, write_run_report
        from partialseg_training.scores.files import CASES, COMPARISON_FILES, SCORE_FILES, TABLE, write_scores
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    from PartialSegLib.bundle import Bundle

    taken = [folder / name for name in (*SCORE_FILES, *COMPARISON_FILES, REPORT) if (folder / name).exists()]
    if taken and not arguments.overwrite:
        raise UserError(f"{taken[0]} exists already: choose another folder or pass --overwrite")
    check_writable(folder)
    other = _Other(arguments.compare) if arguments.compare else None
    bundle = Bundle.load(arguments.model)
    entries = _entries(arguments, [bundle, *([other.bundle] if other and other.bundle else [])])
    gallery = Gallery(bundle.label_set)
    rows = _scores_of(bundle, entries, arguments, gallery)
    for path in taken:
        path.unlink(missing_ok=True)  # of these some may not be written anew
    summary = write_scores(rows, folder)
    gallery.write(folder)
    comparison = _compare(rows, other, entries, arguments, bundle) if other else None
    write_evaluation_report(folder)
    if folder.resolve().name == EVALUATION and (folder.resolve().parent / "log.jsonl").is_file():
        write_run_report(folder.resolve().parent)
    if arguments.json:
        print_json({**summary, "comparison": comparison} if comparison else summary)
    elif not arguments.quiet:
        print_scores(summary["datasets"])
        if comparison:
            print_comparison(comparison)
        print(f"Scores  {folder / TABLE}, {folder / CASES}\nReport  {folder / REPORT}")
    return DONE


class _Other:
    """What to compare with: rows that were written before, or a bundle that is yet to be scored."""

    def __init__(self, path: Path) -> None:
        from partialseg_training.scores.rows import CASES, read_rows
        from PartialSegLib.bundle import Bundle

        self.name = path.resolve().name
        self.rows: list[Row] | None = None
        self.bundle: Bundle | None = None
        table = path / CASES if path.is_dir() else path
        if table.is_file():
            self.rows = read_rows(table)
        elif (path / "configs").is_dir():
            self.bundle = Bundle.load(path)
            self.name = _title(self.bundle)
        else:
            raise UserError(f"{path} holds neither scores nor a model: give the output of evaluate, or a bundle")


def _compare(
    rows: "list[Row]", other: _Other, names: list[str], arguments: argparse.Namespace, bundle: "Bundle"
) -> dict[str, Any]:
    """Score the other model where that is still to do, and write the comparison."""
    from partialseg_training.scores.comparison import compare
    from partialseg_training.scores.files import write_comparison, write_scores

    if other.bundle is not None:
        other.rows = _scores_of(other.bundle, names, arguments)
        write_scores(other.rows, arguments.output / "compared")
    comparison = {"this": _title(bundle), "other": other.name, **compare(rows, other.rows or [])}
    write_comparison(comparison, arguments.output)
    return comparison


def _scores_of(
    bundle: "Bundle", names: list[str], arguments: argparse.Namespace, gallery: "Gallery | None" = None
) -> "list[Row]":
    from partialseg_training.evaluate import evaluate
    from PartialSegLib.inference import Engine

    def watch(outcome: "Outcome") -> None:
        if gallery is not None:
            gallery.add(outcome)

    if bundle.unlearnt and not arguments.quiet:
        names_of_these = ", ".join(bundle.label_set.by_value(value).name for value in bundle.unlearnt)
        print(f"Not scored, for {_title(bundle)} has never learnt it: {names_of_these}", file=sys.stderr)
    engine = Engine(bundle, device=arguments.device, preset=arguments.preset)
    with progress_bar(f"evaluate {_title(bundle)}", arguments.quiet) as bar:
        return evaluate(
            engine, arguments.dataset, names, lambda done, total, name: bar(name, done / max(total, 1)), watch
        )


def _entries(arguments: argparse.Namespace, bundles: "list[Bundle]") -> list[str]:
    """Names of the cases to score; what is left out is said on stderr."""
    from PartialSegLib.dataset import load_dataset

    cases = load_dataset(arguments.dataset).cases
    if arguments.cases is not None:
        names = [name.strip() for name in arguments.cases.split(",") if name.strip()]
        missing = [name for name in names if name not in cases]
        if missing:
            raise UserError(f"{arguments.dataset} has no image named {missing[0]}: check the names of --cases")
    else:
        seen = {name for bundle in bundles for name in bundle.metadata.get("training", {}).get("cases", [])}
        names = [name for name in cases if name not in seen]
        if not names:
            raise UserError("the model was trained on every case of this data set: name some with --cases if wanted")
    return _scorable(names, cases, arguments)


def _scorable(names: list[str], cases: "dict[str, CaseEntry]", arguments: argparse.Namespace) -> list[str]:
    from partialseg_training.evaluate import why_not

    reasons = {name: reason for name in names if (reason := why_not(cases[name]))}
    for reason in dict.fromkeys(reasons.values()):
        skipped = [name for name in names if reasons.get(name) == reason]
        if not arguments.quiet:
            print(f"Skipped {len(skipped)}, {reason}: {', '.join(skipped)}", file=sys.stderr)
    if len(reasons) == len(names):
        raise UserError("no case can be scored: score cases in which structures are declared complete")
    return [name for name in names if name not in reasons]


def _title(bundle: "Bundle") -> str:
    return f"{bundle.metadata['name']} {bundle.metadata['version']}"
