"""Entry point of the `partialseg` command."""

import argparse
import sys
from collections.abc import Sequence

from PartialSegLib import __version__
from PartialSegLib.cli import (
    check,
    evaluate,
    experiment,
    export,
    import_,
    info,
    methods,
    prepare,
    sample,
    segment,
    simulate,
    train,
)
from PartialSegLib.cli.arguments import Parser
from PartialSegLib.cli.failure import guarded

_EXAMPLES = """\
examples:
  partialseg sample                                          a CT to try things with
  partialseg segment ct.nii.gz -o ct.seg.nrrd                one file
  partialseg segment dicom_folder/ -o ct.seg.nrrd            one DICOM series
  partialseg segment cases/ -o results/                      every case of a folder
  partialseg info                                            what the shipped model is and what it can do
  partialseg segment --help                                  all options of a command

Not for clinical use.
"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; building it imports nothing heavy."""
    parser = Parser(
        prog="partialseg",
        description="Segments 16 abdominal structures of a CT or MR; learns from labels that are only partly there.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"partialseg {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    data = (import_, export, simulate, prepare, check)
    for module in (segment, info, sample, *data, train, evaluate, experiment, methods):
        module.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    # A file name in another encoding than the terminal's must not end a run in an error.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = build_parser().parse_args(argv)
    return guarded(lambda: arguments.run(arguments))
