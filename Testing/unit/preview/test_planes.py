import numpy as np
import pytest

from PartialSegLib.preview.planes import AXIAL, CORONAL, PLANES, SAGITTAL, best_indices


def corner_array() -> np.ndarray:
    """1 at the patient's right, front and top; axes are (superior, posterior, left)."""
    array = np.zeros((4, 5, 6), np.uint8)
    array[-1, 0, 0] = 1
    return array


@pytest.mark.parametrize(("plane", "index"), [(AXIAL, 3), (CORONAL, 0), (SAGITTAL, 0)])
def test_right_front_and_top_are_at_the_upper_left_of_the_picture(plane, index):
    assert plane.cut(corner_array(), index)[0, 0] == 1


@pytest.mark.parametrize(
    ("plane", "letters"), [(AXIAL, "RLAP"), (CORONAL, "RLSI"), (SAGITTAL, "APSI")], ids=lambda value: str(value)[:6]
)
def test_letters_follow_the_radiological_convention(plane, letters):
    assert plane.left + plane.right + plane.top + plane.bottom == letters


@pytest.mark.parametrize(("plane", "size"), list(zip(PLANES, [(2.0, 1.0), (3.0, 1.0), (3.0, 2.0)], strict=True)))
def test_pixel_size_is_that_of_the_rows_and_columns(plane, size):
    assert plane.pixel_size((1.0, 2.0, 3.0)) == size


def test_best_slice_shows_most_structures():
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[5:25, 3:6, 3:6] = 1
    labels[18:20, 10:25, 10:25] = 2
    labels[19, 8, 28] = 3
    z, _, _ = best_indices(labels, (2.0, 2.0, 2.0), (1, 2, 3))
    assert z == 19


def test_a_large_structure_does_not_outweigh_two_small_ones():
    labels = np.zeros((30, 40, 40), np.uint8)
    labels[0:10] = 1
    labels[20, 5, 5] = 2
    labels[20, 9, 9] = 3
    assert best_indices(labels, (2.0, 2.0, 2.0), (1, 2, 3))[0] == 20


def test_labels_outside_the_label_set_do_not_count():
    labels = np.zeros((20, 20, 20), np.int32)
    labels[4] = 900
    labels[15, 3:6, 3:6] = 1
    assert best_indices(labels, (2.0, 2.0, 2.0), (1,))[0] == 15


def test_fine_voxels_are_skipped_but_the_index_is_that_of_the_full_volume():
    labels = np.zeros((8, 8, 400), np.uint8)
    labels[2:5, 2:5, 300:340] = 1
    assert 300 <= best_indices(labels, (0.5, 2.0, 2.0), (1,))[2] < 340


def test_middle_when_nothing_is_labelled():
    assert best_indices(np.zeros((2, 9, 21), np.uint8), (1.0, 1.0, 5.0), (1, 2)) == (1, 4, 10)
