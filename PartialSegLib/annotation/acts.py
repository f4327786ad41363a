"""What a person did to the record: one declaration, and one declaration that an edit contradicts."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

from PartialSegLib.annotation.record import AXES, Axis
from PartialSegLib.errors import UserError


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Act:
    """What somebody declared, and when.

    what: "complete", "absent", "withdraw", "begin", "reopen" (an edit contradicted what was complete), or one of these
    after "undo " or "redo ". structures: label values. axis, first, last: the slices, both ends included; None for the
    whole volume. time: UTC, ISO 8601.
    """

    what: str
    structures: tuple[int, ...]
    axis: Axis | None = None
    first: int | None = None
    last: int | None = None
    time: str = field(default_factory=_now)

    def as_dict(self) -> dict[str, Any]:
        """The fields that say something, for a line of history."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def where(self) -> str:
        """ "slice 12 across k", "slices 12 to 20 across k" or "the volume"."""
        if self.axis is None:
            return "the volume"
        if self.first == self.last:
            return f"slice {self.first} across {self.axis}"
        return f"slices {self.first} to {self.last} across {self.axis}"


@dataclass(frozen=True)
class Touched:
    """A declaration that an edit contradicts: complete in a slice; axis and index None: in the volume."""

    structure: int
    axis: Axis | None = None
    index: int | None = None


def axis_number(axis: str) -> int:
    """0, 1 or 2 for the array axes z, y, x, which are named k, j, i; UserError for other names."""
    if axis not in AXES:
        raise UserError(f"{axis!r} is no axis of a volume: use k, j or i")
    return [*AXES].index(axis)


def checked_slices(axis: str, first: int, last: int, shape: tuple[int, ...]) -> slice:
    """The slices `first` to `last` (in either order) of an axis; UserError when the volume has no such slices."""
    first, last = sorted((first, last))
    n = shape[axis_number(axis)]
    if first < 0 or last >= n:
        raise UserError(f"slices {first} to {last} across {axis} lie outside the volume: choose from 0 to {n - 1}")
    return slice(first, last + 1)


def checked_structures(structures: Iterable[int], n_classes: int) -> tuple[int, ...]:
    """Label values in order, each once; UserError for what is no structure."""
    values = tuple(sorted({int(value) for value in structures}))
    strange = [value for value in values if not 1 <= value < n_classes]
    if strange:
        raise UserError(f"label {strange[0]} stands for no structure: use 1 to {n_classes - 1}")
    return values
