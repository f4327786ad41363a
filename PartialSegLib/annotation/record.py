"""Slice records as text: which structures are complete in which slices, per axis of an array.

The axes of an array (z, y, x) are named as Slicer names index axes, k, j, i:

    {"k": {"12": [1, 2], "20-31": [6]}, "i": {"40": [6]}}

Structures 1 and 2 are complete in slice 12 across k, structure 6 in slices 20 to 31 across k and in slice 40 across i.
Slices count from 0, both ends of a range belong to it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.supervision import Completeness, State

Axis = Literal["k", "j", "i"]
AXES: tuple[Axis, ...] = ("k", "j", "i")

SliceRanges = Mapping[Axis, Mapping[str, Iterable[int]]]


def completeness_of(
    annotated: Iterable[int], in_part: Iterable[int], slices: SliceRanges, shape: tuple[int, ...], n_classes: int
) -> Completeness:
    """The record of an array of `shape` (z, y, x).

    annotated, in_part: structures that are complete, or only begun, in the whole volume. Raises UserError for
    structures that do not exist and for slices outside the array.
    """
    volume = np.zeros(n_classes, np.uint8)
    for state, values in ((State.IN_PART, in_part), (State.COMPLETE, annotated)):
        volume[_structures(values, n_classes)] = state
    tables: list[np.ndarray | None] = [None, None, None]
    for name, ranges in slices.items():
        axis = AXES.index(name)
        table = np.zeros((shape[axis], n_classes), np.uint8)
        for text, values in ranges.items():
            first, last = parse_range(text)
            if last >= len(table):
                raise UserError(
                    f"slice {text} across {name} lies outside the volume, "
                    f"whose slices count from 0 to {len(table) - 1}: correct `slices`"
                )
            table[first : last + 1, _structures(values, n_classes)] = State.COMPLETE
        tables[axis] = table
    return Completeness(volume, *tables)


def ranges_of(completeness: Completeness) -> dict[Axis, dict[str, list[int]]]:
    """The inverse of `completeness_of` for what is complete in slices; neighbours with equal structures share a range.

    A slice in which a structure is only annotated in part is left out: for training that is the same as nothing.
    """
    tables = zip(AXES, (completeness.z, completeness.y, completeness.x), strict=True)
    return {name: _ranges(table == State.COMPLETE) for name, table in tables if table is not None}


def parse_range(text: str) -> tuple[int, int]:
    """First and last slice of "12" or "20-31"; raises UserError for anything else."""
    match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise UserError(f'{text!r} names no slices: write "12" for one slice or "20-31" for a range')
    return first, last


def _ranges(complete: np.ndarray) -> dict[str, list[int]]:
    changes = np.flatnonzero((complete[1:] != complete[:-1]).any(1)) + 1
    starts, ends = [0, *changes.tolist()], [*changes.tolist(), len(complete)]
    runs = ((start, end - 1) for start, end in zip(starts, ends, strict=True) if complete[start].any())
    return {
        str(first) if first == last else f"{first}-{last}": np.flatnonzero(complete[first]).tolist()
        for first, last in runs
    }


def _structures(values: Iterable[int], n_classes: int) -> list[int]:
    structures = list(values)
    strange = [value for value in structures if not 1 <= value < n_classes]
    if strange:
        raise UserError(f"label {strange[0]} stands for no structure: use 1 to {n_classes - 1}")
    return structures
