"""What a person sees: progress on stderr, results on stdout."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PartialSegLib.inference.progress import ProgressCallback

NOTICE = "Not for clinical use."
_METRICS = {"DSC": ("dsc", 3), "NSD 2 mm": ("nsd", 3), "HD95 (mm)": ("hd95_mm", 1)}


@contextmanager
def progress_bar(title: str, hidden: bool = False) -> "Iterator[ProgressCallback]":
    """Yield a callback(stage, fraction) that draws a bar with the time left; silent unless stderr is a terminal."""
    if hidden or not sys.stderr.isatty():
        yield lambda stage, fraction: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda stage, fraction: bar.update(task, completed=fraction, description=f"{title}: {stage}")


def print_json(document: Mapping[str, Any]) -> None:
    """The one JSON document of a --json run."""
    print(json.dumps(document, indent=1, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> None:
    """A table on stdout; the `right` columns are numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Where there is no terminal to fit into, no text may be cut.
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    table = Table(box=box.SIMPLE, safe_box=True)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        # Text, not str: a name in square brackets is no markup.
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def print_report(report: Mapping[str, Any]) -> None:
    """What was found in one volume, and how."""
    rows = [
        [
            row["structure"],
            f"{row['volume_ml']:.1f}" if row["voxels"] else "",
            f"{row['confidence']:.2f}" if row["confidence"] is not None else "",
            row["note"],
        ]
        for row in report["structures"]
    ]
    print_table(("Structure", "Volume (mL)", "Confidence", "Note"), rows, right=("Volume (mL)", "Confidence"))
    model, run = report["model"], report["run"]
    print(f"Modality  {report['modality'].upper()}: {report['modality_reason']}")
    print(f"Model     {model['name']} {model['version']}")
    print(f"Device    {run['device']} ({run['backend']}, {run['precision']}), preset {run['preset']}")
    print(f"Time      {report['seconds']['total']:.1f} s, network {report['seconds'].get('network', 0.0):.1f} s")
    print(NOTICE)
    print()
    for what, path in report["outputs"].items():
        print(f"{what.capitalize():13} {path}")


def print_scores(summary: Mapping[str, Mapping[str, Any]]) -> None:
    """A table per data set of what an evaluation found: mean DSC, NSD and HD95 of each structure."""
    for dataset, scores in summary.items():
        overall = scores["mean_over_structures"]
        rows = [
            [structure, str(row["n"]), *(_mean(row[metric], digits) for metric, digits in _METRICS.values())]
            for structure, row in scores["structures"].items()
        ]
        rows.append(["mean", "", f"{overall['dsc']:.3f}", f"{overall['nsd']:.3f}", ""])
        print(f"\n{dataset}, {len(scores['cases'])} cases")
        print_table(("Structure", "Cases", *_METRICS), rows, right=("Cases", *_METRICS))


def _mean(spread: Mapping[str, float] | None, digits: int) -> str:
    return f"{spread['mean']:.{digits}f}" if spread else ""
