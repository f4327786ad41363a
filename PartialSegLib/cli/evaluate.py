"""`partialseg evaluate`: how good a model is on cases it was not trained on."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.cli.arguments import add_command, missing_extra
from PartialSegLib.cli.console import print_json, print_scores, progress_bar
from PartialSegLib.cli.failure import DONE
from PartialSegLib.cli.outputs import check_writable
from PartialSegLib.errors import UserError

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

_EXAMPLES = """\
examples:
  partialseg evaluate manifest.json -o scores/                        every case the model was not trained on
  partialseg evaluate manifest.json -o scores/ --cases p07,p12 --model my_model/

Writes cases.csv (one line per case and structure) and summary.json: DSC, NSD at 2 mm and HD95, each only where the
truth is declared complete.
"""
_FILES = ("cases.csv", "summary.json")


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `evaluate` command."""
    parser = add_command(commands, "evaluate", run, "score a model against annotated cases", _EXAMPLES)
    parser.add_argument("manifest", type=Path, metavar="MANIFEST", help="JSON list of cases, as for training")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the scores go")
    parser.add_argument(
        "--cases", metavar="A,B", help="names of cases (default: all that the model was not trained on)"
    )
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="model bundle (default: the one that ships)")
    parser.add_argument("--device", default="auto", help="auto, cpu, openvino, cuda, cuda:1, mps (default: auto)")
    parser.add_argument("--preset", choices=("accurate", "fast"), default="accurate", help="as for segment")
    parser.add_argument("--overwrite", action="store_true", help="replace scores that exist")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON document")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Segment the cases and compare."""
    folder = arguments.output
    taken = [folder / name for name in _FILES if (folder / name).exists()]
    if taken and not arguments.overwrite:
        raise UserError(f"{taken[0]} exists already: choose another folder or pass --overwrite")
    check_writable(folder)
    try:
        from partialseg_training.data.prepare import manifest_entries
        from partialseg_training.evaluate import evaluate, write_report
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    from PartialSegLib.bundle import Bundle
    from PartialSegLib.inference import Engine

    bundle = Bundle.load(arguments.model)
    engine = Engine(bundle, device=arguments.device, preset=arguments.preset)
    names = _names(arguments.cases, manifest_entries(arguments.manifest), bundle)
    with progress_bar("evaluate", arguments.quiet) as progress:
        rows = evaluate(engine, arguments.manifest, names, lambda done, total, name: progress(name, done / total))
        summary = write_report(rows, folder)
    if arguments.json:
        print_json(summary)
    elif not arguments.quiet:
        print_scores(summary)
        print(f"Scores  {folder / _FILES[0]}, {folder / _FILES[1]}")
    return DONE


def _names(wanted: str | None, entries: Mapping[str, Mapping[str, Any]], bundle: "Bundle") -> list[str]:
    if wanted is not None:
        return [name.strip() for name in wanted.split(",") if name.strip()]
    seen = set(bundle.metadata.get("training", {}).get("cases", []))
    names = [name for name, entry in entries.items() if "image" in entry and name not in seen]
    if not names:
        raise UserError(
            "the model was trained on every case of this manifest: name some with --cases if that is wanted"
        )
    return names
