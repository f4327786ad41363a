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
    places = _changed(before, after)
    old, new = before[places], after[places]
    table = possibilities(n_classes, unions)
    pairs, which = np.unique(old.astype(np.uint16) * 256 + new, return_inverse=True)
    differs = table[pairs >> 8] != table[pairs & 255]  # (pairs, C)
    found = {}
    for structure in np.flatnonzero(differs.any(0)).tolist():
        mine = differs[which, structure]
        slices = [np.zeros(n, bool) for n in before.shape]
        for seen, index in zip(slices, places, strict=True):
            seen[index[mine]] = True
        found[structure] = (slices[0], slices[1], slices[2])
    return found


def _changed(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, ...]:
    """Indices (z, y, x) of the voxels that differ. Compared eight at a time: strokes are small, volumes are not."""
    first, second = np.ascontiguousarray(before).ravel(), np.ascontiguousarray(after).ravel()
    whole = first.size // 8 * 8
    words = np.flatnonzero(first[:whole].view(np.uint64) != second[:whole].view(np.uint64))
    places = np.append((words[:, None] * 8 + np.arange(8)).ravel(), np.arange(whole, first.size))
    return np.unravel_index(places[first[places] != second[places]], before.shape)
