"""Long work in a child process of its own, which stays warm between jobs; importing this needs NumPy only."""

from PartialSegLib.worker.client import Worker
from PartialSegLib.worker.events import (
    Cancelled,
    Device,
    Estimate,
    Event,
    Failed,
    Finished,
    Log,
    Progress,
    SegmentResult,
)

__all__ = [
    "Cancelled",
    "Device",
    "Estimate",
    "Event",
    "Failed",
    "Finished",
    "Log",
    "Progress",
    "SegmentResult",
    "Worker",
]
