"""What the tags of a reading say of it as a whole, and the grid it was painted on."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from PartialSegLib.image.volume import Volume

READING_TAG = "PartialSeg.Reading"
_VERSION = "1"


class CaseState(str, Enum):
    """How far a reader is with a case."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FLAGGED = "flagged"


@dataclass(frozen=True)
class Head:
    """One saved state of a reading. seconds: time spent so far. grid: shape (z, y, x), then spacing, origin (x, y, z)
    and the nine numbers of the direction, row by row."""

    reader: str
    revision: int
    state: CaseState
    seconds: float
    grid: tuple[float, ...]

    def encode(self) -> str:
        """As the value of a tag: "1;reader=AB;revision=3;state=done;seconds=60.0;grid=..."."""
        grid = " ".join(map(repr, self.grid))
        return (
            f"{_VERSION};reader={self.reader};revision={self.revision};state={self.state.value};"
            f"seconds={self.seconds!r};grid={grid}"
        )


def decode_head(text: str) -> Head | None:
    """The inverse of `Head.encode`; None for what this version cannot read."""
    version, *fields = text.split(";")
    values = dict(field.partition("=")[::2] for field in fields)
    try:
        grid = tuple(float(word) for word in values["grid"].split())
        head = Head(
            values["reader"], int(values["revision"]), CaseState(values["state"]), float(values["seconds"]), grid
        )
    except (KeyError, ValueError):
        return None
    return head if version == _VERSION and len(grid) == 18 and min(grid[:3]) >= 1 else None


def grid_of(labels: Volume) -> tuple[float, ...]:
    """Where the voxels of a volume are, as 18 numbers."""
    direction = [float(number) for number in labels.direction.ravel()]
    return (*map(float, labels.array.shape), *labels.spacing, *labels.origin, *direction)


def volume_on(grid: tuple[float, ...]) -> Volume:
    """A volume of zeros, which take no memory, on a grid as `grid_of` gives it."""
    z, y, x = (int(n) for n in grid[:3])
    zeros = np.broadcast_to(np.uint8(0), (z, y, x))
    return Volume(zeros, (grid[3], grid[4], grid[5]), (grid[6], grid[7], grid[8]), np.array(grid[9:]).reshape(3, 3))
