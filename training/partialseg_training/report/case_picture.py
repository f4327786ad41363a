"""One case as a picture: annotated on the left, predicted on the right, on its most telling slice."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from partialseg_training.evaluate import Outcome
from partialseg_training.metrics import known_voxels
from PartialSegLib.image import lps_spacing, to_lps
from PartialSegLib.preview.outlines import Color, draw_outlines, resize
from PartialSegLib.preview.panel import draw_letters, to_bytes
from PartialSegLib.preview.planes import PLANES, Plane
from PartialSegLib.preview.text import BRIGHT, NORMAL, write
from PartialSegLib.preview.window import display_window, shown_part, to_grey
from PartialSegLib.structures import LabelSet

_WIDEST, _TALLEST = 470, 470
_GAP, _LEGEND_ROW = 6, 24
# Radiologists read axial slices: another plane has to show this much more to be preferred.
_OTHER_PLANES = 0.5


def draw_case(outcome: Outcome, label_set: LabelSet) -> Image.Image:
    """Truth and prediction of the scored structures, outlined on the slice on which most of the Dice is lost."""
    image = to_lps(outcome.volume)[0]
    to_axes = to_lps(outcome.truth)[1].apply
    expected, found = (to_axes(array) for array in scored_labels(outcome))
    plane, index = telling_slice(expected, found)
    colors = {structure.value: structure.color for structure in label_set}
    grey = to_grey(plane.cut(image, index), display_window(image, outcome.entry.modality))
    slices = [plane.cut(array, index) for array in (expected, found)]
    pixel = plane.pixel_size(lps_spacing(outcome.truth))
    part = shown_part(grey, slices[0], pixel)
    panels = [draw_panel(grey[part], np.ascontiguousarray(labels[part]), pixel, colors) for labels in slices]
    for panel, title in zip(panels, ("annotated", "predicted"), strict=True):
        draw = ImageDraw.Draw(panel)
        write(draw, (10, 8), title, 17, BRIGHT, outline=True)
        write(draw, (10, panel.height - 8), f"{plane.name.lower()} {index + 1}", 13, NORMAL, "ls", outline=True)
        draw_letters(draw, panel.size, plane.left, plane.right, "", "")
    shown = {label_set.by_value(value).name: colors[value] for value in _values(*slices)}
    return _page(panels, shown)


def scored_labels(outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction in the label file's axes, 0 wherever a structure is not scored there."""
    truth, predicted = outcome.truth.array, outcome.predicted.array
    expected, found = np.zeros_like(truth), np.zeros_like(predicted)
    for value in {row.value for row in outcome.rows}:
        known = known_voxels(truth, outcome.completeness, value, outcome.entry.unions)
        for target, source in ((expected, truth), (found, predicted)):
            inside = source == value if known is None else (source == value) & known
            target[inside] = value
    return expected, found


def telling_slice(expected: np.ndarray, found: np.ndarray) -> tuple[Plane, int]:
    """Plane and slice of two LPS label arrays (z, y, x) on which most Dice is lost, summed over structures.

    A voxel that differs counts one over the voxels of its structure in both arrays, so that a gland weighs as much as
    the liver; what is not expected anywhere has no Dice to lose.
    """
    different = expected != found
    present, predicted = (np.bincount(array.ravel(), minlength=256) for array in (expected, found))
    present[0] = 0
    weights = np.divide(1.0, present + predicted, out=np.zeros(256), where=present > 0)
    best: tuple[float, Plane, int] = (-1.0, PLANES[0], expected.shape[0] // 2)
    cost = np.where(different, weights[expected] + weights[found], 0.0).astype(np.float32)
    if not different.any():
        cost = weights[expected].astype(np.float32)
    for plane in PLANES:
        loss = cost.sum(axis=tuple(axis for axis in range(3) if axis != plane.axis))
        loss = loss * (1.0 if plane.axis == 0 else _OTHER_PLANES)
        if loss.max() > best[0]:
            best = float(loss.max()), plane, int(loss.argmax())
    return best[1], best[2]


def draw_panel(
    grey: np.ndarray, labels: np.ndarray, pixel: tuple[float, float], colors: Mapping[int, Color]
) -> Image.Image:
    """A grey slice (rows, columns) in [0, 1] in its true proportions with outlines of its labels."""
    extent = [length * size for length, size in zip(grey.shape, pixel, strict=True)]
    scale = min(_TALLEST / extent[0], _WIDEST / extent[1])
    shape = (max(1, round(extent[0] * scale)), max(1, round(extent[1] * scale)))
    picture = np.repeat(np.clip(resize(grey, shape), 0, 1)[..., None], 3, axis=2)
    draw_outlines(picture, labels, colors)
    return Image.fromarray(to_bytes(picture))


def draw_legend_rows(names: Mapping[str, Color], width: int) -> Image.Image:
    """Colour and name of each structure, side by side, in as many rows of `width` pixels as it takes."""
    measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    places, x, y = [], 8.0, 4
    for name in names:
        length = 26 + _text_width(measure, name)
        if x + length > width and x > 8:
            x, y = 8.0, y + _LEGEND_ROW
        places.append((x, y))
        x += length + 14
    legend = Image.new("RGB", (width, y + _LEGEND_ROW if names else 1))
    draw = ImageDraw.Draw(legend)
    for (left, top), (name, color) in zip(places, names.items(), strict=True):
        draw.rounded_rectangle((left, top + 4, left + 14, top + 16), 3, fill=color)
        write(draw, (left + 20, top + 10), name, 14, NORMAL, "lm")
    return legend


def _page(panels: list[Image.Image], names: Mapping[str, Color]) -> Image.Image:
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    legend = draw_legend_rows(names, width)
    page = Image.new("RGB", (width, panels[0].height + legend.height))
    left = 0
    for panel in panels:
        page.paste(panel, (left, 0))
        left += panel.width + _GAP
    page.paste(legend, (0, panels[0].height))
    return page


def _values(*slices: np.ndarray) -> list[int]:
    return sorted({int(value) for labels in slices for value in np.unique(labels)} - {0})


def _text_width(draw: ImageDraw.ImageDraw, text: str) -> float:
    from PartialSegLib.preview.text import font

    return draw.textlength(text, font=font(14))
