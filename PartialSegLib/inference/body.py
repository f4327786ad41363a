"""Where in a prepared volume the body is, so that no time goes into air.

Erring costs unequally: air that is kept costs seconds, body that is lost costs the result. Hence a low threshold, a
margin, and the whole volume whenever what was found does not look like a body.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from PartialSegLib.inference.windows import Index
from PartialSegLib.preprocessing import Preprocessing, resample

_BODY_HU = -320.0  # between lung and fat
_FAT_HU = -90.0
# MR air is darker than a twentieth of its bright tissue.
_MR_THRESHOLD = 0.05
_ABOVE_AIR = 0.02
_COARSE = 4
_MARGIN_MM = 8.0
_SMALLEST_PART = 0.05
_SMALLEST_BODY = 0.02


@dataclass(frozen=True, eq=False)
class Body:
    """start, stop: the box to segment, voxels (z, y, x). mask: body or not, coarser than the volume of `shape`."""

    shape: Index
    start: Index
    stop: Index
    mask: np.ndarray

    def touches(self, start: Index, stop: Index) -> bool:
        """Is there body between the corners `start` and `stop` of the volume?"""
        return bool(self.mask[_coarse_slices(start, stop, self.shape, self.mask.shape)].any())


def find_body(array: np.ndarray, modality: str, preprocessing: Preprocessing, at_least: Index) -> Body:
    """Find the body in a volume (z, y, x) that `preprocessing` made.

    The box is at least as large as `at_least` where the volume allows, so that windows see context instead of padding.
    """
    shape = array.shape
    coarse = resample(array, tuple(_ceil_div(n, _COARSE) for n in shape))
    mask = _large_parts(coarse > _threshold(array, modality, preprocessing))
    if mask.mean() < _SMALLEST_BODY:
        mask = np.ones_like(mask)
    margins = [round(_MARGIN_MM / mm) for mm in preprocessing.spacing[::-1]]
    start, stop = box_around(mask, shape, margins, at_least)
    return Body(shape, start, stop, mask)


def box_around(mask: np.ndarray, shape: Index, margins: Sequence[int], at_least: Index) -> tuple[Index, Index]:
    """First and last-plus-one voxel (z, y, x) of what `mask` holds, which must be something, in a volume of `shape`.

    mask: bool, coarser than the volume and of the same physical extent. margins: voxels added on every side, inside
    the volume. The box is at least as large as `at_least` where the volume allows.
    """
    profiles = [np.flatnonzero(mask.any(others)) for others in ((1, 2), (0, 2), (0, 1))]
    start, stop = zip(*map(_interval, profiles, mask.shape, shape, margins, at_least), strict=True)
    return start, stop


def _threshold(array: np.ndarray, modality: str, preprocessing: Preprocessing) -> float:
    """Intensity between air and body.

    A CT that was clipped to a window has air at the window's end, told from tissue by its lack of noise.
    """
    if modality == "mr":
        return _MR_THRESHOLD
    low, high = preprocessing.ct_window
    body, fat = ((hounsfield - low) / (high - low) for hounsfield in (_BODY_HU, _FAT_HU))
    lowest = float(array.min())
    is_clipped = lowest < fat and np.mean(array[::2, ::2, ::2] < lowest + 1e-4) > _SMALLEST_BODY
    return max(body, lowest + _ABOVE_AIR if is_clipped else _ABOVE_AIR)


def _large_parts(mask: np.ndarray) -> np.ndarray:
    """Connected parts of at least a twentieth of the largest one's size: the body, not noise, table or tubes."""
    import SimpleITK  # here: it takes as long to import as all of this takes to run

    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    parts = SimpleITK.RelabelComponent(SimpleITK.ConnectedComponent(image))  # largest first
    labels = SimpleITK.GetArrayFromImage(parts)
    sizes = np.bincount(labels.ravel())[1:]
    return (labels > 0) & (labels <= int((sizes >= _SMALLEST_PART * sizes.max(initial=0)).sum()))


def _interval(occupied: np.ndarray, coarse: int, size: int, margin: int, at_least: int) -> tuple[int, int]:
    """First and last-plus-one voxel of an axis of `size` voxels, from the occupied ones of its `coarse` voxels."""
    start = max(0, int(occupied[0]) * size // coarse - margin)
    stop = min(size, _ceil_div((int(occupied[-1]) + 1) * size, coarse) + margin)
    length = max(stop - start, min(at_least, size))
    start = min(max(0, start - (length - (stop - start)) // 2), size - length)
    return start, start + length


def _coarse_slices(start: Index, stop: Index, shape: Index, coarse: tuple[int, ...]) -> tuple[slice, ...]:
    """The coarse voxels between two corners, and one more on every side."""
    return tuple(
        slice(max(0, a * m // n - 1), max(0, _ceil_div(b * m, n) + 1))
        for a, b, n, m in zip(start, stop, shape, coarse, strict=True)
    )


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)
