"""argparse as the commands use it: examples kept as written, mistakes in one line."""

import argparse
from collections.abc import Callable
from typing import NoReturn

from PartialSegLib.errors import UserError


class Parser(argparse.ArgumentParser):
    """Reports a wrong option in one line instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"partialseg: {message}; see {self.prog} --help\n")


def add_command(
    commands: "argparse._SubParsersAction",
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
    examples: str,
) -> argparse.ArgumentParser:
    """Add the subcommand `name`; `run` gets its arguments and returns the exit code."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add `--set KEY=VALUE`, read by `settings_of`."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="replace a setting of CONFIG; may be repeated"
    )


def settings_of(arguments: argparse.Namespace) -> dict[str, str]:
    """What was given with `--set`; raises UserError for what is not KEY=VALUE."""
    pairs = {}
    for text in arguments.set:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UserError(f"--set {text} is not KEY=VALUE: write for instance --set steps=200")
        pairs[key] = value
    return pairs
