"""Segment cases that no training saw and compare with what was annotated in them."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from partialseg_training.data.prepare import manifest_entries
from partialseg_training.metrics import Scores, score
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.image import read_labels, read_volume
from PartialSegLib.inference import Engine


@dataclass(frozen=True)
class Row:
    """One structure of one case."""

    dataset: str
    case: str
    modality: str
    value: int
    structure: str
    scores: Scores


def evaluate(
    engine: Engine, manifest: Path, names: Sequence[str], progress: Callable[[int, int, str], None] = lambda *_: None
) -> list[Row]:
    """Score the named cases of `manifest`, each on its own grid and only where truth is declared complete.

    The modality is the manifest's. Raises UserError for a name the manifest does not have.
    """
    entries = manifest_entries(manifest)
    missing = [name for name in names if "image" not in entries.get(name, {})]
    if missing:
        raise UserError(f"{manifest} has no image named {missing[0]}: check the names given to evaluate")
    rows = []
    for done, name in enumerate(names):
        progress(done, len(names), name)
        entry = entries[name]
        truth = read_labels(manifest.parent / entry["label"])
        result = engine.segment(read_volume(manifest.parent / entry["image"]), entry["modality"])
        for value, scores in score(truth, result.labels, entry["annotated"]).items():
            structure = engine.bundle.label_set.by_value(value).name
            rows.append(Row(entry["dataset"], name, entry["modality"], value, structure, scores))
    progress(len(names), len(names), "")
    return rows


def summarise(rows: Sequence[Row]) -> dict[str, dict]:
    """Per dataset: per structure mean, standard deviation and n of DSC, NSD and HD95 (of those found), and their mean.

    The overall mean is the mean over structures, so that a structure seen in few cases counts as much as the others.
    """
    summary = {}
    for dataset in sorted({row.dataset for row in rows}):
        mine = [row for row in rows if row.dataset == dataset]
        structures = {}
        for value in sorted({row.value for row in mine}):
            scores = [row.scores for row in mine if row.value == value]
            name = next(row.structure for row in mine if row.value == value)
            structures[name] = _spread(scores)
        overall = {key: _rounded([s[key]["mean"] for s in structures.values()]) for key in ("dsc", "nsd")}
        cases = sorted({row.case for row in mine})
        summary[dataset] = {"cases": cases, "mean_over_structures": overall, "structures": structures}
    return summary


def write_report(rows: Sequence[Row], folder: Path) -> dict[str, dict]:
    """Write cases.csv and summary.json into `folder`; returns the summary."""
    summary = summarise(rows)
    with atomic_path(folder / "cases.csv") as path, open(path, "w", newline="", encoding="utf-8") as file:
        flat = [{**{k: v for k, v in asdict(row).items() if k != "scores"}, **asdict(row.scores)} for row in rows]
        writer = csv.DictWriter(file, fieldnames=list(flat[0]) if flat else ["dataset"])
        writer.writeheader()
        writer.writerows(flat)
    with atomic_path(folder / "summary.json") as path:
        path.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    return summary


def _spread(scores: list[Scores]) -> dict:
    found = [s.hd95 for s in scores if s.hd95 is not None]
    return {
        "n": len(scores),
        "missed": len(scores) - len(found),
        "dsc": {"mean": _rounded([s.dsc for s in scores]), "sd": _deviation([s.dsc for s in scores])},
        "nsd": {"mean": _rounded([s.nsd for s in scores]), "sd": _deviation([s.nsd for s in scores])},
        "hd95_mm": {"mean": _rounded(found), "sd": _deviation(found)} if found else None,
    }


def _rounded(values: list[float]) -> float:
    return round(float(np.mean(values)), 4)


def _deviation(values: list[float]) -> float | None:
    return round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else None
