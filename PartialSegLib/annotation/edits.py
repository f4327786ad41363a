"""What an edit of voxels means for each structure: where voxels become it, might be it now, or no longer are it."""

from collections.abc import Mapping

import numpy as np

Unions = Mapping[int, tuple[int, ...]]


def possibilities(n_classes: int, unions: Unions) -> np.ndarray:
    """uint8 (256, C): whether a voxel of this label is the class (2), may be it (1, unions) or is not painted as it."""
    table = np.zeros((256, n_classes), np.uint8)
    values = np.arange(1, n_classes)
    table[values, values] = 2
    for value, members in unions.items():
        table[value, list(set(members))] = 1
    table[:, 0] = 0  # background, painted or not, is never declared
    return table


def changed_slices(
    before: np.ndarray, after: np.ndarray, n_classes: int, unions: Unions
) -> dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Per structure that an edit gave or took voxels of: which slices across z, y and x it did so in, bool (n,) each.

    before, after: uint8 labels (z, y, x). To paint another structure over unpainted voxels changes nothing for the
    structures that both are not.
    """
    if before.shape != after.shape:
        raise ValueError(f"labels of shape {before.shape} were edited to shape {after.shape}")
    table = _changes(n_classes, unions)
    bits_z, bits_y, bits_x = (np.zeros(n, np.uint32) for n in before.shape)
    for z, (old, new) in enumerate(zip(before, after, strict=True)):
        if np.array_equal(old, new):
            continue  # strokes are small, volumes are not
        bits = table[old.astype(np.uint16) * 256 + new]
        rows = np.bitwise_or.reduce(bits, axis=1)
        bits_z[z] = np.bitwise_or.reduce(rows)
        bits_y |= rows
        bits_x |= np.bitwise_or.reduce(bits, axis=0)
    changed = int(np.bitwise_or.reduce(bits_z))
    structures = [structure for structure in range(1, n_classes) if changed >> structure & 1]
    return {s: ((bits_z >> s & 1) > 0, (bits_y >> s & 1) > 0, (bits_x >> s & 1) > 0) for s in structures}


def _changes(n_classes: int, unions: Unions) -> np.ndarray:
    """uint32 (65536,), at 256 a + b: as bits, the structures to which label b says another thing than label a."""
    table = possibilities(n_classes, unions)
    differs = np.zeros((256, 256), np.uint32)
    for structure in range(1, n_classes):
        column = table[:, structure]
        differs |= (column[:, None] != column).astype(np.uint32) << np.uint32(structure)
    return differs.ravel()
