"""A picture of what an annotation says: painted, known without being painted, unknown; in one slice of each plane."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from PartialSegLib.annotation import reorient
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.image.orientation import lps_view
from PartialSegLib.preview.panel import draw_letters
from PartialSegLib.preview.planes import PLANES, Plane
from PartialSegLib.preview.text import BRIGHT, NORMAL, shorten, write
from PartialSegLib.preview.window import display_window, to_grey
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import UNPAINTED, Completeness, candidate_sets, everything

_PANEL = 460
_LEGEND = 300
_TOP = 46
_GAP = 8
_PAGE = (17, 20, 25)
_NOT_THESE = (255, 255, 255)  # painted background, or a union with it
_PAINT = 0.75
_UNKNOWN_SHADE = 0.45
_UNKNOWN_TINT = np.array([70, 90, 190], np.float32)
_HATCH_PX = 10


def draw_annotation(
    path: Path,
    image: Volume,
    labels: Volume | None,
    completeness: Completeness,
    label_set: LabelSet,
    unions: Mapping[int, tuple[int, ...]] | None = None,
    title: str = "",
) -> None:
    """Write a PNG with the axial, coronal and sagittal slice that say most.

    The voxels of the two volumes coincide, whatever the order of their axes; labels are None where nothing is said.
    Raises UserError when the name does not end in .png or the file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"the picture is a PNG file: give {path} a name that ends in .png")
    grey, undo = to_lps(image)
    painted = np.zeros(grey.shape, np.uint8) if labels is None else to_lps(labels)[0]
    record = completeness if labels is None else reorient(completeness, lps_view(labels))
    unknown = candidate_sets(painted, record, unions) == everything(record.n_classes)
    colors = _colors(label_set, unions or {})
    window = display_window(grey, image.modality or "ct")
    page = Image.new("RGB", (3 * (_PANEL + _GAP) + _LEGEND, _TOP + _PANEL + _GAP), _PAGE)
    for number, plane in enumerate(PLANES):
        index = _most_said(painted, unknown, plane.axis)
        shown, marks, hidden = (plane.cut(array, index) for array in (grey, painted, unknown))
        panel = _draw_panel(to_grey(shown, window), marks, hidden, colors, plane, undo.spacing)
        write(ImageDraw.Draw(panel), (10, 6), f"{plane.name}, slice {index + 1}", 18, BRIGHT, outline=True)
        page.paste(panel, (number * (_PANEL + _GAP), _TOP))
    draw = ImageDraw.Draw(page)
    write(draw, (10, 10), shorten(draw, title, 22, page.width - 20), 22, BRIGHT)
    _draw_legend(draw, 3 * (_PANEL + _GAP) + 12, label_set, painted)
    with atomic_path(path) as temporary:
        page.save(temporary, format="PNG")


def _colors(label_set: LabelSet, unions: Mapping[int, tuple[int, ...]]) -> np.ndarray:
    """(256, 3) colour of each label value; a union of structures has that of its first one."""
    colors = np.tile(np.array(_NOT_THESE, np.float32), (256, 1))
    for structure in label_set:
        colors[structure.value] = structure.color
    for value, members in unions.items():
        colors[value] = _NOT_THESE if 0 in members else colors[min(members)]
    return colors


def _most_said(painted: np.ndarray, unknown: np.ndarray, axis: int) -> int:
    """The slice with most painted voxels and, of equal ones, most known ones."""
    others = tuple(other for other in range(3) if other != axis)
    count, known = (painted != UNPAINTED).sum(axis=others), (~unknown).sum(axis=others)
    return int(np.lexsort((known, count))[-1])


def _draw_panel(
    grey: np.ndarray,
    painted: np.ndarray,
    unknown: np.ndarray,
    colors: np.ndarray,
    plane: Plane,
    spacing: tuple[float, float, float],
) -> Image.Image:
    extent = [count * size for count, size in zip(grey.shape, plane.pixel_size(spacing), strict=True)]
    rows, columns = (max(1, round(_PANEL * length / max(extent))) for length in extent)
    # Nearest voxels, so that every voxel of a scribble is seen as it is.
    down, right = (np.arange(n) * size // n for n, size in zip((rows, columns), grey.shape, strict=True))
    grey, painted, unknown = (array[np.ix_(down, right)] for array in (grey, painted, unknown))
    picture = np.repeat(grey[..., None] * 255.0, 3, axis=2)
    stripes = (np.add.outer(np.arange(rows), np.arange(columns)) // (_HATCH_PX // 2)) % 2 == 0
    picture[unknown] *= _UNKNOWN_SHADE
    picture[unknown & stripes] += 0.35 * _UNKNOWN_TINT
    marked = painted != UNPAINTED
    picture[marked] = (1 - _PAINT) * picture[marked] + _PAINT * colors[painted[marked]]
    panel = Image.new("RGB", (_PANEL, _PANEL))
    corner = ((_PANEL - columns) // 2, (_PANEL - rows) // 2)
    panel.paste(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)), corner)
    draw_letters(ImageDraw.Draw(panel), panel.size, plane.left, plane.right, plane.top, plane.bottom)
    return panel


def _draw_legend(draw: ImageDraw.ImageDraw, left: int, label_set: LabelSet, painted: np.ndarray) -> None:
    used = np.bincount(painted.ravel(), minlength=256) > 0
    rows = [(structure.name, structure.color) for structure in label_set if used[structure.value]]
    if used[label_set.n_classes :].any():
        rows.append(("painted as none of these", _NOT_THESE))
    top = _TOP + 4
    for name, color in rows:
        draw.rectangle((left, top, left + 18, top + 14), fill=color)
        write(draw, (left + 28, top + 7), shorten(draw, name, 15, _LEGEND - 50), 15, NORMAL, "lm")
        top += 22
    top += 10
    for text in ("grey: not painted, but known", "not to be what is complete there", "striped: nothing is known"):
        write(draw, (left, top), text, 15, NORMAL)
        top += 20
