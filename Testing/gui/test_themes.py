"""The ribbon, which draws itself, can be read in a dark and in a light theme; everything else is drawn by the theme."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette

LIGHT = ("#f0f0f0", "#000000")
DARK = ("#2a2a2a", "#ffffff")


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def ribbon(host, request):
    """A ribbon in a theme (background, text), as wide as in the panel."""
    host.module()
    from PartialSegPanels.annotate.ribbon import Ribbon

    background, text = request.param
    palette = QPalette(QColor(background))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
    ribbon = Ribbon()
    ribbon.setPalette(palette)
    ribbon.resize(300, 30)
    yield ribbon
    ribbon.deleteLater()
    host.leave_module()


def luminance(ribbon) -> np.ndarray:
    """Relative luminance (y, x) of what is drawn, as WCAG defines it."""
    image = ribbon.grab().toImage()
    colors = np.array(
        [[image.pixelColor(x, y).getRgbF()[:3] for x in range(image.width())] for y in range(image.height())]
    )
    linear = np.where(colors <= 0.03928, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(values: np.ndarray) -> float:
    return float((values.max() + 0.05) / (values.min() + 0.05))


def test_words_stand_out(ribbon):
    ribbon.show_message("The view is oblique")
    assert contrast(luminance(ribbon)) > 7


def test_the_arrow_at_the_current_slice_stands_out(ribbon):
    ribbon.show_states([0] * 20, 10)
    x = ribbon.x_of(10)
    head = luminance(ribbon)[23:29, x - 8 : x + 9]
    assert contrast(head) > 7
    assert [int((row != row[0]).sum()) for row in head] == [1, 3, 5, 7, 9, 11], "it is an arrow head"


def test_complete_and_in_part_stand_out_from_untouched(ribbon):
    ribbon.show_states([2] * 10 + [0] * 10 + [1] * 10, None)
    shown = luminance(ribbon)[10:19]
    complete, untouched, in_part = (shown[:, ribbon.x_of(n) - 20 : ribbon.x_of(n) + 20] for n in (5, 15, 25))
    assert contrast(untouched) < 1.05
    assert contrast(np.stack([complete, untouched])) > 1.9
    assert contrast(in_part) > 1.3
