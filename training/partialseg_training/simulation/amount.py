"""How much an annotation says, the abscissa of "accuracy against annotated voxels"."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from PartialSegLib.supervision import UNPAINTED, Completeness, State, candidate_sets, everything


@dataclass(frozen=True)
class Amount:
    """What is said of one case.

    voxels: fraction of the voxels with any supervision. answers: fraction of the questions "is this voxel of this
    structure?" that are answered, over all voxels and structures of the label set; a partial label answers few of them
    although it supervises every voxel. painted: number of painted voxels. complete: structures complete in the whole
    volume. slices: how many slices across the axes (z, y, x) have a structure that was declared complete.
    """

    voxels: float
    answers: float
    painted: int
    complete: tuple[int, ...]
    slices: tuple[int, int, int]


def amount_said(
    labels: np.ndarray, completeness: Completeness, unions: Mapping[int, tuple[int, ...]] | None = None
) -> Amount:
    """Measure the annotation of one volume, (z, y, x) uint8, on the grid it is given on."""
    n_classes = completeness.n_classes
    sets = candidate_sets(labels, completeness, unions)
    kinds, counts = np.unique(sets, return_counts=True)
    possible = (kinds[:, None] >> np.arange(n_classes)) & 1
    sure = possible.sum(axis=1) == 1
    answers = np.where(sure, n_classes - 1, (possible[:, 1:] == 0).sum(axis=1))
    tables = (completeness.z, completeness.y, completeness.x)
    z, y, x = (0 if table is None else int((table == State.COMPLETE).any(axis=1).sum()) for table in tables)
    complete = np.flatnonzero(completeness.volume == State.COMPLETE)
    return Amount(
        voxels=float(counts[kinds != everything(n_classes)].sum() / sets.size),
        answers=float((counts * answers).sum() / (sets.size * (n_classes - 1))),
        painted=int((labels != UNPAINTED).sum()),
        complete=tuple(int(value) for value in complete if value > 0),
        slices=(z, y, x),
    )
