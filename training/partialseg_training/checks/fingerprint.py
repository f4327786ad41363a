"""Which images are the same, whatever the file they are kept in."""

import hashlib

import numpy as np

_MOST_BINS = 1 << 20


def fingerprint(array: np.ndarray) -> str:
    """SHA-256 of an image's size and of how often each value occurs in it.

    It does not depend on compression, header, voxel type, or order and direction of the axes: the same image saved
    another way, or mirrored, has the same fingerprint. Two different images practically never share one.
    """
    values, counts = _histogram(array)
    digest = hashlib.sha256(repr(sorted(array.shape)).encode())
    digest.update((values.astype("<f8") + 0.0).tobytes())  # + 0.0: minus zero is zero
    digest.update(counts.astype("<i8").tobytes())
    return digest.hexdigest()


def _histogram(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values that occur, ascending, and how often."""
    if array.dtype.kind in "iu":
        low, high = int(array.min()), int(array.max())
        if high - low < _MOST_BINS:
            counts = np.zeros(high - low + 1, np.int64)
            for plane in array:
                counts += np.bincount(plane.ravel().astype(np.int64) - low, minlength=len(counts))
            there = np.flatnonzero(counts)
            return there + low, counts[there]
    return np.unique(array, return_counts=True)
