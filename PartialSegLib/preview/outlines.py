"""Anti-aliased coloured outlines of label slices on a grey picture."""

from collections.abc import Mapping

import numpy as np
from PIL import Image
from scipy import ndimage

from PartialSegLib.preview.boxes import label_boxes

Color = tuple[int, int, int]

# The line lies inside its structure, so that two neighbours show two lines side by side and neither hides the other.
_LINE_WIDTH_PX = 2.4
_RIM_WIDTH_PX = 1.2
_RIM_SHADE = 0.5
_TINT = 0.14
_SMOOTHING_PIXELS = 0.5


def resize(
    image: np.ndarray, shape: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """Resample a 2D float32 image to `shape` (rows, columns), optionally only its `box` (left, top, right, bottom)."""
    picture = Image.fromarray(np.ascontiguousarray(image, dtype=np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC, box=box))


def draw_outlines(picture: np.ndarray, labels: np.ndarray, colors: Mapping[int, Color]) -> None:
    """Draw the outline and a light tint of every label onto `picture` (rows, columns, 3), float32 in [0, 1], in place.

    `labels` is the 2D label slice that covers the whole picture, at any resolution of its own.
    """
    shapes = [
        (*_signed_distance(picture.shape, labels, value, box), np.asarray(colors[value], dtype=np.float32) / 255.0)
        for value, box in label_boxes(labels, colors).items()
    ]
    # All dark rims first: drawn outside its structure, a rim must not cover the line of a neighbour.
    for target, distance, color in shapes:
        inside = np.clip(distance + 0.5, 0.0, 1.0)[..., None]
        rim = np.clip(distance + _RIM_WIDTH_PX + 0.5, 0.0, 1.0)[..., None] - inside
        tint = color / max(float(color.max()), 1e-3)
        picture[target] *= (1.0 - _RIM_SHADE * rim) * (1.0 - _TINT * inside * (1.0 - tint))
    for target, distance, color in shapes:
        line = np.clip(distance + 0.5, 0.0, 1.0) * np.clip(_LINE_WIDTH_PX - distance + 0.5, 0.0, 1.0)
        picture[target] += line[..., None] * (color - picture[target])


def _signed_distance(
    picture_shape: tuple[int, ...], labels: np.ndarray, value: int, box: tuple[slice, ...]
) -> tuple[tuple[slice, slice], np.ndarray]:
    """Part of the picture around a label, and there the distance to its smooth outline in pixels, positive inside."""
    scale = [shown / own for shown, own in zip(picture_shape, labels.shape, strict=False)]
    # A border of two label pixels keeps the resampling kernel and the smoothing away from the edge of the crop.
    rows, columns = (
        slice(max(0, int((part.start - 2) * s) - 2), min(length, int(np.ceil((part.stop + 2) * s)) + 2))
        for part, s, length in zip(box, scale, picture_shape, strict=False)
    )
    source = (columns.start / scale[1], rows.start / scale[0], columns.stop / scale[1], rows.stop / scale[0])
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    # Zeros around it, so that a structure that goes on beyond the picture is closed by a line at its border.
    coverage = np.pad(resize(labels == value, shape, _inside(source, labels.shape)), 2)
    coverage = ndimage.gaussian_filter(coverage, [max(0.45, _SMOOTHING_PIXELS * s) for s in scale], mode="constant")
    # The steepest around each pixel, as on the ridge of a line one pixel thin the slope itself is zero.
    slope = ndimage.maximum_filter(np.hypot(*np.gradient(coverage)), 3)
    # A structure of one thin line would be smoothed away below one half.
    level = min(0.5, 0.6 * float(coverage.max()))
    return (rows, columns), ((coverage - level) / np.maximum(slope, 1e-3))[2:-2, 2:-2]


def _inside(box: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Undo rounding that would put a box a hair outside the image, which Pillow refuses."""
    left, top, right, bottom = box
    return max(0.0, left), max(0.0, top), min(float(shape[1]), right), min(float(shape[0]), bottom)
