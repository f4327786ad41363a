"""A short hash of where each structure is painted, by which a record knows that the voxels are still those it is of."""

import hashlib
from collections.abc import Mapping

import numpy as np

from PartialSegLib.image.volume import byte_view

_BYTES = 16


def voxel_hash(labels: np.ndarray) -> str:
    """Of all labels (uint8 (z, y, x)): 32 hexadecimal digits."""
    digest = hashlib.blake2b(repr(labels.shape).encode(), digest_size=_BYTES)
    digest.update(byte_view(np.ascontiguousarray(labels)))
    return digest.hexdigest()


def structure_hashes(labels: np.ndarray, n_classes: int, unions: Mapping[int, tuple[int, ...]]) -> list[str]:
    """Per class, of its voxels and of those that may be it; "" for background. Other structures do not change it.

    labels: uint8 (z, y, x).
    """
    values = _value_hashes(labels, {*range(1, n_classes), *unions})
    hashes = [""]
    for structure in range(1, n_classes):
        perhaps = sorted(values[value] for value, members in unions.items() if structure in members and value in values)
        parts = [repr(labels.shape), values.get(structure, ""), *perhaps]
        hashes.append(hashlib.blake2b("|".join(parts).encode(), digest_size=_BYTES).hexdigest())
    return hashes


def _value_hashes(labels: np.ndarray, wanted: set[int]) -> dict[int, str]:
    """Label value -> hash of the places of its voxels; only values that are there."""
    flat = labels.ravel()
    # Runs of equal voxels: where those of one value lie follows from its own voxels alone, and there are few of them.
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.stack([np.append(0, edges), np.append(edges, flat.size)], axis=1).astype("<i8")
    values = flat[runs[:, 0]]
    return {
        value: hashlib.blake2b(runs[values == value].tobytes(), digest_size=_BYTES).hexdigest()
        for value in np.flatnonzero(np.bincount(values)).tolist()
        if value in wanted
    }
