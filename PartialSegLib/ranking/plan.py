"""A plan of slices to annotate: a list to tick off, that a side file can keep."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from PartialSegLib.errors import UserError

AXES = ("k", "j", "i")


@dataclass(frozen=True)
class PlannedSlice:
    """One slice. axis: "k", "j" or "i", the array axes z, y, x of the image. reason: why it is here, for people."""

    axis: str
    index: int
    reason: str
    done: bool = False

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise ValueError(f"axis {self.axis!r} is none of {', '.join(AXES)}")
        if self.index < 0:
            raise ValueError(f"slice {self.index} is before the first")


@dataclass(frozen=True)
class SlicePlan:
    """Slices in the order in which they are to be annotated; each place occurs once."""

    slices: tuple[PlannedSlice, ...] = ()

    @classmethod
    def of(cls, slices: Iterable[PlannedSlice]) -> "SlicePlan":
        """A plan of these slices; of several at one place the first is kept."""
        places: dict[tuple[str, int], PlannedSlice] = {}
        for planned in slices:
            places.setdefault((planned.axis, planned.index), planned)
        return cls(tuple(places.values()))

    @property
    def n_done(self) -> int:
        """How many slices are ticked off."""
        return sum(planned.done for planned in self.slices)

    def tick(self, axis: str, index: int, done: bool = True) -> "SlicePlan":
        """The plan with the slice at this place ticked off, or not any more; itself where that is not planned."""
        return SlicePlan(tuple(replace(p, done=done) if (p.axis, p.index) == (axis, index) else p for p in self.slices))

    def next(self, axis: str, index: int) -> PlannedSlice | None:
        """The first open slice after the one at this place, around the end; from the start where that is not planned.

        None when all others are done.
        """
        return self._open_from(axis, index, 1)

    def previous(self, axis: str, index: int) -> PlannedSlice | None:
        """As `next`, the other way round."""
        return self._open_from(axis, index, -1)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain values for a file."""
        return [{"axis": p.axis, "index": p.index, "reason": p.reason, "done": p.done} for p in self.slices]

    @classmethod
    def from_json(cls, values: Any) -> "SlicePlan":
        """Inverse of `to_json`; also takes the text of a JSON file. Raises UserError."""
        try:
            entries = json.loads(values) if isinstance(values, (str, bytes)) else values
            return cls.of(_planned(entry) for entry in entries)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"the slice plan cannot be read ({error}): make a new one") from error

    def _open_from(self, axis: str, index: int, step: int) -> PlannedSlice | None:
        order = list(self.slices[::step])
        places = [(planned.axis, planned.index) for planned in order]
        here = places.index((axis, index)) if (axis, index) in places else -1
        others = order[here + 1 :] + order[: max(here, 0)]
        return next((planned for planned in others if not planned.done), None)


def _planned(entry: dict[str, Any]) -> PlannedSlice:
    axis, index, reason, done = entry["axis"], entry["index"], entry["reason"], entry["done"]
    if type(index) is not int or type(reason) is not str or type(done) is not bool:
        raise ValueError("an entry is of the wrong type")
    return PlannedSlice(axis, index, reason, done)
