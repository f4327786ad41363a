"""`partialseg experiment`: all methods side by side."""

import argparse
from pathlib import Path

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import progress_bar
from PartialSegLib.cli.failure import DONE
from PartialSegLib.extras import missing_extra

_EXAMPLES = """\
examples:
  partialseg experiment seeds --scale tiny -o comparison/                    does everything run? on generated torsos
  partialseg experiment seeds --scale small --dataset manifest.json -o comparison/
  partialseg experiment my_plan.yaml --dataset cases/ --train a,b,c --test d,e -o comparison/

Each method is trained with the same network, data, number of steps and seeds on labels that are made incomplete in the
same way, and tested on cases that none has seen. Writes results.md, results.csv and results.png. Stopped, the same
command goes on where it was.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `experiment` command."""
    parser = add_command(commands, "experiment", run, "compare all training methods with equal budgets", _EXAMPLES)
    parser.add_argument("plan", metavar="PLAN", help="name of a shipped experiment (seeds), or a YAML file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where everything goes")
    parser.add_argument("--scale", default="small", help="one of the plan's sizes: tiny, small, full (default: small)")
    parser.add_argument("--dataset", type=Path, metavar="PATH", help="manifest or folder of cases (default: phantoms)")
    parser.add_argument("--train", type=_names, metavar="A,B", help="cases to train on (default: the plan's)")
    parser.add_argument("--test", type=_names, metavar="C,D", help="cases to test on (default: the plan's)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="trainings at a time (default: 1)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Run what is not done yet and print the table."""
    try:
        from partialseg_training.experiment import load_plan, run_experiment
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    plan = load_plan(arguments.plan, arguments.scale)
    chosen = {"train": arguments.train, "test": arguments.test}
    plan = plan.model_copy(update={key: names for key, names in chosen.items() if names})
    dataset = arguments.dataset and arguments.dataset.resolve()
    with progress_bar("experiment", arguments.quiet) as progress:

        def tell(what: str, done: int, total: int) -> None:
            progress(f"{what} ({done}/{total})", done / total)

        output = arguments.output.resolve()
        run_experiment(plan, arguments.scale, dataset, output, max(1, arguments.jobs), tell)
    if not arguments.quiet:
        print((arguments.output / "results.md").read_text(encoding="utf-8"))
    return DONE


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
