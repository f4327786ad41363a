"""From what a person said to what each voxel may be.

Every voxel v has a candidate set S(v) within {0 background, 1..N structures}, kept as the bits of one integer:

    painted as structure c                                   {c}
    painted as background (label 255)                        {0}
    painted as a union ("kidney, side unknown")              that union
    unpainted, where the structures F are declared complete  everything outside F
    unpainted, where nothing is declared                     everything: no supervision
    several declarations cover v (crossing slices)           their intersection

Completeness is declared by a person's act for a whole volume or for one structure in one slice; it is never inferred
from what is painted. A structure that is complete but painted nowhere is *known absent* there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from PartialSegLib.errors import UserError

UNPAINTED = 0
PAINTED_BACKGROUND = 255


class State(IntEnum):
    """How far a structure is annotated in a volume or slice."""

    NOT_LOOKED_AT = 0
    IN_PART = 1
    COMPLETE = 2


@dataclass(frozen=True, eq=False)
class Completeness:
    """The record of what is complete where.

    volume: uint8 (C,) of State per class, column 0 unused; C is the number of structures + 1.
    z, y, x: uint8 (n, C), one row per slice across that axis of the volume's array; None when never used.
    """

    volume: np.ndarray
    z: np.ndarray | None = None
    y: np.ndarray | None = None
    x: np.ndarray | None = None

    @classmethod
    def of_volume(cls, structures: "list[int] | tuple[int, ...]", n_classes: int) -> "Completeness":
        """These structures are complete in the whole volume, nothing else was looked at."""
        volume = np.zeros(n_classes, np.uint8)
        volume[list(structures)] = State.COMPLETE
        return cls(volume)

    @property
    def n_classes(self) -> int:
        """Structures and background."""
        return len(self.volume)


def candidate_sets(
    labels: np.ndarray, completeness: Completeness, unions: Mapping[int, tuple[int, ...]] | None = None
) -> np.ndarray:
    """S(v) as int32 bit sets, same shape (z, y, x) as the painted `labels` (uint8).

    unions: label value -> the classes it may be. Raises UserError for labels that stand for nothing and for records
    that do not fit the volume.
    """
    n_classes = completeness.n_classes
    painted = _painted_sets(n_classes, unions or {})
    used = np.flatnonzero(np.bincount(labels.ravel(), minlength=256))
    strange = [int(value) for value in used if painted[value] == 0 and value != UNPAINTED]
    if strange:
        raise UserError(f"label {strange[0]} stands for no structure: map it to one, or remove it")
    unpainted = np.full(labels.shape, everything(n_classes) & ~_bits(completeness.volume), np.int32)
    for axis, table in enumerate((completeness.z, completeness.y, completeness.x)):
        if table is None:
            continue
        n_slices = labels.shape[axis]
        if table.shape != (n_slices, n_classes):
            raise UserError(f"the record of axis {'zyx'[axis]} has {len(table)} slices, the volume {n_slices}")
        shape = [-1 if a == axis else 1 for a in range(3)]
        unpainted &= ~_bits(table).reshape(shape)
    return np.where(labels == UNPAINTED, unpainted, painted[labels])


def everything(n_classes: int) -> int:
    """The bit set of a voxel about which nothing is known."""
    return (1 << n_classes) - 1


def _painted_sets(n_classes: int, unions: Mapping[int, tuple[int, ...]]) -> np.ndarray:
    table = np.zeros(256, np.int32)
    table[1:n_classes] = 1 << np.arange(1, n_classes)
    table[PAINTED_BACKGROUND] = 1
    for value, members in unions.items():
        table[value] = sum(1 << member for member in set(members))
    return table


def _bits(states: np.ndarray) -> np.ndarray:
    """(..., C) states -> (...) bit sets of the complete structures."""
    complete = states == State.COMPLETE
    complete[..., 0] = False
    return (complete * (1 << np.arange(states.shape[-1]))).sum(-1).astype(np.int32)
