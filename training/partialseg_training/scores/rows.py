"""One structure of one case, and the file cases.csv that holds all of them."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from partialseg_training.metrics import Scores
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path

CASES = "cases.csv"
_SCORES = [field.name for field in fields(Scores)]
_NUMBERS = ("dsc", "nsd", "hd95", "truth_ml", "predicted_ml")


@dataclass(frozen=True)
class Row:
    """One structure of one case."""

    dataset: str
    case: str
    modality: str
    value: int
    structure: str
    scores: Scores


_PLACE = [field.name for field in fields(Row) if field.name != "scores"]


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write cases.csv: one line per case and structure; an empty cell is a score that has no meaning there."""
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[*_PLACE, *_SCORES])
        writer.writeheader()
        writer.writerows({**{name: getattr(row, name) for name in _PLACE}, **asdict(row.scores)} for row in rows)


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote; raises UserError where the file is missing or something else."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [_row(line) for line in csv.DictReader(file)]
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; give the folder that evaluate wrote") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no table of scores: give the {CASES} that evaluate wrote") from error


def columns(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by data set; by modality too where a data set has several: amos-ct, amos-mr (Chen et al. 2024, table 5)."""
    modalities: dict[str, set[str]] = {}
    for row in rows:
        modalities.setdefault(row.dataset, set()).add(row.modality)
    split: dict[str, list[Row]] = {}
    for row in rows:
        several = len(modalities[row.dataset]) > 1
        split.setdefault(f"{row.dataset}-{row.modality}" if several else row.dataset, []).append(row)
    return dict(sorted(split.items()))


def structures(rows: Sequence[Row]) -> dict[int, str]:
    """Value -> name of every structure, by value."""
    return dict(sorted({row.value: row.structure for row in rows}.items()))


def score_matrix(rows: Sequence[Row], metric: str) -> tuple[np.ndarray, list[str], list[int]]:
    """(cases, structures) of one field of `Scores`, NaN where it is None; with the case names and structure values."""
    cases, values = sorted({row.case for row in rows}), list(structures(rows))
    matrix = np.full((len(cases), len(values)), np.nan)
    where = {case: i for i, case in enumerate(cases)}, {value: j for j, value in enumerate(values)}
    for row in rows:
        number = getattr(row.scores, metric)
        if number is not None:
            matrix[where[0][row.case], where[1][row.value]] = number
    return matrix, cases, values


def _row(line: dict[str, str]) -> Row:
    numbers = {name: float(line[name]) if line[name] else None for name in _NUMBERS}
    # A table of an older version has no scope: it holds structures that are complete in the volume.
    scope = line.get("scope", "volume")
    if scope not in ("volume", "part"):
        raise ValueError(scope)
    place = {name: line[name] for name in _PLACE if name != "value"}
    return Row(**place, value=int(line["value"]), scores=Scores(**numbers, scope=scope))  # type: ignore[arg-type]
