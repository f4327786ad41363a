"""The 3D picture of all structures."""

from collections.abc import Mapping

import numpy as np

from PartialSegLib.preview.camera import box_corners, front_camera
from PartialSegLib.preview.composite import blend
from PartialSegLib.preview.field import smooth_field
from PartialSegLib.preview.outlines import Color
from PartialSegLib.preview.planes import Spacing
from PartialSegLib.preview.surface import cast


def render(
    picture: np.ndarray,
    labels: np.ndarray,
    spacing: Spacing,
    boxes: Mapping[int, tuple[slice, ...]],
    colors: Mapping[int, Color],
) -> None:
    """Draw the surfaces of an LPS label array (z, y, x), seen from the front, over `picture` in place.

    `picture` is (rows, columns, 3), float32 in [0, 1]; `boxes` gives the bounding box of every label to draw.
    """
    if not boxes:
        return
    cell_mm = np.asarray(spacing[::-1], dtype=float)
    corners = np.concatenate([box_corners(box, cell_mm) for box in boxes.values()])
    camera = front_camera(corners, (picture.shape[0], picture.shape[1]))
    layers = {}
    for value, box in boxes.items():
        field = smooth_field(labels[box] == value, spacing, tuple(part.start for part in box))
        layer = cast(field, camera)
        if layer is not None:
            layers[value] = layer
    if layers:
        blend(picture, layers, colors)
