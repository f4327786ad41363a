"""An evaluation as one HTML file, and the same as a part of a run's report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from partialseg_training.report.gallery import Shown, read_gallery
from partialseg_training.report.page import embedded, write_page
from partialseg_training.scores.files import COMPARISON, SUMMARY
from partialseg_training.scores.tables import TITLES, absent_table, changes_table, comparison_table, score_table
from PartialSegLib.errors import UserError

REPORT = "report.html"
_WORST_STRUCTURES = 4


def write_evaluation_report(folder: Path) -> Path:
    """Write report.html from the files that an evaluation left in `folder`; returns its path."""
    evaluation = evaluation_part(folder)
    if evaluation is None:
        raise UserError(f"{folder} holds no evaluation: give the folder that evaluate wrote")
    path = folder / REPORT
    comparison = _comparison_part(folder / COMPARISON)
    title = f"Evaluation: {', '.join(evaluation['datasets'])}"
    pictures = picture_parts(folder)
    write_page("evaluation.html", path, title=title, evaluation=evaluation, comparison=comparison, pictures=pictures)
    return path


def evaluation_part(folder: Path) -> dict[str, Any] | None:
    """What the template needs of an evaluation's summary; None when `folder` holds none."""
    summary = _read(folder / SUMMARY)
    if summary is None:
        return None
    return {
        "cases": summary["overall"]["cases"],
        "datasets": list(summary["datasets"]),
        "metrics": [{"title": title, "table": score_table(summary, metric)} for metric, title in TITLES.items()],
        "absent": absent_table(summary),
        "definitions": summary["definitions"],
        "bootstrap": summary["bootstrap"],
        "mean_dsc": (summary["overall"]["per_subject"]["dsc"] or {}).get("mean"),
    }


def picture_parts(folder: Path) -> list[dict[str, Any]]:
    """The worst cases with their pictures embedded."""
    return [_picture_part(folder, shown) for shown in read_gallery(folder) if (folder / shown.file).is_file()]


def _picture_part(folder: Path, shown: Shown) -> dict[str, Any]:
    with Image.open(folder / shown.file) as picture:
        address = embedded(picture)
    worst = list(shown.scores.items())[:_WORST_STRUCTURES]
    texts = {"case": shown.case, "dataset": shown.dataset, "mean_dsc": shown.mean_dsc}
    return {**texts, "picture": address, "worst": worst}


def _comparison_part(path: Path) -> dict[str, Any] | None:
    comparison = _read(path)
    if comparison is None:
        return None
    metrics = [
        {
            "title": TITLES[metric],
            "table": comparison_table(comparison, metric),
            "changes": changes_table(comparison, metric),
        }
        for metric in comparison["metrics"]
    ]
    numbers = {"pairs": comparison["pairs"], "cases": len(comparison["cases"]), "tie": 100 * comparison["tie"]}
    return {"other": comparison["other"], "metrics": metrics, **numbers}


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except ValueError as error:
        raise UserError(f"{path} cannot be read ({error}): evaluate again") from error
