import numpy as np
import pytest
from scenes import ball

from PartialSegLib.preview.camera import Camera, box_corners, front_camera
from PartialSegLib.preview.field import GRID_MM, smooth_field
from PartialSegLib.preview.surface import cast

STRAIGHT = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def camera(centre=(60.0, 60.0, 60.0), pixel_mm=0.5, shape=(200, 240)) -> Camera:
    return Camera(STRAIGHT, np.asarray(centre), pixel_mm, shape)


def volume_mm3(field) -> float:
    return float((field.values > field.level).sum()) * GRID_MM**3


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 2.0), (0.8, 0.8, 2.5), (1.3, 1.3, 3.0), (1.25, 1.25, 7.7)])
def test_field_keeps_the_volume(spacing):
    shape = tuple(int(120 / step) for step in spacing[::-1])
    mask = ball(shape, (60, 60, 60), 25, spacing)
    expected = mask.sum() * np.prod(spacing)
    assert volume_mm3(smooth_field(mask, spacing, (0, 0, 0))) == pytest.approx(expected, rel=0.06)


def test_thin_plate_survives_smoothing():
    mask = np.ones((1, 30, 30), bool)
    field = smooth_field(mask, (2.0, 2.0, 2.0), (0, 0, 0))
    assert volume_mm3(field) == pytest.approx(mask.sum() * 8.0, rel=0.2)


def test_field_origin_is_in_mm_of_the_whole_volume():
    whole = ball((60, 60, 60), (60, 60, 60), 25)
    part = whole[12:50, 14:50, 10:50]
    field = smooth_field(part, (2.0, 2.0, 2.0), (12, 14, 10))
    inside = np.argwhere(field.values > field.level)
    np.testing.assert_allclose(field.origin + GRID_MM * inside.mean(axis=0), (60, 60, 60), atol=0.3)


def test_outline_moves_steadily_between_thick_slices():
    mask = np.zeros((6, 60, 60), bool)
    mask[:3, 20:40, 10:20] = True
    mask[3:, 20:40, 10:40] = True
    field = smooth_field(mask, (2.0, 2.0, 8.0), (0, 0, 0))
    first, middle = int((14 - field.origin[0]) / GRID_MM), round((58 - field.origin[1]) / GRID_MM)
    widths = (field.values[first : first + 7, middle] > field.level).sum(axis=1)
    assert np.diff(widths).min() >= 0
    assert np.diff(widths).max() <= 12


def test_a_ball_is_seen_as_a_disc_of_its_size():
    layer = cast(smooth_field(ball((60, 60, 60), (60, 60, 60), 25), (2.0, 2.0, 2.0), (0, 0, 0)), camera())
    assert layer is not None
    assert layer.coverage.sum() * 0.25 == pytest.approx(np.pi * 25**2, rel=0.05)
    row, column = np.divmod(layer.pixels, 240)
    assert row.mean() == pytest.approx(99.5, abs=1)
    assert column.mean() == pytest.approx(119.5, abs=1)


def test_depth_and_normal_at_the_nearest_point_of_a_ball():
    layer = cast(smooth_field(ball((60, 60, 60), (60, 60, 60), 25), (2.0, 2.0, 2.0), (0, 0, 0)), camera())
    nearest = np.flatnonzero(layer.pixels == 100 * 240 + 120)[0]
    assert layer.depth[nearest] == pytest.approx(-25, abs=1.0)
    np.testing.assert_allclose(layer.normals[nearest], (-1, 0, 0), atol=0.12)
    lower = np.flatnonzero(layer.pixels == 130 * 240 + 120)[0]
    assert layer.normals[lower, 1] > 0.4


def test_depth_follows_the_analytic_surface():
    layer = cast(smooth_field(ball((60, 60, 60), (60, 60, 60), 25), (2.0, 2.0, 2.0), (0, 0, 0)), camera())
    row, column = np.divmod(layer.pixels, 240)
    off_axis = np.hypot(row + 0.5 - 100, column + 0.5 - 120) * 0.5
    central = off_axis < 20
    expected = -np.sqrt(25**2 - off_axis[central] ** 2)
    assert np.abs(layer.depth[central] - expected).max() < 1.8


def test_nothing_outside_the_picture():
    field = smooth_field(ball((30, 30, 30), (30, 30, 30), 20), (2.0, 2.0, 2.0), (0, 0, 0))
    assert cast(field, camera(centre=(30.0, 30.0, 400.0))) is None


def test_part_of_a_structure_at_the_border():
    field = smooth_field(ball((60, 60, 60), (60, 60, 60), 25), (2.0, 2.0, 2.0), (0, 0, 0))
    layer = cast(field, camera(centre=(60.0, 60.0, 120.0)))
    assert layer is not None
    assert (layer.pixels % 240 < 60).all()


def test_front_camera_shows_right_on_the_left_and_the_head_up():
    seen = front_camera(box_corners((slice(0, 50), slice(0, 40), slice(0, 60)), np.array([2.0, 2.0, 2.0])), (500, 600))
    forward, down, right = seen.axes
    assert forward[1] > 0.9
    assert down[0] < -0.9
    assert right[2] > 0.9
    np.testing.assert_allclose(seen.axes @ seen.axes.T, np.eye(3), atol=1e-12)


def test_front_camera_fits_everything_in():
    corners = box_corners((slice(5, 90), slice(3, 20), slice(0, 200)), np.array([2.5, 1.0, 1.0]))
    seen = front_camera(corners, (500, 600))
    place = (corners - seen.centre) @ seen.axes.T[:, 1:] / seen.pixel_mm
    assert (np.abs(place) <= (250, 300)).all()
    assert (np.abs(place).max(axis=0) / (250, 300)).max() == pytest.approx(0.92)
