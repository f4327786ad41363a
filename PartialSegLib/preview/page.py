"""The whole picture: three slices, the 3D rendering, the legend, title and footer."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.preview.boxes import label_boxes
from PartialSegLib.preview.legend import draw_legend
from PartialSegLib.preview.outlines import Color
from PartialSegLib.preview.panel import draw_letters, draw_slice, to_bytes
from PartialSegLib.preview.planes import PLANES, Spacing, best_indices
from PartialSegLib.preview.render import render
from PartialSegLib.preview.text import BRIGHT, FAINT, NORMAL, shorten, write
from PartialSegLib.preview.window import display_window
from PartialSegLib.structures import LabelSet

_SIZE = (1600, 1200)
_PAGE = (17, 20, 25)
_MARGIN = 20
_GAP = 10
_TOP = 78
_FOOTER = 40
_LEGEND_WIDTH = 340
_PANEL = (
    (_SIZE[1] - _TOP - _FOOTER - _GAP) // 2,
    (_SIZE[0] - 2 * _MARGIN - _LEGEND_WIDTH - 26 - _GAP) // 2,
)
_PLACES = [(_MARGIN + i * (_PANEL[1] + _GAP), _TOP + j * (_PANEL[0] + _GAP)) for j in (0, 1) for i in (0, 1)]


def draw_preview(
    volume: Volume,
    labels: Volume,
    label_set: LabelSet,
    path: str | os.PathLike,
    *,
    title_lines: Sequence[str] = (),
    modality: str = "ct",
) -> None:
    """Write a 1600 x 1200 PNG of `labels` on `volume` (same grid, any orientation) to `path`.

    The first title line is large, the others follow small; nothing else of the input's identity is shown.
    `modality` "ct" shows the soft tissue window, anything else a window from percentiles.
    Raises UserError when the grids differ, the name does not end in .png, or the file cannot be written.
    """
    if Path(path).suffix.lower() != ".png":
        raise UserError(f"the preview is a PNG picture: give {path} a name that ends in .png")
    if not volume.same_grid(labels):
        raise UserError("the image and its labels do not lie on the same grid: segment this image again")
    image, undo = to_lps(volume)
    label_array, spacing = undo.apply(labels.array), undo.spacing
    colors = {structure.value: structure.color for structure in label_set}
    boxes = label_boxes(label_array, colors)
    page = Image.new("RGB", _SIZE, _PAGE)
    window = display_window(image, modality)
    indices = best_indices(label_array, spacing, colors)
    for plane, index, place in zip(PLANES, indices, _PLACES, strict=False):
        page.paste(draw_slice(_PANEL, plane, index, (image, label_array), spacing, window, colors), place)
    page.paste(_draw_rendering(label_array, spacing, boxes, colors), _PLACES[3])
    draw = ImageDraw.Draw(page)
    rows = [(structure.name, structure.color) for structure in label_set]
    voxel_ml = volume.voxel_volume_ml
    volumes = {
        label_set.by_value(value).name: int(np.count_nonzero(label_array[box] == value)) * voxel_ml
        for value, box in boxes.items()
    }
    draw_legend(draw, (_SIZE[0] - _MARGIN - _LEGEND_WIDTH, _TOP, _SIZE[0] - _MARGIN, _SIZE[1] - _FOOTER), rows, volumes)
    _draw_texts(draw, title_lines)
    with atomic_path(path) as temporary:
        page.save(temporary, format="PNG")


def _draw_rendering(
    labels: np.ndarray, spacing: Spacing, boxes: Mapping[int, tuple[slice, ...]], colors: Mapping[int, Color]
) -> Image.Image:
    rows, columns = _PANEL
    down, right = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    glow = np.clip(1.0 - 0.55 * (down**2 + right**2), 0.25, 1.0)[..., None]
    picture = (glow * (np.array([44, 50, 60]) / 255.0)).astype(np.float32)
    render(picture, labels, spacing, boxes, colors)
    panel = Image.fromarray(to_bytes(picture))
    draw = ImageDraw.Draw(panel)
    write(draw, (12, 9), "3D, seen from the front", 20, BRIGHT, "la", outline=True)
    draw_letters(draw, panel.size, "R", "L", "S", "I")
    if not boxes:
        write(draw, (columns / 2, rows / 2), "No structure was found", 22, NORMAL, "mm")
    return panel


def _draw_texts(draw: ImageDraw.ImageDraw, lines: Sequence[str]) -> None:
    width = _SIZE[0] - 2 * _MARGIN
    if lines:
        write(draw, (_MARGIN, 10), shorten(draw, lines[0], 28, width), 28, BRIGHT)
    if len(lines) > 1:
        write(draw, (_MARGIN, 46), shorten(draw, " | ".join(lines[1:]), 18, width), 18, NORMAL)
    write(draw, (_MARGIN, _SIZE[1] - 20), "Not for clinical use", 17, NORMAL, "lm")
    convention = "Radiological convention: the patient's right is on the left of the picture"
    write(draw, (_SIZE[0] - _MARGIN, _SIZE[1] - 20), convention, 15, FAINT, "rm")
