"""What a worker tells about its jobs. Each job ends with exactly one of Finished, Failed and Cancelled."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from PartialSegLib.image import Volume
from PartialSegLib.inference.devices import Device
from PartialSegLib.inference.estimate import Estimate

__all__ = ["Cancelled", "Device", "Estimate", "Event", "Failed", "Finished", "Log", "Progress", "SegmentResult"]

# In the order in which a job goes through them; "coarse" is left out by models that have no coarse network.
STAGES = ("start", "copy", "prepare", "load", "coarse", "segment", "finish", "write")


@dataclass(frozen=True)
class Progress:
    """stage: one of STAGES. fraction: 0 to 1 of the whole job, never falling. eta_s: seconds left, None if unknown."""

    job: int
    stage: str
    fraction: float
    eta_s: float | None


@dataclass(frozen=True)
class Log:
    """One line for those who want to know more."""

    job: int
    text: str


@dataclass(frozen=True, eq=False)
class Finished:
    """result: SegmentResult, list[Device] or Estimate, by what was asked for."""

    job: int
    result: Any


@dataclass(frozen=True)
class Failed:
    """message: one line that says what to do. expected: False when this is an error of the program."""

    job: int
    message: str
    expected: bool


@dataclass(frozen=True)
class Cancelled:
    """The job was cancelled: its process and its files are gone."""

    job: int


Event = Progress | Log | Finished | Failed | Cancelled


@dataclass(frozen=True, eq=False)
class SegmentResult:
    """A segmentation; every dict has one entry per structure value that was asked for.

    labels: uint8 on the grid of the volume, 0 outside the region; None after `without_labels`.
    confidence: 0 to 1, None where nothing was found.
    touches_edge: whether the structure reaches the border of what was segmented, so that part of it may lie outside.
    not_in_view: values of structures that were not found and whose usual place lies above or below the volume.
    confidence_along: axis "k", "j", "i" -> value -> mean probability (float32) of the structure's voxels in each slice
        along that axis of the volume; NaN where a slice has none.
    timings: seconds per stage in the child; seconds: from the job's start to its end. pid: the child's process.
    """

    labels: Volume | None
    modality: str
    modality_reason: str
    confidence: dict[int, float | None]
    volumes_ml: dict[int, float]
    touches_edge: dict[int, bool]
    not_in_view: list[int]
    confidence_along: dict[str, dict[int, np.ndarray]]
    seconds: float
    device: str
    backend: str
    model_name: str
    model_version: str
    timings: dict[str, float] = field(default_factory=dict)
    pid: int = 0

    def without_labels(self) -> "SegmentResult":
        """The same without its voxels, for who keeps it when these are elsewhere."""
        return replace(self, labels=None)

    @property
    def slice_confidence(self) -> dict[int, np.ndarray]:
        """Value -> confidence in each slice along the first array axis (k), NaN where a slice has none of it."""
        return self.confidence_along["k"]
