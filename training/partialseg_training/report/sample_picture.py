"""One training sample as a picture: what is painted in it, and what each of its voxels may be."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from partialseg_training.report.case_picture import draw_legend_rows, draw_panel
from PartialSegLib.preview.outlines import Color, resize
from PartialSegLib.preview.panel import to_bytes
from PartialSegLib.preview.planes import AXIAL, CORONAL, Plane, best_indices
from PartialSegLib.preview.text import BRIGHT, NORMAL, write
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import everything

_MARGIN, _TICK, _GAP = 14, 9, 8
_AMBER = (255, 191, 64)
_FEWEST, _MOST = np.array([0.30, 0.85, 0.80]), np.array([0.13, 0.20, 0.34])
_UNKNOWN = np.array([0.16, 0.16, 0.18]), np.array([0.30, 0.30, 0.33])
_BACKGROUND = np.array([0.93, 0.93, 0.90])
_SHINE_THROUGH = 0.25

# Text of the picture's legend: what colours mean that belong to no structure.
MEANINGS: dict[str, Color] = {
    "one of few": (77, 217, 204),
    "one of many": (33, 51, 87),
    "anything (hatched)": (77, 77, 84),
    "background": (237, 237, 230),
    "annotated slices (ticks, frame)": _AMBER,
}


def draw_sample(sample: Mapping[str, Any], label_set: LabelSet, spacing: tuple[float, float, float]) -> Image.Image:
    """Axial and coronal slice of a sample: left the image with painted outlines, right what each voxel may be.

    sample: "image" (1, Z, Y, X), "candidates" (Z, Y, X) bit sets, and the slice records "z" (Z, C), "y", "x", drawn as
    ticks at the border of the planes they cross, and as a frame around a slice that is itself annotated. spacing:
    (x, y, z) in mm.
    """
    image, candidates = np.asarray(sample["image"])[0], np.asarray(sample["candidates"])
    records = [np.any(np.asarray(sample[axis]), axis=1) for axis in "zyx"]
    labels = painted_labels(candidates, label_set.n_classes)
    colors = {structure.value: structure.color for structure in label_set}
    indices = best_indices(labels, spacing, colors)
    rows = []
    shown: set[int] = set()
    for plane in (AXIAL, CORONAL):
        index = indices[plane.axis]
        grey, painted, sets = (plane.cut(array, index) for array in (image, labels, candidates))
        shown |= {int(value) for value in np.unique(painted)} - {0}
        pixel = plane.pixel_size(spacing)
        left = draw_panel(grey, np.ascontiguousarray(painted), pixel, colors)
        right = _draw_sets(grey, sets, painted, left.size, colors, label_set.n_classes)
        panels = [_framed(panel, plane, index, records) for panel in (left, right)]
        for panel, title in zip(panels, (f"{plane.name.lower()}, painted", "what each voxel may be"), strict=True):
            write(ImageDraw.Draw(panel), (_MARGIN + 8, _MARGIN + 6), title, 16, BRIGHT, outline=True)
        rows.append(panels)
    legend = {label_set.by_value(value).name: colors[value] for value in sorted(shown)}
    return _page(rows, {**legend, **MEANINGS})


def painted_labels(candidates: np.ndarray, n_classes: int) -> np.ndarray:
    """uint8 labels of the voxels that may be exactly one structure; 0 elsewhere."""
    labels = np.zeros(candidates.shape, np.uint8)
    for value in range(1, n_classes):
        labels[candidates == 1 << value] = value
    return labels


def how_many(candidates: np.ndarray, n_classes: int) -> np.ndarray:
    """Number of classes in each bit set."""
    return np.add.reduce([(candidates >> bit) & 1 for bit in range(n_classes)])


def _draw_sets(
    grey: np.ndarray,
    sets: np.ndarray,
    painted: np.ndarray,
    size: tuple[int, int],
    colors: Mapping[int, Color],
    n_classes: int,
) -> Image.Image:
    """Each voxel in the colour of what it may be, over a faint image; `size` is (width, height)."""
    width, height = size
    rows = np.arange(height) * sets.shape[0] // height
    columns = np.arange(width) * sets.shape[1] // width
    sets, painted = sets[rows][:, columns], painted[rows][:, columns]
    share = ((how_many(sets, n_classes) - 2) / max(n_classes - 3, 1)).clip(0, 1)[..., None]
    picture = _FEWEST + share * (_MOST - _FEWEST)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    hatch = ((across + down) // 5 % 2 == 0)[..., None]
    unknown = (sets == everything(n_classes))[..., None]
    picture = np.where(unknown, np.where(hatch, *_UNKNOWN), picture)
    picture[sets == 1] = _BACKGROUND
    for value, color in colors.items():
        picture[painted == value] = np.asarray(color) / 255.0
    under = np.clip(resize(grey, (height, width)), 0, 1)[..., None]
    return Image.fromarray(to_bytes(picture * (1 - _SHINE_THROUGH) + under * _SHINE_THROUGH))


def _framed(panel: Image.Image, plane: Plane, index: int, records: Sequence[Any]) -> Image.Image:
    """The panel in a margin with ticks where annotated slices cross it, and a frame if its own slice is annotated."""
    page = Image.new("RGB", (panel.width + 2 * _MARGIN, panel.height + 2 * _MARGIN))
    page.paste(panel, (_MARGIN, _MARGIN))
    draw = ImageDraw.Draw(page)
    if records[plane.axis][index]:
        low, right, bottom = _MARGIN - 3, _MARGIN + panel.width + 2, _MARGIN + panel.height + 2
        draw.rectangle((low, low, right, bottom), None, _AMBER, 3)
    row_axis, column_axis = (axis for axis in range(3) if axis != plane.axis)
    lines = records[row_axis][::-1] if plane.flip_rows else records[row_axis]
    for place in (np.flatnonzero(lines) + 0.5) * panel.height / len(lines) + _MARGIN:
        draw.line((0, place, _TICK, place), _AMBER, 2)
        draw.line((page.width - _TICK, place, page.width, place), _AMBER, 2)
    columns = records[column_axis]
    for place in (np.flatnonzero(columns) + 0.5) * panel.width / len(columns) + _MARGIN:
        draw.line((place, 0, place, _TICK), _AMBER, 2)
        draw.line((place, page.height - _TICK, place, page.height), _AMBER, 2)
    write(draw, (_MARGIN + 8, page.height - _MARGIN - 8), f"slice {index + 1}", 13, NORMAL, "ls", outline=True)
    return page


def _page(rows: list[list[Image.Image]], names: Mapping[str, Color]) -> Image.Image:
    width = max(sum(panel.width for panel in row) + _GAP * (len(row) - 1) for row in rows)
    legend = draw_legend_rows(names, width)
    page = Image.new("RGB", (width, sum(row[0].height + _GAP for row in rows) + legend.height))
    top = 0
    for row in rows:
        left = 0
        for panel in row:
            page.paste(panel, (left, top))
            left += panel.width + _GAP
        top += row[0].height + _GAP
    page.paste(legend, (0, top))
    return page
