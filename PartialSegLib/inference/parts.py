"""Each structure is one organ: small islands far from it are mistakes, and are removed.

The parts are found on a coarse copy of the label map, because counting every voxel of a large scan costs seconds and
the islands that matter are not that small.
"""

from collections.abc import Collection

import numpy as np

from PartialSegLib.preprocessing import resample_labels


def remove_islands(
    labels: np.ndarray, coarse_shape: tuple[int, ...], smallest: float, one_part: Collection[int] = ()
) -> None:
    """Set to 0, in place, the parts of a structure that are smaller than `smallest` times its largest part.

    labels: uint8 (z, y, x). coarse_shape: grid over the same extent on which parts are told apart;
    what is too small to show there belongs to the part beside it, or stays.
    one_part: values of which only the largest part is kept ("connected component analysis for different organs",
    Liu et al., FLARE 2023), with others that are exactly as large.
    """
    if smallest <= 0 and not one_part:
        return
    shape = tuple(min(n, m) for n, m in zip(labels.shape, coarse_shape, strict=True))
    islands = _islands(resample_labels(labels, shape), smallest, one_part)
    if not islands.any():
        return
    z, y, x = (np.arange(n) * m // n for n, m in zip(labels.shape, shape, strict=True))
    for plane, above in zip(labels, islands[z], strict=True):
        unwanted = above[np.ix_(y, x)]
        plane[(plane == unwanted) & (unwanted > 0)] = 0


def _islands(labels: np.ndarray, smallest: float, one_part: Collection[int]) -> np.ndarray:
    """The value of the structure in voxels that are in, or next to, one of its islands; else 0."""
    import SimpleITK  # here: it takes as long to import as all of this takes to run

    islands = np.zeros_like(labels)
    present = np.unique(labels[labels > 0]).tolist()
    for value in present if smallest > 0 else sorted({*present} & {*one_part}):
        box = _bounding_box(labels == value)
        mask = SimpleITK.GetImageFromArray((labels[box] == value).astype(np.uint8))
        parts = SimpleITK.ConnectedComponent(mask, True)  # corners connect too: when in doubt, it is one organ
        numbers = SimpleITK.GetArrayViewFromImage(parts)
        sizes = np.bincount(numbers.ravel())
        sizes[0] = 0
        fraction = 1.0 if value in one_part else smallest
        is_small = (sizes > 0) & (sizes < fraction * sizes.max())
        islands[box][is_small[numbers]] = value
    return _grown(islands, labels)


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    spans = (np.flatnonzero(mask.any(others)) for others in ((1, 2), (0, 2), (0, 1)))
    return tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans)


def _grown(islands: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """On the fine grid islands reach a little further: grow them by one voxel, but not into what is kept of them."""
    for axis in range(3):
        for step in (1, -1):
            shifted = np.roll(islands, step, axis)
            edge = [slice(None)] * 3
            edge[axis] = slice(0, 1) if step == 1 else slice(-1, None)
            shifted[tuple(edge)] = 0
            islands = np.where((islands > 0) | (labels == shifted), islands, shifted)
    return islands
