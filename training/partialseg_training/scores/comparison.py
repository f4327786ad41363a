"""Two models on the same cases: paired differences per structure and per case."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from partialseg_training.scores.rows import Row, score_matrix, structures
from partialseg_training.scores.summary import spread
from PartialSegLib.errors import UserError

# Differences below this are ties: nobody would see them, and a different processor already makes such.
TIE = 0.001
_MOST_CHANGED = 10


def compare(rows: Sequence[Row], others: Sequence[Row]) -> dict[str, Any]:
    """Paired comparison of `rows` with `others`, differences being the first minus the second.

    Pairs are structures of cases that both scored over the same declared voxels. Per metric (dsc, nsd): structures:
    name -> pair record, per_subject: the same for means over a case's structures, changed_most: cases with the largest
    change of that mean, and the structure that changed most in each. A pair record is {"n", "mean", "sd", "interval",
    "wins", "losses", "ties"}. Raises UserError when there is no pair.
    """
    first, second = _pairs(rows, others)
    if not first:
        raise UserError("the two models share no scored structure of any case: evaluate both on the same cases")
    return {
        "cases": sorted({row.case for row in first}),
        "pairs": len(first),
        "unpaired": sum(_is_scored(row) for row in rows) + sum(_is_scored(row) for row in others) - 2 * len(first),
        "tie": TIE,
        "metrics": {metric: _compare_metric(first, second, metric) for metric in ("dsc", "nsd")},
    }


def _pairs(rows: Sequence[Row], others: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of either that the other has too, in the same order."""
    known = {_key(row): row for row in others if _is_scored(row)}
    first = [row for row in rows if _is_scored(row) and _key(row) in known]
    return first, [known[_key(row)] for row in first]


def _key(row: Row) -> tuple:
    # The volume tells a truth that was corrected in between from the same truth.
    return row.dataset, row.case, row.value, row.structure, row.scores.scope, round(row.scores.truth_ml, 3)


def _is_scored(row: Row) -> bool:
    return row.scores.dsc is not None


def _compare_metric(first: Sequence[Row], second: Sequence[Row], metric: str) -> dict[str, Any]:
    ours, cases, values = score_matrix(first, metric)
    theirs, _, _ = score_matrix(second, metric)
    difference = ours - theirs
    names = structures(first)
    has_any = ~np.isnan(difference).all(axis=1)
    return {
        "structures": {
            names[value]: record
            for value, column in zip(values, difference.T, strict=True)
            if (record := _pair_record(column[~np.isnan(column)])) is not None
        },
        "per_subject": _pair_record(np.nanmean(difference[has_any], axis=1)) if has_any.any() else None,
        "changed_most": _changed_most(difference, cases, [names[value] for value in values]),
    }


def _pair_record(differences: np.ndarray) -> dict[str, Any] | None:
    record = spread(differences.tolist())
    if record is None:
        return None
    wins, losses = int((differences >= TIE).sum()), int((differences <= -TIE).sum())
    return {**record, "wins": wins, "losses": losses, "ties": len(differences) - wins - losses}


def _changed_most(difference: np.ndarray, cases: list[str], names: list[str]) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = []
    for case, line in zip(cases, difference, strict=True):
        if np.isnan(line).all() or np.nanmax(np.abs(line)) < TIE:
            continue
        most = int(np.nanargmax(np.abs(line)))
        entry = {"case": case, "difference": float(np.nanmean(line))}
        changes.append({**entry, "structure": names[most], "structure_difference": float(line[most])})
    changes.sort(key=lambda change: -abs(change["difference"]))
    return changes[:_MOST_CHANGED]
