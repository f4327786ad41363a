"""What every export does with the cases of a dataset: read them one by one, and survive the bad ones."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from PartialSegLib.annotation import ranges_of
from PartialSegLib.dataset import CaseEntry, Dataset, read_annotation
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.values import count_values
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import PAINTED_BACKGROUND, Completeness, State

Progress = Callable[[int, int, str], None]  # cases done, cases in all, name of the next one


@dataclass
class Run:
    """The cases of one export, in order, and what became of them."""

    dataset: Dataset
    progress: Progress | None = None
    written: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def each(self, write: Callable[[CaseEntry], str | None]) -> None:
        """Call `write` for every case; it returns None, or why the case has no place in the format.

        A UserError of one case is noted and the others go on. Raises UserError when no case was written at all.
        """
        for entry in self._entries():
            try:
                reason = write(entry)
            except UserError as error:
                self.failed[entry.name] = str(error).removeprefix(f"case {entry.name}: ")
                continue
            if reason is None:
                self.written.append(entry.name)
            else:
                self.left_out[entry.name] = reason
        if not self.written:
            name, reason = next(iter({**self.failed, **self.left_out}.items()), ("", "it has no cases with an image"))
            told = f"{name}: {reason}" if name else reason
            raise UserError(f"nothing of {self.dataset.path} can be exported: {told}")

    def _entries(self) -> Iterator[CaseEntry]:
        cases = list(self.dataset.cases.values())
        for name in (name for name in self.dataset.entries if name not in self.dataset.cases):
            self.left_out[name] = "a label map without an image"
        for number, entry in enumerate(cases):
            if self.progress:
                self.progress(number, len(cases), entry.name)
            yield entry


def labelled_structures(dataset: Dataset, label_set: LabelSet) -> tuple[int, ...]:
    """Structures that some case declares complete, paints, or paints as a member of a union."""
    found: set[int] = set()
    for entry in dataset.cases.values():
        try:
            labels, record = read_annotation(entry, label_set)
        except UserError:
            continue  # the export itself will say so
        if labels is not None:
            found |= _painted(labels.array, entry.unions, label_set) | _declared(record)
    return tuple(sorted(found - {0}))


def _painted(array: np.ndarray, unions: Mapping[int, tuple[int, ...]], label_set: LabelSet) -> set[int]:
    values = set(np.flatnonzero(count_values(array)).tolist()) - {0, PAINTED_BACKGROUND}
    members = (c for value in values & set(unions) if len(set(unions[value])) < label_set.n_classes
               for c in unions[value])  # fmt: skip
    return {value for value in values if value < label_set.n_classes} | set(members)


def _declared(record: Completeness) -> set[int]:
    tables = [table for table in (record.z, record.y, record.x) if table is not None]
    complete = np.vstack([record.volume[None], *tables]) == State.COMPLETE
    return set(np.flatnonzero(complete.any(0)).tolist())


def record_fields(record: Completeness) -> dict[str, object]:
    """The fields of a CaseEntry that hold this record."""
    return {
        "annotated": tuple(np.flatnonzero(record.volume == State.COMPLETE).tolist()),
        "in_part": tuple(np.flatnonzero(record.volume == State.IN_PART).tolist()),
        "slices": {axis: {text: tuple(values) for text, values in ranges.items()}
                   for axis, ranges in ranges_of(record).items() if ranges},
    }  # fmt: skip
