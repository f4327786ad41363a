"""Which part of a stored record may be believed: only what is said of the very voxels that are there.

A structure whose voxels changed since, or of which two places say different things, is in part. Nothing ever becomes
complete here.
"""

from collections.abc import Collection, Mapping

import numpy as np

from PartialSegLib.annotation.fingerprints import structure_hashes
from PartialSegLib.annotation.tags import StructureRecord, completeness_of_records
from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import Completeness, State

Records = Mapping[int, StructureRecord]
Unions = Mapping[int, tuple[int, ...]]


def trusted(
    tags: Records, side: Records | None, labels: np.ndarray, unions: Unions, label_set: LabelSet
) -> tuple[Completeness, list[str]]:
    """The record that holds for `labels` (uint8 (z, y, x)), and a line for each reason to believe less than was said.

    tags: what the segments say. side: what the side file says; None where it has no say.
    """
    n = label_set.n_classes
    said = {**(side or {}), **tags}
    try:
        record = completeness_of_records({s: r for s, r in said.items() if s < n}, labels.shape, n)
    except UserError as error:
        return in_part(labels, unions, said, n), [f"{error}: nothing counts as complete any more"]
    hashes = structure_hashes(labels, n, unions)
    changed = [s for s in range(1, n) if (said[s].voxels != hashes[s] if s in said else _painted(labels, s))]
    differs = [s for s in said if side is not None and tags.get(s) != side.get(s)]
    warnings = []
    if lowered := [s for s in changed if s in said]:
        warnings.append(f"{_names(lowered, label_set)} changed outside PartialSeg: now in part, look at it again")
    if differs := [s for s in differs if s not in changed]:
        warnings.append(
            f"the tags and the side file say different things of {_names(differs, label_set)}: now in part, "
            "declare again what is complete"
        )
    record = without_complete(record, {*changed, *differs})
    volume = record.volume.copy()
    volume[changed] = State.IN_PART
    return Completeness(volume, record.z, record.y, record.x), warnings


def in_part(labels: np.ndarray, unions: Unions, declared: Collection[int], n_classes: int) -> Completeness:
    """What is left of a record whose slices mean nothing any more: what was declared or is painted is in part."""
    present = np.zeros(256, bool)
    present[labels] = True
    members = {m for value, classes in unions.items() if present[value] for m in classes}
    begun = {s for s in range(1, n_classes) if present[s]} | members | set(declared)
    volume = np.zeros(n_classes, np.uint8)
    volume[[s for s in begun if 1 <= s < n_classes]] = State.IN_PART
    return Completeness(volume)


def without_complete(record: Completeness, structures: Collection[int]) -> Completeness:
    """The record with these structures complete nowhere: in part where they were."""
    chosen = sorted(structures)
    lowered = []
    for table in (record.volume[None], record.z, record.y, record.x):
        copy = None if table is None else table.copy()
        if copy is not None:
            copy[:, chosen] = np.minimum(copy[:, chosen], State.IN_PART)
        lowered.append(copy)
    volume, *tables = lowered
    return Completeness(record.volume if volume is None else volume[0], *tables)


def at_most(record: Completeness, limit: Completeness) -> Completeness:
    """`record`, complete only where `limit` is too (there or in the whole volume), in part where it is not."""
    whole = limit.volume == State.COMPLETE
    tables: list[np.ndarray | None] = []
    for table, other in zip((record.z, record.y, record.x), (limit.z, limit.y, limit.x), strict=True):
        if table is not None:
            believed = whole | (False if other is None else other == State.COMPLETE)
            table = np.where(believed, table, np.minimum(table, State.IN_PART))
        tables.append(table)
    volume = np.where(whole, record.volume, np.minimum(record.volume, State.IN_PART))
    return Completeness(volume.astype(np.uint8), *tables)


def _painted(labels: np.ndarray, structure: int) -> bool:
    return bool((labels == structure).any())


def _names(structures: list[int], label_set: LabelSet) -> str:
    return ", ".join(label_set.by_value(structure).name for structure in structures)
