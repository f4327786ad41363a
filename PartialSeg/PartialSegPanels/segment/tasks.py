"""What is to be segmented and how: one entry of the queue."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

Region = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


class State(Enum):
    """Where an entry of the queue stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Request:
    """What the user chose when the entry was made.

    model: folder of a bundle, None for the one that ships. modality, structures, region: None for automatic, all,
    everywhere. region: half-open (z, y, x) ranges of voxels.
    """

    model: Path | None = None
    device: str = "auto"
    preset: str = "accurate"
    modality: str | None = None
    structures: tuple[int, ...] | None = None
    region: Region | None = None

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the worker's `segment`."""
        return dict(vars(self))


@dataclass(eq=False)
class Task:
    """One volume, or the frames of one sequence, one after the other.

    Nodes are named by their MRML id, so that a node that is gone is noticed. output_id: segmentation to refresh; None
    until the first result made a new one. frames: numbers of the frames of browser_id, (None,) for a single volume.
    sequence_id: where the segmentations of a sequence's frames are gathered while it is worked on.
    """

    title: str
    volume_id: str
    request: Request
    output_id: str | None = None
    browser_id: str | None = None
    sequence_id: str | None = None
    frames: tuple[int | None, ...] = (None,)
    state: State = State.WAITING
    message: str = ""
    frames_done: int = 0
    results: dict[int | None, Any] = field(default_factory=dict)

    @property
    def frame(self) -> int | None:
        """The frame that is next, or being worked on."""
        return self.frames[min(self.frames_done, len(self.frames) - 1)]
