"""`partialseg sample`: a CT to try things with."""

import argparse
import shutil
import sys
from pathlib import Path

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import print_json, progress_bar
from PartialSegLib.cli.failure import DONE
from PartialSegLib.cli.outputs import check_output, staged

_EXAMPLES = """\
examples:
  partialseg sample                                 fetch it once, say where it is
  partialseg sample -o ct.nii.gz                    copy it here
  partialseg segment "$(partialseg sample --quiet)" -o ct.seg.nrrd

The CT is fetched with pip (10 MB) and kept in the user's cache folder. Without a network a synthetic phantom takes
its place, and the command says so.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `sample` command."""
    parser = add_command(commands, "sample", run, "get a CT to try things with", _EXAMPLES)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="also copy it to this .nii.gz file")
    parser.add_argument("--overwrite", action="store_true", help="replace FILE if it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", action="store_true", help="print nothing but the path")


def run(arguments: argparse.Namespace) -> int:
    """Fetch the sample and print its path."""
    if arguments.output is not None:
        check_output(arguments.output, (".nii.gz",), arguments.overwrite)
    from PartialSegLib.sample import sample_ct

    with progress_bar("sample CT", arguments.quiet) as progress:
        sample = sample_ct(progress=progress)
    path = sample.path
    if arguments.output is not None:
        path = arguments.output
        with staged({"sample": path}, arguments.overwrite) as paths:
            shutil.copyfile(sample.path, paths["sample"])
    if arguments.json:
        print_json({"path": str(path), "source": sample.source, "note": sample.note})
        return DONE
    if not arguments.quiet or sample.source == "phantom":
        print(f"The sample is {_as_sentence(sample.note)}", file=sys.stderr)
    print(path)
    return DONE


def _as_sentence(note: str) -> str:
    article = "" if note.startswith(("a ", "an ", "the ")) else "a "
    return f"{article}{note}."
