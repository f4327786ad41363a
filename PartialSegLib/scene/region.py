"""A box that the user drew, as a range of voxels."""

from itertools import product
from typing import Any

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.scene.geometry import apply, ijk_to_ras, points_between, to_numpy
from PartialSegLib.scene.volumes import shape_of

Region = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def region_of(roi_node: Any, volume_node: Any) -> Region:
    """The voxels of a volume whose centers lie in a markups ROI: ((z0, z1), (y0, y1), (x0, x1)), ends excluded.

    Of a box that is turned against the volume, the smallest range that holds it, cut at the volume's edges. UserError
    when the box is not placed yet or lies outside the volume.
    """
    size = np.array(roi_node.GetSize(), float)
    if roi_node.GetNumberOfControlPoints() == 0 or not (size > 0).all():
        raise UserError(f"{roi_node.GetName()} is not placed yet: draw the box in a slice view")
    corners = np.array(list(product((-0.5, 0.5), repeat=3))) * size
    in_world = apply(to_numpy(roi_node.GetObjectToWorldMatrix()), corners)
    ras = points_between(None, volume_node, in_world)
    index = apply(np.linalg.inv(ijk_to_ras(volume_node)), ras)
    limits = np.array(shape_of(volume_node)[::-1])
    first = np.clip(np.ceil(index.min(0) - 1e-6).astype(int), 0, limits)
    stop = np.clip(np.floor(index.max(0) + 1e-6).astype(int) + 1, 0, limits)
    if (first >= stop).any():
        raise UserError(f"{roi_node.GetName()} lies outside {volume_node.GetName()}: move the box onto the patient")
    x, y, z = zip(first.tolist(), stop.tolist(), strict=True)
    return z, y, x
