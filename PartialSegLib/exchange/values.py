"""How often each value occurs in a label map."""

import numpy as np


def count_values(array: np.ndarray) -> np.ndarray:
    """Number of voxels of each value of a uint8 or uint16 array, from value 0 to 255 at least.

    Slice by slice: numpy counts in a copy of eight bytes a voxel.
    """
    n = max(256, int(array.max(initial=0)) + 1)
    counts = np.zeros(n, np.int64)
    for plane in array:
        counts += np.bincount(plane.ravel(), minlength=n)
    return counts
