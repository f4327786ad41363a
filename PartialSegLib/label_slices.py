"""Which label values each slice of a label map holds, along all three axes in one pass."""

import numpy as np

_VALUES = 32  # background and the structures of a label set, one bit each


def held_by_slices(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For the axes k, j, i of uint8 `labels` (z, y, x): bool (n, 32), whether a slice holds a value from 1 to 31.

    Other values (unions, painted background) count as nothing.
    """
    bits = np.zeros(256, np.uint32)
    bits[1:_VALUES] = np.uint32(1) << np.arange(1, _VALUES, dtype=np.uint32)
    held = [np.zeros(size, np.uint32) for size in labels.shape]
    for index, plane in enumerate(labels):  # one slice at a time: four bytes for every voxel of all would be much
        rows = np.flatnonzero(plane.any(axis=1))
        if not len(rows):
            continue
        j = slice(rows[0], rows[-1] + 1)
        columns = np.flatnonzero(plane[j].any(axis=0))
        i = slice(columns[0], columns[-1] + 1)
        found = np.take(bits, plane[j, i])
        of_rows = np.bitwise_or.reduce(found, axis=1)
        held[0][index] = np.bitwise_or.reduce(of_rows)
        held[1][j] |= of_rows
        held[2][i] |= np.bitwise_or.reduce(found, axis=0)
    k, j_held, i_held = ((of[:, None] & bits[:_VALUES]) > 0 for of in held)
    return k, j_held, i_held
