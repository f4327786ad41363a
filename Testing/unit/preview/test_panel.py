import numpy as np
import pytest
from scenes import ball, color_mask

from PartialSegLib.preview.panel import draw_slice
from PartialSegLib.preview.planes import AXIAL, CORONAL, PLANES, SAGITTAL

RED = {1: (255, 0, 0)}
PANEL = (300, 400)
# A flat, a tall and a deep volume; each is 120 mm along one axis and 60 along the others or so.
CASES = [
    ((20, 60, 60), (1.0, 1.0, 6.0)),
    ((120, 15, 60), (1.0, 4.0, 1.0)),
    ((30, 120, 20), (3.0, 1.0, 2.0)),
]


def panel(plane, labels: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    image = np.full(labels.shape, 40, np.int16)
    index = labels.shape[plane.axis] // 2
    return np.asarray(draw_slice(PANEL, plane, index, (image, labels), spacing, (-160.0, 240.0), RED))


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
@pytest.mark.parametrize(("shape", "spacing"), CASES)
def test_a_ball_is_round_in_every_plane(plane, shape, spacing):
    centre = [(n // 2) * size for n, size in zip(shape, spacing[::-1], strict=True)]
    picture = panel(plane, ball(shape, centre, 24, spacing).astype(np.uint8), spacing)
    row, column = np.nonzero(color_mask(picture, RED[1], 60))
    tolerance = max(plane.pixel_size(spacing)) / 40
    assert np.ptp(row) == pytest.approx(np.ptp(column), rel=0.05 + tolerance)


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
@pytest.mark.parametrize(("shape", "spacing"), CASES)
def test_the_whole_slice_is_in_the_panel(plane, shape, spacing):
    picture = panel(plane, np.ones(shape, np.uint8), spacing)
    assert picture.shape == (*PANEL, 3)
    row, column = np.nonzero(color_mask(picture, RED[1], 60))
    rows, columns = np.ptp(row) + 1, np.ptp(column) + 1
    # All four sides are outlined, and one pair of them touches the frame.
    for line in (row.min(), row.max()):
        assert (row == line).sum() > 0.5 * columns
    for line in (column.min(), column.max()):
        assert (column == line).sum() > 0.5 * rows
    assert max(rows / PANEL[0], columns / PANEL[1]) > 0.95


@pytest.mark.parametrize(("plane", "bar_mm"), [(AXIAL, 20), (CORONAL, 20), (SAGITTAL, 20)])
def test_the_scale_bar_has_its_length(plane, bar_mm):
    labels = np.zeros((50, 50, 50), np.uint8)
    picture = panel(plane, labels, (2.0, 2.0, 2.0))
    shown_mm = 100.0
    grey = (picture[100] > 90).all(axis=1)
    pixels_per_mm = grey.sum() / shown_mm
    bar = color_mask(picture[PANEL[0] - 13 : PANEL[0] - 11, 200:], (186, 194, 204), 2)[0]
    assert bar.sum() == pytest.approx(bar_mm * pixels_per_mm, abs=3)
