"""python -m Testing.benchmarks: runs the comparison and writes results.json, results.md and results.png."""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from Testing.benchmarks import plot, report
from Testing.benchmarks.machine import describe_machine
from Testing.benchmarks.parts import cold_start, end_to_end, export_kernel, loader, loss, step, window
from Testing.benchmarks.results import Part
from Testing.benchmarks.settings import full, quick

_PARTS = {
    "infer": end_to_end.run,
    "loss": loss.run,
    "step": step.run,
    "loader": loader.run,
    "cold": cold_start.run,
    "export": export_kernel.run,
    "window": window.run,
}
_BUILD = Path(__file__).parents[2] / "build"
_QUICK = "**A quick look on tiny inputs: it shows that the benchmark works, its numbers mean nothing.**"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen parts; what is done is on disk after every part. Missed targets are printed, they are no error."""
    arguments = _parse(argv)
    folder = arguments.output or _BUILD / ("bench-quick" if arguments.quick else "bench")
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    settings = quick(folder) if arguments.quick else full(folder, arguments.repeats)
    machine = describe_machine()
    parts: dict[str, Part] = {}
    for name in arguments.only:
        print(name, flush=True)
        parts[name] = _PARTS[name](settings)
        report.write_json(folder / "results.json", machine, parts)
        report.write_markdown(folder / "results.md", machine, parts, _QUICK if arguments.quick else "")
    if find_spec("matplotlib"):
        plot.draw(folder / "results.png", machine, parts)
    failures = [f"  no result for {name}: {why}" for part in parts.values() for name, why in part.failures.items()]
    print("\n".join(([] if settings.quick else report.check_lines(parts)) + failures))
    print(f"Results are in {folder}")
    return 1 if failures else 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m Testing.benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        type=_names,
        default=tuple(_PARTS),
        metavar="A,B",
        help=f"which parts: {', '.join(_PARTS)} (default: all)",
    )
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="rounds of A, B, ... (default: 3)")
    parser.add_argument("--quick", action="store_true", help="tiny inputs, once: shows that everything works")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="default: build/bench")
    arguments = parser.parse_args(argv)
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    return arguments


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = sorted(set(names) - set(_PARTS))
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is no part: choose from {', '.join(_PARTS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
