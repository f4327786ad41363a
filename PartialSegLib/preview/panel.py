"""One slice panel: the slice in its true proportions, outlines, orientation letters and a scale bar."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from PartialSegLib.preview.outlines import Color, draw_outlines, resize
from PartialSegLib.preview.planes import Plane, Spacing
from PartialSegLib.preview.text import BRIGHT, NORMAL, write
from PartialSegLib.preview.window import shown_part, to_grey

_BAR_LENGTHS_MM = (200, 100, 50, 20, 10, 5, 2, 1)


def draw_slice(
    shape: tuple[int, int],
    plane: Plane,
    index: int,
    arrays: tuple[np.ndarray, np.ndarray],
    spacing: Spacing,
    window: tuple[float, float],
    colors: Mapping[int, Color],
) -> Image.Image:
    """A black panel of `shape` (rows, columns) with slice `index` of the LPS `arrays` (image, labels)."""
    pixel_size = plane.pixel_size(spacing)
    grey = to_grey(plane.cut(arrays[0], index), window)
    labels = plane.cut(arrays[1], index)
    part = shown_part(grey, labels, pixel_size)
    grey, labels = grey[part], np.ascontiguousarray(labels[part])
    extent = [length * size for length, size in zip(grey.shape, pixel_size, strict=True)]
    pixels_per_mm = min((length - 8) / mm for length, mm in zip(shape, extent, strict=True))
    rows, columns = (max(1, round(mm * pixels_per_mm)) for mm in extent)
    picture = np.repeat(np.clip(resize(grey, (rows, columns)), 0, 1)[..., None], 3, axis=2)
    draw_outlines(picture, labels, colors)
    panel = Image.new("RGB", (shape[1], shape[0]))
    corner = ((shape[1] - columns) // 2, (shape[0] - rows) // 2)
    panel.paste(Image.fromarray(to_bytes(picture)), corner)
    _annotate(panel, plane, index, arrays[0].shape[plane.axis], pixels_per_mm)
    return panel


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """8-bit RGB of a float picture in [0, 1]."""
    return (np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _annotate(panel: Image.Image, plane: Plane, index: int, count: int, pixels_per_mm: float) -> None:
    draw = ImageDraw.Draw(panel)
    width, height = panel.size
    write(draw, (12, 9), plane.name, 20, BRIGHT, "la", outline=True)
    write(draw, (12, height - 10), f"slice {index + 1} of {count}", 15, NORMAL, "ls", outline=True)
    draw_letters(draw, panel.size, plane.left, plane.right, plane.top, plane.bottom)
    for length in _BAR_LENGTHS_MM:
        if length * pixels_per_mm <= 0.3 * width:
            break
    start, end, base = width - 14 - length * pixels_per_mm, width - 14, height - 12
    draw.line([(start, base), (end, base)], fill=NORMAL, width=3)
    name = f"{length / 10:g} cm" if length >= 10 else f"{length} mm"
    write(draw, ((start + end) / 2, base - 6), name, 15, NORMAL, "ms", outline=True)


def draw_letters(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], left: str, right: str, top: str, bottom: str
) -> None:
    """Orientation letters in the middle of the four borders."""
    width, height = size
    write(draw, (10, height / 2), left, 22, BRIGHT, "lm", outline=True)
    write(draw, (width - 10, height / 2), right, 22, BRIGHT, "rm", outline=True)
    write(draw, (width / 2, 8), top, 22, BRIGHT, "ma", outline=True)
    write(draw, (width / 2, height - 9), bottom, 22, BRIGHT, "ms", outline=True)
