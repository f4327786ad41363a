"""`partialseg methods`: what a training configuration can name."""

import argparse

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import print_json
from PartialSegLib.cli.failure import DONE
from PartialSegLib.extras import missing_extra

_EXAMPLES = """\
examples:
  partialseg methods                                          training methods, networks and shipped configurations
  partialseg methods --json
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `methods` command."""
    parser = add_command(commands, "methods", run, "list training methods, networks and configurations", _EXAMPLES)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each."""
    from PartialSegLib.networks import NETWORKS

    try:
        from partialseg_training.config import shipped_configs
        from partialseg_training.methods import METHODS
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    tables = {
        "methods": {name: (method.summary, method.paper) for name, method in METHODS.items()},
        "networks": {name: (network.summary, network.paper) for name, network in NETWORKS.items()},
        "configurations": {name: (_first_line(path), "") for name, path in shipped_configs().items()},
    }
    if arguments.json:
        print_json({kind: {name: text for name, (text, _) in rows.items()} for kind, rows in tables.items()})
        return DONE
    width = max(len(name) for rows in tables.values() for name in rows)
    for kind, rows in tables.items():
        print(f"{kind}:")
        for name, (summary, source) in rows.items():
            print(f"  {name:<{width}}  {summary}{f' ({source})' if source else ''}")
    return DONE


def _first_line(path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
