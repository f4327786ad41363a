"""Means, standard deviations and intervals, as tables 1, 4 and 5 of Chen et al. (CVPR 2024) have them.

Per structure: over the cases in which it is present (table 4). Per subject: the mean over a case's structures, then
over cases (tables 1 and 5). A structure that is known absent enters neither; its false positive volume is told apart.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from partialseg_training.metrics import DEFINITIONS
from partialseg_training.scores.bootstrap import LEVEL, RESAMPLES, SEED, interval_over_columns, mean_interval
from partialseg_training.scores.rows import Row, columns, score_matrix, structures

METRICS = {"dsc": "dsc", "nsd": "nsd", "hd95_mm": "hd95"}  # name in a summary -> field of Scores


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """{"definitions", "bootstrap", "datasets": {name: group}, "overall": group}; see `group`."""
    return {
        "definitions": DEFINITIONS,
        "bootstrap": {"by": "case", "resamples": RESAMPLES, "level": LEVEL, "seed": SEED},
        "datasets": {name: group(mine) for name, mine in columns(rows).items()},
        "overall": group(rows),
    }


def group(rows: Sequence[Row]) -> dict[str, Any]:
    """What is to be said about the cases of some rows.

    structures: name -> n (cases in which it is present), missed, in_part (of n, those whose truth is declared in part
    of the volume), and per metric {"n", "mean", "sd", "interval"} or None. per_subject: the same for means over a
    case's structures. over_structures: every structure counts as much as the others, however few cases show it; the
    means alone are mean_over_structures.
    known_absent: name -> cases in which it is declared absent, in how many it was predicted, and mean and most of that.
    """
    present = [row for row in rows if row.scores.dsc is not None]
    over_structures = {name: _over_structures(present, field) for name, field in METRICS.items()}
    return {
        "cases": sorted({row.case for row in rows}),
        "per_subject": {name: _per_subject(present, field) for name, field in METRICS.items()},
        "over_structures": over_structures,
        "mean_over_structures": {name: record["mean"] for name, record in over_structures.items() if record},
        "structures": {
            name: _structure([row for row in present if row.value == value])
            for value, name in structures(present).items()
        },
        "known_absent": _known_absent([row for row in rows if row.scores.dsc is None]),
    }


def subject_means(rows: Sequence[Row], field: str = "dsc") -> dict[str, float]:
    """Case -> mean of a field of `Scores` over the structures of the case that have it."""
    matrix, cases, _ = score_matrix(rows, field)
    return {case: float(np.nanmean(line)) for case, line in zip(cases, matrix, strict=True) if not np.isnan(line).all()}


def spread(values: Sequence[float]) -> dict[str, Any] | None:
    """{"n", "mean", "sd", "interval"} of one number per case; sd (n - 1) and interval are None for too few cases."""
    if not len(values):
        return None
    numbers = np.asarray(values, dtype=float)
    return {
        "n": len(numbers),
        "mean": _rounded(numbers.mean()),
        "sd": _rounded(numbers.std(ddof=1)) if len(numbers) > 1 else None,
        "interval": _rounded_pair(mean_interval(numbers)),
    }


def _per_subject(rows: Sequence[Row], field: str) -> dict[str, Any] | None:
    return spread(list(subject_means(rows, field).values()))


def _over_structures(rows: Sequence[Row], field: str) -> dict[str, Any] | None:
    """As the last column of table 4: mean over structures of the means, and of the standard deviations."""
    matrix, _, _ = score_matrix(rows, field)
    matrix = matrix[:, ~np.isnan(matrix).all(axis=0)]
    matrix = matrix[~np.isnan(matrix).all(axis=1)]
    if not matrix.size:
        return None
    several = matrix[:, np.count_nonzero(~np.isnan(matrix), axis=0) > 1]
    return {
        "n": matrix.shape[1],
        "mean": _rounded(np.nanmean(matrix, axis=0).mean()),
        "sd": _rounded(np.nanstd(several, axis=0, ddof=1).mean()) if several.size else None,
        "interval": _rounded_pair(interval_over_columns(matrix)),
    }


def _structure(rows: Sequence[Row]) -> dict[str, Any]:
    def values(field: str) -> list[float]:
        return [number for row in rows if (number := getattr(row.scores, field)) is not None]

    return {
        "n": len(rows),
        "missed": len([row for row in rows if row.scores.predicted_ml == 0]),
        "in_part": len([row for row in rows if row.scores.scope == "part"]),
        **{name: spread(values(field)) for name, field in METRICS.items()},
    }


def _known_absent(rows: Sequence[Row]) -> dict[str, dict]:
    found = {}
    for value, name in structures(rows).items():
        volumes = [row.scores.predicted_ml for row in rows if row.value == value]
        found[name] = {
            "n": len(volumes),
            "predicted_in": int(np.count_nonzero(volumes)),
            "mean_ml": _rounded(np.mean(volumes)),
            "most_ml": _rounded(max(volumes)),
        }
    return found


def _rounded(number: float | np.floating) -> float:
    return round(float(number), 4)


def _rounded_pair(interval: tuple[float, float] | None) -> list[float] | None:
    return [_rounded(end) for end in interval] if interval else None
