"""HTML files that need nothing but themselves."""

import base64
import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

import PartialSegLib
from PartialSegLib.files import atomic_path

_TEMPLATES = Path(__file__).parent / "templates"
# Of the 256 colours of a picture: greys for the scan, the others for outlines and tints.
_GREYS = 112
_COLORFUL = 12


def write_page(template: str, path: Path, **values: Any) -> None:
    """Fill a template and write it to `path`; text is escaped, only `markupsafe.Markup` is taken as it is."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    today = f"{date.today():%d %B %Y}"
    text = environment.get_template(template).render(date=today, version=PartialSegLib.__version__, **values)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def embedded(picture: Image.Image) -> str:
    """The picture as the address of itself: a PNG of 256 colours in base64."""
    buffer = io.BytesIO()
    picture = picture.convert("RGB")
    picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _palette(picture: Image.Image) -> Image.Image:
    """Evenly spaced greys, and the colours that serve the coloured pixels of an RGB picture best."""
    pixels = np.asarray(picture).reshape(-1, 3)
    colorful = pixels[np.ptp(pixels, axis=1) > _COLORFUL]
    colors = np.linspace(0, 255, _GREYS).astype(np.uint8).repeat(3).tolist()
    if len(colorful):
        few = Image.fromarray(colorful[None]).quantize(256 - _GREYS, method=Image.Quantize.MEDIANCUT)
        colors += (few.getpalette() or [])[: 3 * (256 - _GREYS)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colors)
    return palette
