"""What comes out of an experiment: a table beside the published orderings, all numbers, and a plot."""

import csv
from collections.abc import Sequence
from pathlib import Path

from partialseg_training.experiment.plan import Plan
from partialseg_training.report.published import published_orderings
from partialseg_training.report.scatter import annotation_plot
from partialseg_training.report.table import ResultRow, results_table
from PartialSegLib.files import atomic_path


def write_results(
    rows: Sequence[ResultRow], plan: Plan, scale: str, cases: tuple[Sequence[str], Sequence[str]], output: Path
) -> None:
    """Write results.md, results.csv and results.png into `output`. cases: trained on, tested on."""
    with atomic_path(output / "results.md") as path:
        path.write_text(_document(rows, plan, scale, cases), encoding="utf-8")
    with atomic_path(output / "results.csv") as path, open(path, "w", newline="", encoding="utf-8") as file:
        structures = sorted({name for row in rows for name in row.dsc})
        writer = csv.writer(file)
        writer.writerow(["method", "supervision", "seed", "annotated_voxels", "seconds", "mean_dsc", *structures])
        for row in rows:
            numbers = [row.annotated_voxels, round(row.seconds), f"{row.mean_dsc:.4f}"]
            per_structure = [f"{row.dsc[name]:.4f}" if name in row.dsc else "" for name in structures]
            writer.writerow([row.method, row.supervision, row.seed, *numbers, *per_structure])
    annotation_plot(rows, output / "results.png")


def _document(rows: Sequence[ResultRow], plan: Plan, scale: str, cases: tuple[Sequence[str], Sequence[str]]) -> str:
    train, test = cases
    steps = {**plan.base, **plan.scales[scale]}["steps"]
    seeds = ", ".join(map(str, plan.seeds))
    parts = [
        f"# Experiment {plan.name}, scale {scale}",
        f"DSC on {len(test)} cases that no training saw ({', '.join(test)}), mean over structures, after training on "
        f"{len(train)} cases ({', '.join(train)}) for {steps} steps with seeds {seeds}. Methods that train several "
        "networks one after the other split these steps among them. Not for clinical use.",
        results_table(rows),
        "![DSC against annotated voxels](results.png)",
        "## What the papers report",
        "\n".join(f"- {ordering}" for ordering in published_orderings()),
    ]
    return "\n\n".join(parts) + "\n"
