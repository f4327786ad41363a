"""`partialseg train`: make a model. The training package is imported here and in evaluate.py only, when run."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PartialSegLib.cli.arguments import add_command, add_settings, settings_of
from PartialSegLib.cli.failure import DONE
from PartialSegLib.errors import UserError
from PartialSegLib.extras import missing_extra

Progress = Callable[[str, int, int, dict[str, float]], None]

_EXAMPLES = """\
examples:
  partialseg train smoke -o runs/smoke                        does training work here? under a minute
  partialseg train config.yaml -o runs/first
  partialseg train config.yaml -o runs/first --resume         after it was stopped, by whatever
  partialseg train config.yaml -o runs/short --set steps=200 --set method=scribble --set augment.rotation=10
  torchrun --nproc-per-node 2 --no-python partialseg train config.yaml -o runs/two     several GPUs or processes

Writes report.html, log.jsonl, checkpoints and the model (bundle/) into FOLDER. Ctrl-C and SIGTERM save, then end it.
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `train` command."""
    parser = add_command(commands, "train", run, "train a network on fully and partly labelled volumes", _EXAMPLES)
    parser.add_argument("config", metavar="CONFIG", help="YAML file, or name of a shipped one: data, method, network")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the run lives")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in FOLDER")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps (default: auto)")
    add_settings(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Train until the configured number of steps."""
    overrides = settings_of(arguments)
    try:
        from partialseg_training.config import load_config
        from partialseg_training.trainer import train
    except ModuleNotFoundError as error:
        raise missing_extra(error, "train") from error
    config = load_config(arguments.config, overrides)
    with _bar(arguments.quiet or not _is_first()) as progress:
        device = _device(arguments.device)
        bundle = train(config, arguments.output, arguments.resume, device, progress, _warn)
    if not arguments.quiet and _is_first():
        print(f"Model   {bundle}\nReport  {arguments.output / 'report.html'}")
    return DONE


def _warn(line: str) -> None:
    print(f"partialseg: warning: {line}", file=sys.stderr)


def _is_first() -> bool:
    """Whether this is the process that speaks, of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def _device(name: str) -> str:
    """The torch device for `name`; raises UserError when it is not there."""
    import torch

    gpus = ["cuda"] if torch.cuda.is_available() else ["mps"] if torch.backends.mps.is_available() else []
    devices = [*gpus, "cpu"]
    if name == "auto":
        return devices[0]
    if name.partition(":")[0] not in devices:
        raise UserError(f"device {name!r} is not available: choose one of auto, {', '.join(devices)}")
    return name


@contextmanager
def _bar(hidden: bool) -> Iterator[Progress]:
    """Yield the trainer's callback: a bar with the time left and the loss on a terminal, else a line now and then."""
    if hidden:
        yield lambda stage, done, total, losses: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskID,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            tasks: dict[str, TaskID] = {}

            def draw(stage: str, done: int, total: int, losses: dict[str, float]) -> None:
                if stage not in tasks:
                    tasks[stage] = bar.add_task(stage, total=total)
                bar.update(tasks[stage], completed=done, description=f"{stage} {_text(losses)}")

            yield draw
    else:
        yield _print_line


def _print_line(stage: str, done: int, total: int, losses: dict[str, float]) -> None:
    every = max(1, total // 100)
    if done % every == 0 or done == total:
        print(f"{stage} {done}/{total} {_text(losses)}", file=sys.stderr)


def _text(losses: dict[str, float]) -> str:
    if "loss" not in losses:
        return ""
    return f"loss {losses['loss']:.4f}, {losses['samples_per_s']:.2g} patches/s"
