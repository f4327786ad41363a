"""Label maps whose voxels are those of an image, but cropped, padded, flipped or with their axes in another order."""

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.volume import Volume

_TOLERANCE = 0.05  # of a voxel, at the far corner


def fit_to_grid(labels: Volume, reference: Volume) -> Volume:
    """The label map on the grid of `reference`, voxel for voxel: 0 where it has none, cut off where it reaches beyond.

    3D Slicer, for one, may save a segmentation cropped to its segments. Nothing is interpolated: UserError when the
    voxels of the two do not coincide.
    """
    if labels.same_grid(reference):
        return labels
    turn, start = _turn_and_start(labels, reference)
    # Array axes are (z, y, x); those of `turn` are (x, y, z).
    axes = [2 - int(np.flatnonzero(turn[row])[0]) for row in (2, 1, 0)]
    flips = [turn[row].sum() < 0 for row in (2, 1, 0)]
    turned = labels.array.transpose(axes)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    first = [start[row] - (size - 1) * flip for row, size, flip in zip((2, 1, 0), turned.shape, flips, strict=True)]
    result = np.zeros(reference.array.shape, labels.array.dtype)
    into, out_of = [], []
    for begin, size, limit in zip(first, turned.shape, result.shape, strict=True):
        low, high = max(begin, 0), max(min(begin + size, limit), 0)
        into.append(slice(low, high))
        out_of.append(slice(low - begin, max(high, low) - begin))
    result[tuple(into)] = turned[tuple(out_of)]
    return reference.like(result)


def _turn_and_start(labels: Volume, reference: Volume) -> tuple[np.ndarray, list[int]]:
    """Signed permutation (3x3) from label map index to reference index, and the reference index of label voxel 0."""
    to_index = np.linalg.inv(reference.matrix)
    steps = to_index @ labels.matrix
    start = to_index @ (np.asarray(labels.origin) - np.asarray(reference.origin))
    turn = np.rint(steps)
    drift = np.abs(steps - turn) @ np.array(labels.array.shape[::-1]) + np.abs(start - np.rint(start))
    whole = np.abs(turn).sum(axis=0).tolist() == np.abs(turn).sum(axis=1).tolist() == [1, 1, 1]
    if not whole or drift.max() > _TOLERANCE:
        raise UserError(
            "the label map and the image do not share their voxels (other spacing, position or orientation): "
            "resample the label map to the image's grid (3D Slicer: Resample Image (BRAINS), nearest neighbour)"
        )
    return turn, np.rint(start).astype(int).tolist()
