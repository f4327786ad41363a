"""Islands far from an organ go, the organ and everything beside it stays."""

import numpy as np
import pytest

from PartialSegLib.inference.parts import remove_islands


def scene() -> np.ndarray:
    labels = np.zeros((30, 40, 50), np.uint8)
    labels[5:15, 5:15, 5:15] = 1  # 1000 voxels
    labels[20:24, 30:34, 40:44] = 1  # 64 voxels, an island
    labels[20:24, 30:34, 44:48] = 2  # the same size, but all there is of structure 2
    labels[5:15, 15:25, 5:15] = 3  # two equal halves of one structure
    labels[5:15, 28:38, 5:15] = 3
    return labels


@pytest.mark.parametrize("coarse", [(30, 40, 50), (15, 20, 25), (60, 80, 100), (13, 17, 22)])
def test_only_small_parts_go(coarse: tuple[int, int, int]) -> None:
    before = scene()
    after = before.copy()
    remove_islands(after, coarse, 0.3)
    expected = before.copy()
    expected[20:24, 30:34, 40:44] = 0
    assert np.array_equal(after, expected)


def test_zero_keeps_everything() -> None:
    labels = scene()
    remove_islands(labels, labels.shape, 0.0)
    assert np.array_equal(labels, scene())


def test_an_empty_map_stays_empty() -> None:
    labels = np.zeros((2, 3, 4), np.uint8)
    remove_islands(labels, (1, 1, 1), 0.3)
    assert not labels.any()


def test_parts_that_touch_at_a_corner_are_one() -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[:3, :3, :3] = labels[3:5, 3:5, 3:5] = 1
    before = labels.copy()
    remove_islands(labels, labels.shape, 0.9)
    assert np.array_equal(labels, before)


def test_works_on_a_view_with_flipped_axes() -> None:
    memory = scene()
    view = memory[::-1, :, ::-1].transpose(2, 0, 1)
    remove_islands(view, view.shape, 0.3)
    assert not (memory[20:24, 30:34, 40:44] == 1).any()
    assert (memory[20:24, 30:34, 44:48] == 2).all()


@pytest.mark.parametrize("smallest", [0.0, 0.01])
def test_of_chosen_structures_the_largest_part_alone_is_kept(smallest: float) -> None:
    before = scene()
    before[25:29, 5:9, 5:9] = 2  # as large as the other part: both stay
    before[25:27, 20:22, 20:22] = 3  # an island of a structure that is not chosen
    after = before.copy()
    remove_islands(after, before.shape, smallest, one_part=(1, 2, 7))
    expected = before.copy()
    expected[20:24, 30:34, 40:44] = 0
    if smallest:
        expected[25:27, 20:22, 20:22] = 0
    assert np.array_equal(after, expected)
