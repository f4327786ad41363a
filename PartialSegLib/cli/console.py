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


def print_scores(datasets: Mapping[str, Mapping[str, Any]]) -> None:
    """A table per data set of what an evaluation found: mean (standard deviation) of DSC, NSD and HD95."""
    for dataset, scores in datasets.items():
        rows = [
            [structure, str(row["n"]), *(_spread(row[metric], digits) for metric, digits in _METRICS.values())]
            for structure, row in scores["structures"].items()
        ]
        overall = scores.get("over_structures") or scores["mean_over_structures"]
        rows.append(["mean", "", *(_spread(overall.get(metric), digits) for metric, digits in _METRICS.values())])
        if subjects := scores.get("per_subject"):
            cells = (_spread(subjects[metric], digits) for metric, digits in _METRICS.values())
            rows.append(["per subject", str(len(scores["cases"])), *cells])
        print(f"\n{dataset}, {_cases(scores['cases'])}")
        print_table(("Structure", "Cases", *_METRICS), rows, right=("Cases", *_METRICS))
        for structure, absent in (scores.get("known_absent") or {}).items():
            found = f"{absent['predicted_in']} of {absent['n']} cases, {absent['most_ml']:.1f} mL at most"
            print(f"Known absent: {structure}, predicted in {found}")


def print_comparison(comparison: Mapping[str, Any]) -> None:
    """A table of paired differences in DSC: per structure and per subject, with interval, wins and losses."""
    record = comparison["metrics"]["dsc"]
    pairs = [*record["structures"].items(), ("per subject", record["per_subject"])]
    columns = ("Structure", "Pairs", "Difference", "95 % interval", "Better", "Worse")
    rows = [
        [name, str(p["n"]), f"{p['mean']:+.3f}", _interval(p["interval"]), str(p["wins"]), str(p["losses"])]
        for name, p in pairs
    ]
    print(f"\nDSC of {comparison['this']} minus DSC of {comparison['other']}, {_cases(comparison['cases'])}")
    print_table(columns, rows, right=columns[1:])


def _cases(names: Sequence[str]) -> str:
    return "1 case" if len(names) == 1 else f"{len(names)} cases"


def _interval(ends: Sequence[float] | None) -> str:
    return f"{ends[0]:+.3f} to {ends[1]:+.3f}" if ends else ""


def _spread(spread: Mapping[str, Any] | float | None, digits: int) -> str:
    """Mean (standard deviation); bundles may hold the mean alone."""
    if spread is None:
        return ""
    if isinstance(spread, float):
        return f"{spread:.{digits}f}"
    deviation = f" ({spread['sd']:.{digits}f})" if spread.get("sd") is not None else ""
    return f"{spread['mean']:.{digits}f}{deviation}"
