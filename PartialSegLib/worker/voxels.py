"""Voxels on their way to the child and back: plain bytes in a file that the other side maps or reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume
from PartialSegLib.image.volume import Vector, byte_view

Region = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def cropped(volume: Volume, region: Region | None) -> Volume:
    """The part of `volume` in `region`, half-open voxel ranges (z, y, x); shares its voxels.

    Raises UserError when the region is empty or reaches beyond the volume.
    """
    if region is None:
        return volume
    for (start, stop), size in zip(region, volume.array.shape, strict=True):
        if not 0 <= start < stop <= size:
            raise UserError("the region does not lie in the volume: move it onto the volume, or leave it out")
    (z0, z1), (y0, y1), (x0, x1) = region
    x, y, z = volume.world((x0, y0, z0)).tolist()
    origin: Vector = (x, y, z)
    part = volume.array[z0:z1, y0:y1, x0:x1]
    return Volume(part, volume.spacing, origin, volume.direction, volume.modality)


def send_volume(volume: Volume, path: Path, copied: Callable[[float], None]) -> dict[str, Any]:
    """Write the voxels to `path` and return what `receive_volume` needs, ready for JSON.

    copied(fraction) is called after every slice; what it raises ends the copying. Raises UserError when the file cannot
    be written, and for voxels that are no numbers.
    """
    array = volume.array
    if array.dtype.kind not in "biuf" or not array.size:
        raise UserError(f"a volume with {array.size} voxels of type {array.dtype} cannot be segmented: choose another")
    try:
        with open(path, "wb", buffering=0) as file:
            for index, plane in enumerate(array):
                _write(file, np.ascontiguousarray(plane))
                copied((index + 1) / len(array))
    except OSError as error:
        raise unwritable(path, error) from error
    return {
        "path": str(path),
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "spacing": list(volume.spacing),
        "origin": list(volume.origin),
        "direction": volume.direction.tolist(),
        "modality": volume.modality,
    }


def receive_volume(sent: dict[str, Any]) -> Volume:
    """The volume that `send_volume` wrote; its voxels are mapped from the file, not read."""
    array = np.memmap(sent["path"], np.dtype(sent["dtype"]), "r", shape=tuple(sent["shape"]))
    return Volume(array, sent["spacing"], sent["origin"], np.array(sent["direction"]), sent["modality"])


def write_labels(path: Path, labels: np.ndarray) -> None:
    """Write uint8 labels as plain bytes. Raises UserError."""
    try:
        with open(path, "wb", buffering=0) as file:
            for plane in labels:
                _write(file, np.ascontiguousarray(plane))
    except OSError as error:
        raise unwritable(path, error) from error


def read_labels(path: Path, volume: Volume, region: Region | None) -> Volume:
    """The labels (uint8) that were written for `region`, on the grid of the whole `volume`; 0 elsewhere."""
    part = np.empty(cropped(volume, region).array.shape, np.uint8)
    with open(path, "rb", buffering=0) as file:
        rest = byte_view(part)
        while rest:
            count = file.readinto(rest)
            if not count:
                raise EOFError(f"{path} is cut short")
            rest = rest[count:]
    if region is None:
        return volume.like(part)
    whole = np.zeros(volume.array.shape, np.uint8)
    whole[tuple(slice(*axis) for axis in region)] = part
    return volume.like(whole)


def unwritable(path: Path, error: OSError) -> UserError:
    """The error for a file between the two processes that cannot be written."""
    reason = error.strerror or error
    return UserError(f"cannot write to {path.parent.parent}: {reason}; free some space, or choose another folder")


def _write(file: Any, plane: np.ndarray) -> None:
    rest = byte_view(plane)
    while rest:  # without a buffer, a write may take a part only
        rest = rest[file.write(rest) :]
