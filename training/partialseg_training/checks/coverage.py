"""What supervises each structure in the cases that are trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from partialseg_training.checks.facts import CaseFacts
from PartialSegLib.structures import LabelSet


@dataclass(frozen=True)
class Coverage:
    """One structure of the label set.

    cases: in which something is said of it. complete_volumes: cases in which it is complete in the whole volume, and
    known_absent: those of them in which it is not painted. complete_slices: slices in which it was declared complete,
    empty_slices: those of them in which it is not painted. painted_voxels: on the grids of the label files.
    union_voxels: painted as a union of structures with it ("kidney, side unknown").
    """

    value: int
    name: str
    cases: int
    complete_volumes: int
    known_absent: int
    complete_slices: int
    empty_slices: int
    painted_voxels: int
    union_voxels: int


def coverage_of(facts: Sequence[CaseFacts], label_set: LabelSet) -> tuple[Coverage, ...]:
    """One row per structure, in the label set's order."""
    return tuple(_row(facts, structure.value, structure.name) for structure in label_set)


def _row(facts: Sequence[CaseFacts], value: int, name: str) -> Coverage:
    painted, union, slices, empty = (
        np.array([getattr(case, what)[value] for case in facts], np.int64)
        for what in ("painted", "in_union", "slices", "empty_slices")
    )
    whole = np.array([case.volume[value] for case in facts], bool)
    return Coverage(
        value=value,
        name=name,
        cases=int(((painted > 0) | (union > 0) | (slices > 0) | whole).sum()),
        complete_volumes=int(whole.sum()),
        known_absent=int((whole & (painted == 0) & (union == 0)).sum()),
        complete_slices=int(slices.sum()),
        empty_slices=int(empty.sum()),
        painted_voxels=int(painted.sum()),
        union_voxels=int(union.sum()),
    )
