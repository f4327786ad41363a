"""What a worker is asked to do."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PartialSegLib.image import Volume
from PartialSegLib.worker.voxels import Region


@dataclass(eq=False)
class Job:
    """kind: what the child does. request: its settings, ready for JSON. volume, region: only of a segmentation."""

    number: int
    kind: str
    request: dict[str, Any]
    volume: Volume | None = None
    region: Region | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class JobCancelled(Exception):  # noqa: N818 - it is no error: the caller asked for it
    """Ends a job on its way."""


class JobFailed(Exception):  # noqa: N818 - becomes the event of that name
    """A job came to nothing. expected: False when this is an error of the program."""

    def __init__(self, message: str, expected: bool) -> None:
        super().__init__(message)
        self.expected = expected


def plain(path: Path | None) -> str | None:
    """A path for JSON."""
    return None if path is None else str(path)
