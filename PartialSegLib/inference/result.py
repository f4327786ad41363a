"""What a run returns: labels on the input's own grid, and what there is to say about each structure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from PartialSegLib.image import Volume


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels and measurements; every dict has one entry per structure value that was asked for.

    labels: uint8 on exactly the grid of the input. confidence: mean softmax probability, None where nothing was found.
    touches_edge: whether the structure reaches the border of the volume, so that part of it may lie outside.
    timings: seconds per stage. windows: how many the network saw.
    confidence_along: axis "k", "j", "i" of the volume -> value -> confidence (n,) in each slice, NaN where it has none.
    """

    labels: Volume
    modality: str
    modality_reason: str
    confidence: dict[int, float | None]
    voxels: dict[int, int]
    volumes_ml: dict[int, float]
    touches_edge: dict[int, bool]
    timings: dict[str, float]
    backend: str
    device: str
    precision: str
    windows: int
    confidence_along: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)


def count_voxels(labels: np.ndarray, values: Iterable[int]) -> dict[int, int]:
    """Voxels of each value in uint8 `labels`."""
    counts = np.zeros(256, np.int64)
    for plane in labels:  # bincount makes int64 of what it gets: of one slice at a time
        counts += np.bincount(plane.ravel(), minlength=256)
    return {value: int(counts[value]) for value in values}


def touching_edge(labels: np.ndarray, values: Iterable[int]) -> dict[int, bool]:
    """Whether each value occurs in one of the six outermost planes of `labels`."""
    faces = (np.take(labels, index, axis) for axis in range(labels.ndim) for index in (0, -1))
    at_edge = {int(value) for face in faces for value in np.unique(face)}
    return {value: value in at_edge for value in values}
