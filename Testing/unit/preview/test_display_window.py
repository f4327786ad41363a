import numpy as np
import pytest

from PartialSegLib.preview.window import display_window, shown_part, to_grey


def test_ct_has_the_soft_tissue_window():
    low, high = display_window(np.zeros((2, 2, 2)), "ct")
    assert (high - low, (high + low) / 2) == (400.0, 40.0)
    assert to_grey(np.array([[-1000, -160, 40, 240, 3000]]), (low, high)).tolist() == [[0.0, 0.0, 0.5, 1.0, 1.0]]


def test_mr_window_ignores_empty_background_and_a_few_bright_voxels():
    array = np.zeros((40, 40, 40), np.float32)
    array[10:30, 10:30, 10:30] = np.random.default_rng(0).uniform(100, 200, (20, 20, 20))
    array[20, 20, 20] = 50_000
    low, high = display_window(array, "mr")
    assert 100 <= low <= 110
    assert 190 <= high <= 201


@pytest.mark.parametrize("value", [0, 7, -300])
def test_constant_image_has_a_window(value):
    low, high = display_window(np.full((3, 3, 3), value, np.int16), "mr")
    assert high > low


def test_air_around_the_patient_is_cut_off_and_no_label_is():
    grey, labels = np.zeros((100, 100), np.float32), np.zeros((100, 100), np.uint8)
    grey[30:60, 40:80] = 0.5
    labels[90, 50] = 1
    rows, columns = shown_part(grey, labels, (2.0, 4.0))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (26, 95, 38, 82)


def test_everything_is_shown_of_an_empty_slice():
    rows, columns = shown_part(np.zeros((5, 7), np.float32), np.zeros((5, 7), np.uint8), (1.0, 1.0))
    assert (rows, columns) == (slice(0, 5), slice(0, 7))
