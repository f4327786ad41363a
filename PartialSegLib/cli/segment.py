"""`partialseg segment`: one volume, or many."""

import argparse
from pathlib import Path

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.case import Options, open_engine, segment_case
from PartialSegLib.cli.cases import find_cases
from PartialSegLib.cli.console import print_json, print_report, progress_bar
from PartialSegLib.cli.failure import DONE
from PartialSegLib.cli.outputs import SEGMENTATION_SUFFIXES, check_output, staged
from PartialSegLib.cli.slicer_hint import open_command
from PartialSegLib.errors import UserError

_EXAMPLES = """\
examples:
  partialseg segment ct.nii.gz -o ct.seg.nrrd
  partialseg segment dicom_folder/ -o mr.nii.gz --modality mr
  partialseg segment ct.nrrd -o ct.seg.nrrd --structures liver,spleen --statistics ct.csv --preview ct.png
  partialseg segment cases/ -o results/                 every volume and DICOM folder in cases/
  partialseg segment cases.txt -o results/ --json       one path per line; finished cases are skipped

exit codes: 0 done, 1 unexpected error (a log file is named), 2 wrong input, 3 some cases failed, 130 interrupted.
Not for clinical use.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `segment` command."""
    parser = add_command(commands, "segment", run, "find the structures in a CT or MR", _EXAMPLES)
    parser.add_argument(
        "input", type=Path, metavar="INPUT", help="volume, DICOM folder, folder of cases, or .txt list of them"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUTPUT",
        help=f"file ending in {', '.join(SEGMENTATION_SUFFIXES)}; for several cases a folder",
    )  # fmt: skip
    parser.add_argument("--series", metavar="NUMBER", help="which series of a DICOM folder that holds several")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="model bundle (default: the one that ships)")
    parser.add_argument("--device", default="auto", help="auto, cpu, openvino, cuda, cuda:1, mps (default: auto)")
    parser.add_argument(
        "--preset", choices=("accurate", "fast"), default="accurate", help="fast: fewer windows, half precision"
    )
    parser.add_argument("--modality", choices=("ct", "mr"), help="what the volume is (default: find out)")
    parser.add_argument("--structures", metavar="A,B", help="keep only these (default: all)")
    parser.add_argument("--statistics", type=Path, metavar="CSV", help="volume, intensity, confidence per structure")
    parser.add_argument("--preview", type=Path, metavar="PNG", help="a picture; for several cases a folder of them")
    parser.add_argument("--confidence", type=Path, metavar="FILE", help="JSON file: structure -> confidence")
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Segment what INPUT names."""
    options = Options(
        model=arguments.model,
        device=arguments.device,
        preset=arguments.preset,
        modality=arguments.modality,
        structures=_split(arguments.structures),
        series=arguments.series,
        overwrite=arguments.overwrite,
    )
    cases = find_cases(arguments.input)
    if cases is None:
        return _run_one(arguments, options)
    from PartialSegLib.cli.batch import run_batch

    _check_batch(arguments)
    return run_batch(cases, arguments.output, arguments.preview, options, arguments.json, arguments.quiet)


def _run_one(arguments: argparse.Namespace, options: Options) -> int:
    wanted = {
        "segmentation": (arguments.output, SEGMENTATION_SUFFIXES),
        "statistics": (arguments.statistics, (".csv",)),
        "preview": (arguments.preview, (".png",)),
        "confidence": (arguments.confidence, (".json",)),
    }
    if options.series is not None and not arguments.input.is_dir():
        raise UserError(f"{arguments.input} is no DICOM folder: leave --series out")
    outputs = {what: path for what, (path, _) in wanted.items() if path is not None}
    for what, path in outputs.items():
        check_output(path, wanted[what][1], options.overwrite, arguments.input)
    engine = open_engine(options)
    with progress_bar(arguments.input.name, arguments.quiet) as progress:
        result = segment_case(engine, arguments.input, options, progress)
        with staged(outputs, options.overwrite) as paths:
            result.save(paths)
    report = result.report(arguments.input, outputs)
    if arguments.json:
        print_json(report)
    elif not arguments.quiet:
        print_report(report)
        command = open_command(arguments.input, arguments.output)
        if command:
            print(f"\nTo see it in 3D Slicer:\n  {command}")
    return DONE


def _check_batch(arguments: argparse.Namespace) -> None:
    if arguments.output.name.lower().endswith(SEGMENTATION_SUFFIXES):
        raise UserError(f"{arguments.input} holds several cases: name a folder for --output, not {arguments.output}")
    if arguments.preview is not None and arguments.preview.suffix:
        raise UserError(f"{arguments.input} holds several cases: name a folder for --preview, not {arguments.preview}")
    if arguments.series is not None:
        raise UserError(f"{arguments.input} holds several cases: leave --series out, or segment one folder at a time")
    for option in ("statistics", "confidence"):
        if getattr(arguments, option) is not None:
            raise UserError(
                f"with several cases, {option} go into the output folder by themselves: leave --{option} out"
            )


def _split(names: str | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    split = tuple(name.strip() for name in names.split(",") if name.strip())
    if not split:
        raise UserError("--structures names nothing: give names with commas between them, such as liver,spleen")
    return split
