"""Candidate sets as one value per voxel, for formats that know classes and a single "ignore"; and what that loses.

A voxel that may be only one of the written classes gets that class; every other voxel gets the ignore value. A
structure that is not written counts as background: in such a data set background means "none of the others".
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from PartialSegLib.exchange.report import counted
from PartialSegLib.image import segments
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import Completeness, State, candidate_sets, everything


class SingleValued:
    """Turns cases into label maps and adds up over all of them what was lost.

    values: structure -> the value it is written as. voxels: how many were written. classes: written value -> number of
    voxels. nothing: number of ignored voxels of which nothing was said. unions: the classes -> number of voxels that
    were painted as that union. excluded: structure -> number of ignored voxels that are known not to be it, and
    excluded_in: structure -> the cases where it was declared complete. always_complete: structures that are complete
    in the whole volume in every case.
    """

    def __init__(self, label_set: LabelSet, values: Mapping[int, int], ignore: int) -> None:
        self.label_set, self.values, self.ignore = label_set, dict(values), ignore
        self.voxels = self.nothing = 0
        self.classes: Counter[int] = Counter()
        self.unions: Counter[tuple[int, ...]] = Counter()
        self.excluded: Counter[int] = Counter()
        self.excluded_in: dict[int, list[str]] = {}
        self.always_complete = set(values)

    @property
    def ignored(self) -> int:
        """How many voxels were written as the ignore value."""
        return self.classes[self.ignore]

    def flatten(
        self, name: str, labels: np.ndarray, completeness: Completeness, unions: Mapping[int, tuple[int, ...]]
    ) -> np.ndarray:
        """uint8 (z, y, x) of written values for one case; its losses are counted.

        Raises UserError when labels and record do not fit the label set or each other.
        """
        sets = candidate_sets(labels, completeness, unions)
        flat = np.empty(labels.shape, np.uint8)
        open_sets: Counter[int] = Counter()
        for plane, result in zip(sets, flat, strict=True):
            found, inverse, counts = np.unique(plane, return_inverse=True, return_counts=True)
            written = [self._value(int(bits)) for bits in found]
            result[:] = np.array(written, np.uint8)[inverse].reshape(plane.shape)
            for bits, value, count in zip(found.tolist(), written, counts.tolist(), strict=True):
                self.classes[value] += count
                if value == self.ignore:
                    open_sets[bits] += count
        self.voxels += flat.size
        self.always_complete &= set(np.flatnonzero(completeness.volume == State.COMPLETE).tolist())
        self._count_losses(name, open_sets, completeness)
        self._count_unions(labels, flat, unions)
        return flat

    def _value(self, bits: int) -> int:
        """The one written class among the candidates, or the ignore value."""
        classes = {self.values.get(c, 0) for c in range(bits.bit_length()) if bits >> c & 1}
        return classes.pop() if len(classes) == 1 else self.ignore

    def _count_losses(self, name: str, open_sets: Counter[int], completeness: Completeness) -> None:
        everything_bits = everything(completeness.n_classes)
        self.nothing += open_sets[everything_bits]
        tables = [table for table in (completeness.z, completeness.y, completeness.x) if table is not None]
        for structure in self.values:
            count = sum(n for bits, n in open_sets.items() if not bits >> structure & 1)
            declared = completeness.volume[structure] == State.COMPLETE
            if count and (declared or any((table[:, structure] == State.COMPLETE).any() for table in tables)):
                self.excluded[structure] += count
                self.excluded_in.setdefault(structure, []).append(name)

    def _count_unions(self, labels: np.ndarray, flat: np.ndarray, unions: Mapping[int, tuple[int, ...]]) -> None:
        for value, members in unions.items():
            if count := int(((labels == value) & (flat == self.ignore)).sum()):
                self.unions[tuple(sorted(set(members)))] += count

    def losses(self) -> list[str]:
        """One sentence for each kind of knowledge that the written label maps do not hold."""
        lines = []
        if self.ignored:
            lines.append(
                f"{self._share(self.ignored)} of the voxels are written as ignored ({self.ignore}): of "
                f"{self._share(self.nothing)} nothing is said, of {self._share(self.ignored - self.nothing)} "
                "something is said that one ignore label cannot say (below)."
            )
        for members, count in self.unions.most_common():
            lines.append(f"Ignored: {counted(count, 'voxel')} painted as '{union_name(members, self.label_set)}'.")
        return [*lines, *self._exclusions(), *self._empty()]

    def _exclusions(self) -> list[str]:
        """What is known not to be there and yet ignored; structures of which the same is said share a sentence."""
        alike: dict[tuple[int, tuple[str, ...]], list[str]] = {}
        for value, count in sorted(self.excluded.items()):
            alike.setdefault((count, tuple(self.excluded_in[value])), []).append(self._name(value))
        return [
            f"{', '.join(names)}: {counted(count, 'voxel')} known to be none of these are ignored, because another "
            f"structure is open there (declared complete in {_some(cases)})."
            for (count, cases), names in alike.items()
        ]

    def _empty(self) -> list[str]:
        names = [self._name(value) for value, written in self.values.items() if not self.classes[written]]
        return [f"No voxel is labelled {', '.join(names)}: a network cannot learn it from this."] if names else []

    def _name(self, value: int) -> str:
        return self.label_set.by_value(value).name

    def _share(self, count: int) -> str:
        return f"{100 * count / max(1, self.voxels):.1f} %"


def union_name(members: Sequence[int], label_set: LabelSet) -> str:
    """What a union is called: "right kidney or left kidney", "background or liver", "anything"."""
    if len(set(members)) >= label_set.n_classes:
        return "anything"
    return segments.union_name(tuple(sorted(set(members))), label_set)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
