import numpy as np
import pytest
from scenes import BRIGHT_COLORS

from PartialSegLib.preview.outlines import draw_outlines

GREY = 0.5


def drawn(labels: np.ndarray, scale: float = 8.0) -> np.ndarray:
    picture = np.full((*(round(n * scale) for n in labels.shape), 3), GREY, np.float32)
    draw_outlines(picture, labels, BRIGHT_COLORS)
    return picture


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    row, column = np.indices(shape)
    return np.hypot(row - centre[0], column - centre[1]) <= radius


def redness(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0] - picture[..., 1:].max(axis=2)


def test_outline_runs_inside_the_edge_of_its_structure():
    labels = np.zeros((40, 40), np.uint8)
    labels[disc((40, 40), (20, 20), 12.2)] = 1
    row, column = np.nonzero(redness(drawn(labels)) > 0.9)
    radius = np.hypot(row + 0.5 - 20.5 * 8, column + 0.5 - 20.5 * 8) / 8
    assert radius.min() > 11.4
    assert radius.max() < 12.9
    # All around: every tenth of the circle has some of it.
    angle = np.arctan2(row - 164, column - 164)
    assert (np.histogram(angle, bins=10, range=(-np.pi, np.pi))[0] > 20).all()


def test_inside_is_tinted_lightly_and_outside_untouched():
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30, 10:30] = 1
    picture = drawn(labels)
    assert 0.02 < redness(picture)[160, 160] < 0.15
    np.testing.assert_array_equal(picture[:60], np.float32(GREY))


def test_edges_are_anti_aliased():
    labels = np.zeros((40, 40), np.uint8)
    labels[disc((40, 40), (20, 20), 12.2)] = 1
    red = redness(drawn(labels))
    full, partial = (red > 0.95).sum(), ((red > 0.2) & (red < 0.8)).sum()
    assert 0.2 * full < partial < 2 * full


def test_both_outlines_of_neighbours_are_seen():
    labels = np.zeros((30, 40), np.uint8)
    labels[5:25, 5:20] = 1
    labels[5:25, 20:35] = 2
    picture = drawn(labels)
    middle = picture[100:140]
    assert (redness(middle).max(axis=1) > 0.9).all()
    green = middle[..., 1] - middle[..., [0, 2]].max(axis=2)
    assert (green.max(axis=1) > 0.9).all()


@pytest.mark.parametrize("place", [(0, 0), (10, 10), (19, 19), (0, 12)])
@pytest.mark.parametrize("scale", [1.0, 3.0, 9.5])
def test_one_pixel_is_not_lost(place, scale):
    labels = np.zeros((20, 20), np.uint8)
    labels[place] = 1
    assert redness(drawn(labels, scale)).max() > 0.3


@pytest.mark.parametrize("shape", [(1, 30), (2, 30), (30, 1), (1, 1)])
def test_thin_slices(shape):
    labels = np.ones(shape, np.uint8)
    assert redness(drawn(labels)).max() > 0.9
    assert redness(drawn(labels, 1.0)).max() > 0.9


def test_label_without_a_colour_is_not_drawn():
    labels = np.full((10, 10), 9, np.uint8)
    np.testing.assert_array_equal(drawn(labels), np.float32(GREY))
