import numpy as np
import pytest
from PIL import Image, ImageDraw

from PartialSegLib.preview.legend import draw_legend, format_ml
from PartialSegLib.preview.text import font, shorten


@pytest.mark.parametrize(
    ("volume", "text"), [(1524.3, "1,524"), (100.0, "100"), (86.31, "86.3"), (4.123, "4.12"), (0.0004, "0.00")]
)
def test_volumes_have_about_three_digits(volume, text):
    assert format_ml(volume) == text


def legend(count: int, found: int) -> np.ndarray:
    picture = Image.new("RGB", (340, 600))
    rows = [(f"structure {i}", (255, 0, 255)) for i in range(count)]
    draw_legend(ImageDraw.Draw(picture), (0, 0, 340, 600), rows, {f"structure {i}": 10.0 + i for i in range(found)})
    return np.asarray(picture)


def swatches(picture: np.ndarray) -> int:
    """Filled swatches, counted down the middle of their column."""
    column = (picture[:, 8] == (255, 0, 255)).all(axis=1)
    starts = np.flatnonzero(np.diff(column.astype(int), prepend=0) == 1)
    stops = np.flatnonzero(np.diff(column.astype(int), append=0) == -1)
    return int(((stops - starts) > 4).sum())


def test_found_structures_have_a_filled_swatch():
    assert swatches(legend(16, 12)) == 12


def test_a_long_label_set_shows_what_was_found():
    assert swatches(legend(31, 5)) == 5


def test_too_many_structures_end_with_how_many_are_left_out():
    picture = legend(60, 60)
    assert swatches(picture) == 27
    assert picture[580:600, 30:200].max() > 60


def test_shorten_keeps_what_fits_and_marks_what_does_not():
    draw = ImageDraw.Draw(Image.new("RGB", (10, 10)))
    assert shorten(draw, "a  b\nc", 20, 500) == "a b c"
    short = shorten(draw, "word " * 50, 20, 120)
    assert short.endswith("...")
    assert draw.textlength(short, font=font(20)) <= 120
