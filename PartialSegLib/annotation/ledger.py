"""Pure changes of a completeness record: each gives a new one and leaves the old as it was.

A record here is a `Completeness` whose slice tables (n, C) may be None for "nothing yet".
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from PartialSegLib.annotation.acts import Touched
from PartialSegLib.annotation.record import AXES, Axis
from PartialSegLib.errors import UserError
from PartialSegLib.supervision import Completeness, State

Changes = Mapping[int, tuple[np.ndarray, np.ndarray, np.ndarray]]

_FIELDS = ("z", "y", "x")


def check(record: Completeness, shape: tuple[int, ...]) -> None:
    """Raise UserError when the record is that of another volume."""
    for table, axis, n in zip((record.z, record.y, record.x), AXES, shape, strict=True):
        if table is not None and table.shape != (n, record.n_classes):
            raise UserError(f"the record has {len(table)} slices across {axis}, the volume {n}: it is another volume's")


def tables(record: Completeness, shape: tuple[int, ...]) -> list[np.ndarray]:
    """The slice tables across z, y and x, of zeros where nothing was declared."""
    given = (record.z, record.y, record.x)
    return [
        np.zeros((n, record.n_classes), np.uint8) if table is None else table
        for table, n in zip(given, shape, strict=True)
    ]


def same(first: Completeness, second: Completeness) -> bool:
    """Whether both say the same; a table of zeros says what None says."""
    pairs = [(first.z, second.z), (first.y, second.y), (first.x, second.x)]
    return np.array_equal(first.volume, second.volume) and all(_same_table(a, b) for a, b in pairs)


def _same_table(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return not any(table is not None and table.any() for table in (first, second))
    return np.array_equal(first, second)


def complete_in_volume(record: Completeness, structures: Iterable[int]) -> Completeness:
    """These structures complete in the whole volume."""
    volume = record.volume.copy()
    volume[list(structures)] = State.COMPLETE
    return replace(record, volume=volume)


def withdrawn_in_volume(record: Completeness, structures: Iterable[int]) -> Completeness:
    """These structures no longer complete in the whole volume; single slices stay as they are."""
    chosen, volume = list(structures), record.volume.copy()
    volume[chosen] = np.minimum(volume[chosen], State.IN_PART)
    return replace(record, volume=volume)


def complete_in_slices(
    record: Completeness, structures: Iterable[int], axis: Axis, place: slice, shape: tuple[int, ...]
) -> Completeness:
    """These structures complete in some slices, and with that begun in the volume."""
    chosen, n = list(structures), AXES.index(axis)
    table = tables(record, shape)[n].copy()
    table[place, chosen] = State.COMPLETE
    return replace(begun(record, chosen), **{_FIELDS[n]: table})


def withdrawn_in_slices(
    record: Completeness, structures: Iterable[int], axis: Axis, place: slice, shape: tuple[int, ...]
) -> Completeness:
    """These structures no longer complete in some slices: what was complete there, or in the volume, is in part."""
    chosen, n = list(structures), AXES.index(axis)
    table = tables(record, shape)[n].copy()
    was = (table[place, chosen] == State.COMPLETE) | (record.volume[chosen] == State.COMPLETE)
    table[place, chosen] = np.where(was, np.uint8(State.IN_PART), table[place, chosen])
    return replace(withdrawn_in_volume(record, chosen), **{_FIELDS[n]: table})


def begun(record: Completeness, structures: Iterable[int]) -> Completeness:
    """These structures at least in part in the volume."""
    chosen = list(structures)
    volume = record.volume.copy()
    volume[chosen] = np.maximum(volume[chosen], State.IN_PART)
    return replace(record, volume=volume)


def contradicted(record: Completeness, changes: Changes) -> tuple[Touched, ...]:
    """What is complete although voxels of it changed: changes as `edits.changed_slices` gives them."""
    found = [Touched(structure) for structure in changes if record.volume[structure] == State.COMPLETE]
    for n, (axis, table) in enumerate(zip(AXES, (record.z, record.y, record.x), strict=True)):
        if table is not None:
            for structure, slices in changes.items():
                hit = np.flatnonzero((table[:, structure] == State.COMPLETE) & slices[n])
                found += [Touched(structure, axis, index) for index in hit.tolist()]
    return tuple(found)


def reopened(record: Completeness, touched: Iterable[Touched]) -> Completeness:
    """The record with these declarations back to in part, where they are complete."""
    volume = record.volume.copy()
    copies: dict[str, np.ndarray] = {}
    for t in touched:
        if t.axis is None:
            row = volume
        else:
            name = _FIELDS[AXES.index(t.axis)]
            table = getattr(record, name)
            if table is None:
                continue
            row = copies.setdefault(name, table.copy() if name not in copies else table)[t.index]
        row[t.structure] = min(row[t.structure], State.IN_PART)
    return replace(record, volume=volume, **copies)


def worked_on(record: Completeness, changes: Changes, shape: tuple[int, ...]) -> Completeness:
    """The record in part wherever voxels changed: nothing there is complete any more, or still not looked at."""
    volume, copies = record.volume.copy(), tables(record, shape)
    for structure, slices in changes.items():
        volume[structure] = State.IN_PART
        for n, seen in enumerate(slices):
            if (copies[n][seen, structure] != State.IN_PART).any():
                copies[n] = copies[n].copy()
                copies[n][seen, structure] = State.IN_PART
    return Completeness(volume, *copies)
