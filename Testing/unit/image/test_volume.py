import dataclasses

import numpy as np
import pytest
from image_cases import random_volume, rotation, simple_volume

from PartialSegLib.image import Volume


def test_world_is_origin_plus_steps_along_the_columns():
    direction = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    volume = Volume(np.zeros((2, 3, 4)), (2, 3, 5), (10, 20, 30), direction)
    assert volume.world((1, 0, 0)).tolist() == [10, 18, 30]
    assert volume.world((0, 1, 0)).tolist() == [10, 20, 27]
    assert volume.world([[0, 0, 1], [1, 1, 1]]).tolist() == [[15, 20, 30], [15, 18, 27]]


def test_voxel_volume_of_an_oblique_volume():
    volume = dataclasses.replace(simple_volume(), direction=rotation(np.random.default_rng(3)))
    assert volume.voxel_volume_ml == pytest.approx(0.7 * 0.8 * 2.5 / 1000)


def test_like_keeps_everything_but_the_voxels():
    volume = dataclasses.replace(random_volume(1), modality="mr")
    other = volume.like(np.zeros(volume.array.shape))
    assert other.same_grid(volume) and other.modality == "mr" and not other.array.any()
    with pytest.raises(ValueError, match="does not fit"):
        volume.like(np.zeros((1, 1, 1)))


def test_four_axes_are_not_a_volume():
    with pytest.raises(ValueError, match="three axes"):
        Volume(np.zeros((1, 2, 3, 4)), (1, 1, 1), (0, 0, 0), np.eye(3))


@pytest.mark.parametrize(
    "change",
    [
        {"spacing": (0.7, 0.8, 2.6)},
        {"origin": (-10.0, -20.0, 30.1)},
        {"direction": np.diag([-1.0, 1.0, 1.0])},
        {"array": np.zeros((6, 5, 3))},
    ],
)
def test_another_place_is_another_grid(change):
    assert not simple_volume().same_grid(dataclasses.replace(simple_volume(), **change))


def test_single_precision_is_the_same_grid():
    volume = random_volume(5)
    rounded = Volume(
        volume.array,
        tuple(np.float32(volume.spacing)),
        tuple(np.float32(volume.origin)),
        np.float32(volume.direction),
    )
    assert volume.same_grid(rounded) and rounded.same_grid(volume)


def test_a_volume_cannot_be_changed_by_the_array_it_was_made_from():
    direction = np.eye(3)
    volume = Volume(np.zeros((2, 2, 2)), (1, 1, 1), (0, 0, 0), direction)
    direction[0, 0] = 7
    assert volume.direction[0, 0] == 1
    with pytest.raises(ValueError):
        volume.direction[0, 0] = 7
