"""The legend: colour, name and volume of every structure of the label set."""

from collections.abc import Mapping

from PIL import ImageDraw

from PartialSegLib.preview.text import BRIGHT, FAINT, NORMAL, font, shorten, write

_MAX_ROW_PX = 50
_MIN_ROW_PX = 20


def draw_legend(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    rows: list[tuple[str, tuple[int, int, int]]],
    volumes_ml: Mapping[str, float],
) -> None:
    """Write one row per (name, colour) into `box` (left, top, right, bottom); a name without a volume was not found."""
    left, top, right, bottom = box
    write(draw, (left, top), "Structure", 16, FAINT)
    write(draw, (right, top), "Volume, mL", 16, FAINT, "ra")
    top += 30
    shown, missing = _fit(rows, volumes_ml, bottom - top)
    height = min(_MAX_ROW_PX, (bottom - top) // max(1, len(shown) + bool(missing)))
    size = min(19.0, height * 0.56)
    for name, color in shown:
        _draw_row(draw, (left, top, right, top + height), size, name, color, volumes_ml.get(name))
        top += height
    if missing:
        write(draw, (left, top + height / 2), f"and {missing} more", size, FAINT, "lm")


def _fit(
    rows: list[tuple[str, tuple[int, int, int]]], volumes_ml: Mapping[str, float], height: int
) -> tuple[list[tuple[str, tuple[int, int, int]]], int]:
    """The rows that fit: all of them, else those that were found, else the first of those and how many are left out."""
    room = max(1, height // _MIN_ROW_PX)
    if len(rows) <= room:
        return rows, 0
    found = [row for row in rows if row[0] in volumes_ml]
    if len(found) <= room:
        return found, 0
    return found[: room - 1], len(found) - room + 1


def _draw_row(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    size: float,
    name: str,
    color: tuple[int, int, int],
    volume: float | None,
) -> None:
    left, top, right, bottom = box
    middle, half = (top + bottom) / 2, size * 0.42
    found = volume is not None
    swatch = (left, middle - half, left + 2 * half + 4, middle + half)
    draw.rounded_rectangle(swatch, 4, fill=color if found else None, outline=color, width=2)
    label, label_size = ("not found", size * 0.8) if volume is None else (format_ml(volume), size)
    room = right - left - 30 - draw.textlength(label, font=font(label_size)) - 8
    write(draw, (left + 30, middle), shorten(draw, name, size, room), size, NORMAL if found else FAINT, "lm")
    write(draw, (right, middle), label, label_size, BRIGHT if found else FAINT, "rm")


def format_ml(volume: float) -> str:
    """Millilitres with about three digits: 1,524, 86.3, 4.12."""
    if volume >= 100:
        return f"{volume:,.0f}"
    return f"{volume:.1f}" if volume >= 10 else f"{volume:.2f}"
