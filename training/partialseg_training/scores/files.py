"""The files of an evaluation."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from partialseg_training.metrics import DEFINITIONS
from partialseg_training.scores.rows import CASES, Row, columns, write_rows
from partialseg_training.scores.summary import METRICS, subject_means, summarise
from partialseg_training.scores.tables import (
    TITLES,
    absent_table,
    changes_table,
    comparison_table,
    long_table,
    markdown,
    score_table,
)
from PartialSegLib.files import atomic_path

SUBJECTS, TABLE_CSV, TABLE, SUMMARY = "subjects.csv", "table.csv", "table.md", "summary.json"
COMPARISON, COMPARISON_TABLE = "comparison.json", "comparison.md"
SCORE_FILES = (CASES, SUBJECTS, TABLE_CSV, TABLE, SUMMARY)
COMPARISON_FILES = (COMPARISON, COMPARISON_TABLE)
_NOTICE = "Not for clinical use."


def write_scores(rows: Sequence[Row], folder: Path) -> dict[str, Any]:
    """Write `SCORE_FILES` into `folder`: per case and structure, per subject, and the tables; returns the summary."""
    summary = summarise(rows)
    write_rows(rows, folder / CASES)
    _write_csv(_subjects(rows), folder / SUBJECTS)
    _write_csv(long_table(summary), folder / TABLE_CSV)
    _write_text(_tables_text(summary), folder / TABLE)
    _write_text(json.dumps(summary, indent=1, ensure_ascii=False), folder / SUMMARY)
    return summary


def write_comparison(comparison: Mapping[str, Any], folder: Path) -> None:
    """Write `COMPARISON_FILES` into `folder`; `comparison` is what `compare` returned and "this", "other": names."""
    _write_text(json.dumps(comparison, indent=1, ensure_ascii=False), folder / COMPARISON)
    parts = [
        f"# {comparison['this']} compared with {comparison['other']}",
        f"{comparison['pairs']} structures of {len(comparison['cases'])} cases that both scored; differences in points "
        f"are the first minus the second, below {100 * comparison['tie']:g} they are ties. Intervals: bootstrap by "
        f"case. {comparison['unpaired']} scores have no partner. {_NOTICE}",
    ]
    for metric in comparison["metrics"]:
        parts += [f"## {TITLES[metric]}", markdown(comparison_table(comparison, metric))]
        if comparison["metrics"][metric]["changed_most"]:
            parts += ["Cases that changed most:", markdown(changes_table(comparison, metric))]
    _write_text("\n\n".join(parts) + "\n", folder / COMPARISON_TABLE)


def _tables_text(summary: Mapping[str, Any]) -> str:
    bootstrap = summary["bootstrap"]
    parts = [
        "# Scores",
        f"Mean (standard deviation) and number of cases, structures by data sets. {_NOTICE}",
    ]
    for metric, title in TITLES.items():
        parts += [f"## {title}", markdown(score_table(summary, metric))]
    if absent := absent_table(summary):
        parts += ["## False positives of structures that are known absent", markdown(absent)]
    definitions = [f"- {name}: {text}" for name, text in DEFINITIONS.items()]
    definitions += [
        "- mean over structures: of the structures' means, and of their standard deviations",
        "- mean per subject: of each case's mean over its structures",
        f"- 95 % interval: percentiles of {bootstrap['resamples']} bootstrap draws of cases (seed {bootstrap['seed']})",
    ]
    return "\n\n".join([*parts, "## Definitions", "\n".join(definitions)]) + "\n"


def _subjects(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One record per case: means over its structures, and which of them is worst."""
    records = []
    for column, mine in columns(rows).items():
        means = {name: subject_means(mine, field) for name, field in METRICS.items()}
        for case in dict.fromkeys(row.case for row in mine):
            scored = [row for row in mine if row.case == case and row.scores.dsc is not None]
            worst = min(scored, key=lambda row: row.scores.dsc or 0.0, default=None)
            numbers = {name: round(values[case], 4) if case in values else None for name, values in means.items()}
            place = {"dataset": column, "case": case, "structures": len(scored)}
            records.append({**place, **numbers, "worst": worst.structure if worst else ""})
    return records


def _write_csv(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        if records:
            writer = csv.DictWriter(file, fieldnames=list(records[0]))
            writer.writeheader()
            writer.writerows(records)


def _write_text(text: str, path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
