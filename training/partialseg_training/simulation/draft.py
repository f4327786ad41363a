"""The annotation that a simulation puts together; it only ever grows."""

import numpy as np

from partialseg_training.simulation.source import Source
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness, State


class Draft:
    """Labels (z, y, x), LPS axes, and record of what has been said so far, at first nothing."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.labels = np.zeros_like(source.labels)
        self.unions = dict(source.unions)
        self._volume = np.zeros_like(source.completeness.volume)
        self._tables: list[np.ndarray | None] = [None, None, None]

    def declare_volume(self, states: np.ndarray) -> None:
        """Raise the volume's states (C,) to `states` where those are higher."""
        self._volume = np.maximum(self._volume, states)

    def declare_slices(self, axis: int, states: np.ndarray) -> None:
        """Raise the states of the slices across `axis` to `states` (n, C) where those are higher."""
        own = self._tables[axis]
        self._tables[axis] = states if own is None else np.maximum(own, states)

    def paint(self, where: np.ndarray | tuple, mask: np.ndarray) -> None:
        """Copy the source's labels in the part `where` of the volume at the voxels of `mask`."""
        part = self.labels[where]
        part[mask] = self.source.labels[where][mask]

    def paint_none_of(self, where: tuple, mask: np.ndarray, structures: np.ndarray) -> None:
        """Say at the voxels of `mask` that they are none of `structures` (C,) bool: background, or a union with it."""
        part = self.labels[where]
        part[mask & (part == UNPAINTED)] = self._value_of_others(structures)

    def _value_of_others(self, structures: np.ndarray) -> int:
        others = tuple(int(value) for value in np.flatnonzero(~structures))
        if others == (0,):
            return PAINTED_BACKGROUND
        known = next((value for value, members in self.unions.items() if tuple(sorted(members)) == others), None)
        if known is not None:
            return known
        n_classes = self.source.completeness.n_classes
        free = [value for value in range(PAINTED_BACKGROUND - 1, n_classes - 1, -1) if value not in self.unions]
        if not free:
            return UNPAINTED
        self.unions[free[0]] = others
        return free[0]

    def finished(self) -> tuple[np.ndarray, Completeness, dict[int, tuple[int, ...]]]:
        """Labels, record and the unions in use. A structure that is painted or declared in slices is in part."""
        used = np.bincount(self.labels.ravel(), minlength=256) > 0
        unions = {value: members for value, members in self.unions.items() if used[value]}
        touched = np.zeros(len(self._volume), bool)
        for value in np.flatnonzero(used[1 : len(self._volume)]) + 1:
            touched[value] = True
        for table in self._tables:
            if table is not None:
                touched |= (table > State.NOT_LOOKED_AT).any(axis=0)
        self.declare_volume(np.where(touched, State.IN_PART, State.NOT_LOOKED_AT).astype(np.uint8))
        tables = [table if table is not None and table.any() else None for table in self._tables]
        return self.labels, Completeness(self._volume, *tables), unions
