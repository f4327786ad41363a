"""Text on a Pillow picture in the font that ships with Pillow."""

from functools import cache

from PIL import ImageDraw, ImageFont

BRIGHT = (236, 239, 243)
NORMAL = (186, 194, 204)
FAINT = (122, 132, 145)


@cache
def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: float,
    color: tuple[int, int, int] = NORMAL,
    anchor: str = "la",
    outline: bool = False,
) -> None:
    """Write one line; `anchor` as in Pillow ("la": left, top of the line); `outline` keeps it readable on an image."""
    draw.text(
        at, text, fill=color, font=font(size), anchor=anchor, stroke_width=2 if outline else 0, stroke_fill=(0, 0, 0)
    )


def shorten(draw: ImageDraw.ImageDraw, text: str, size: float, width: float) -> str:
    """`text`, cut with three dots where it would be wider than `width` pixels."""
    text = " ".join(text.split())
    if draw.textlength(text, font=font(size)) <= width:
        return text
    while text and draw.textlength(text + "...", font=font(size)) > width:
        text = text[:-1]
    return text.rstrip() + "..."
