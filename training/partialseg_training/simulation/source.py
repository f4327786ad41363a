"""What the source of a simulation says, on the patient's axes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness, State

Unions = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Source:
    """Painted labels (z, y, x), LPS axes, and their record.

    members: bool (256, C), the classes each label value stands for; no class for unpainted.
    """

    labels: np.ndarray
    completeness: Completeness
    unions: dict[int, tuple[int, ...]]
    members: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, completeness: Completeness, unions: Unions) -> "Source":
        """Raises UserError for label values that stand for no structure."""
        n_classes = completeness.n_classes
        members = np.zeros((256, n_classes), bool)
        members[range(1, n_classes), range(1, n_classes)] = True
        members[PAINTED_BACKGROUND, 0] = True
        for value, classes in unions.items():
            members[value] = np.isin(range(n_classes), classes)
        used = np.flatnonzero(np.bincount(labels.ravel(), minlength=256))
        strange = [int(value) for value in used if value >= 256 or (value != UNPAINTED and not members[value].any())]
        if strange:
            raise UserError(f"label {strange[0]} stands for no structure: map it to one, or remove it")
        return cls(labels, completeness, dict(unions), members)

    @property
    def tables(self) -> tuple[np.ndarray | None, ...]:
        """The slice records of the axes (z, y, x)."""
        return self.completeness.z, self.completeness.y, self.completeness.x

    @property
    def known(self) -> tuple[int, ...]:
        """Structures that somebody looked at: declared complete or in part somewhere, or painted.

        A union with background ("none of these organs") is no look at its other members.
        """
        said = self.completeness.volume > State.NOT_LOOKED_AT
        for table in self.tables:
            if table is not None:
                said = said | (table > State.NOT_LOOKED_AT).any(axis=0)
        used = np.bincount(self.labels.ravel(), minlength=256) > 0
        said = said | self.members[used & ~self.members[:, 0]].any(axis=0)
        return tuple(int(value) for value in np.flatnonzero(said) if value > 0)

    def states(self, axis: int) -> np.ndarray:
        """uint8 (n, C): the state of each structure in each slice across `axis`."""
        volume = self.completeness.volume.copy()
        for table in self.tables:
            if table is not None:
                volume[(table == State.COMPLETE).all(axis=0)] = State.COMPLETE
        states = np.repeat(volume[None], self.labels.shape[axis], axis=0)
        own = self.tables[axis]
        return states if own is None else np.maximum(states, own)

    def mentioned(self, structures: np.ndarray) -> np.ndarray:
        """(n, C) bool structures -> (n, 256) bool label values that an annotator of those structures would paint.

        Any union with one of them counts: without it, the structure could not be called complete. Painted background
        counts only for who annotates everything that the source knows; others could not tell.
        """
        painted = (structures.astype(np.uint8) @ self.members.T.astype(np.uint8)) > 0
        all_known = np.all(structures[:, list(self.known)], axis=1, keepdims=True)
        return painted | (all_known & self.members[:, 0])
