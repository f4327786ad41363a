"""Which structure has how much supervision, as a table and as a heat map of structures by data sets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from partialseg_training.data.store import PreparedCase
from PartialSegLib.structures import LabelSet, Structure
from PartialSegLib.supervision import State

_COLUMNS = {
    "cases": "cases",
    "complete_volumes": "complete in volumes",
    "known_absent": "of these, known absent",
    "complete_slices": "complete in slices",
    "empty_slices": "of these, empty",
    "painted_voxels": "painted voxels",
    "union_voxels": "in unions",
}
_WHOLE, _SLICES, _PAINTED, _ABSENT = "whole", "in slices", "painted", "known absent"
# How much each of these says, for the heat map.
_WEIGHTS = {_WHOLE: 1.0, _SLICES: 0.6, _PAINTED: 0.3, _ABSENT: 0.15}
_STRONGEST = 0.6


def coverage_part(coverage: Sequence[Mapping[str, Any]], cases: Sequence[PreparedCase], label_set: LabelSet) -> dict:
    """What the template needs: rows of the `coverage` that the checks wrote, and a heat map of the prepared `cases`."""
    shown = [key for key in _COLUMNS if key == "cases" or any(row[key] for row in coverage)]
    colors = {structure.value: css_color(structure) for structure in label_set}
    rows = [
        {
            "name": row["name"],
            "color": colors.get(row["value"]),
            "cells": [f"{row[key]:,}" for key in shown] if row["cases"] else ["none", *[""] * (len(shown) - 1)],
        }
        for row in coverage
    ]
    header = ["structure", *(_COLUMNS[key] for key in shown)]
    return {"header": header, "rows": rows, "heat": heat_map(cases, label_set)}


def heat_map(cases: Sequence[PreparedCase], label_set: LabelSet) -> dict[str, Any]:
    """In how many cases of each data set and modality something is said of each structure, and how completely."""
    groups: dict[str, list[PreparedCase]] = {}
    for case in cases:
        groups.setdefault(f"{case.record.dataset} {case.record.modality.upper()}", []).append(case)
    rows = [
        {
            "name": structure.name,
            "color": css_color(structure),
            "cells": [_cell(group, structure.value) for group in groups.values()],
        }
        for structure in label_set
    ]
    return {"columns": [f"{name} ({len(group)})" for name, group in groups.items()], "rows": rows}


def said_of(case: PreparedCase, value: int) -> str | None:
    """How far a structure is annotated in a case: complete in the whole volume, in slices, only painted; None: not."""
    record = case.completeness
    if record.volume[value] == State.COMPLETE:
        return _WHOLE if value in case.centres else _ABSENT
    tables = (table for table in (record.z, record.y, record.x) if table is not None)
    if any((table[:, value] == State.COMPLETE).any() for table in tables):
        return _SLICES
    return _PAINTED if value in case.centres else None


def css_color(structure: Structure) -> str:
    """#rrggbb of a structure."""
    return "#" + "".join(f"{part:02x}" for part in structure.color)


def _cell(cases: Sequence[PreparedCase], value: int) -> dict[str, str]:
    counts = Counter(said_of(case, value) for case in cases)
    parts = [f"{counts[kind]} {kind}" for kind in _WEIGHTS if counts[kind]]
    said = sum(weight * counts[kind] for kind, weight in _WEIGHTS.items()) / len(cases)
    return {"text": ", ".join(parts) or "-", "strength": f"{_STRONGEST * said:.2f}"}
