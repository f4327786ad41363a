import dataclasses

import numpy as np
import pytest
from image_cases import random_volume, rotation, simple_volume

from PartialSegLib.image import Volume, lps_spacing, to_lps


def smooth_rotation(seed, degrees):
    """A rotation by at most `degrees`, about a random axis."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    angle = np.radians(degrees) * rng.uniform(-1, 1)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@pytest.mark.parametrize("seed", range(40))
def test_undo_brings_every_voxel_back(seed):
    volume = random_volume(seed)
    array, undo = to_lps(volume)
    np.testing.assert_array_equal(undo(array), volume.array)
    np.testing.assert_array_equal(undo.apply(volume.array), array)
    assert np.shares_memory(array, volume.array) and np.shares_memory(undo(array), volume.array)


@pytest.mark.parametrize("seed", range(40))
def test_axes_point_left_posterior_and_superior(seed):
    """The index grows along +x, +y, +z of the patient, seen at voxels followed by their value."""
    rng = np.random.default_rng(seed)
    turn = np.eye(3)[:, rng.permutation(3)] * rng.choice([-1.0, 1.0], 3)
    volume = dataclasses.replace(random_volume(seed), direction=smooth_rotation(seed, 30) @ turn)
    array, undo = to_lps(volume)

    def place(k, j, i):
        return volume.world(np.argwhere(volume.array == array[k, j, i])[0][::-1])

    steps = np.column_stack(
        [place(0, 0, 1) - place(0, 0, 0), place(0, 1, 0) - place(0, 0, 0), place(1, 0, 0) - place(0, 0, 0)]
    )
    assert (np.diag(steps) > 0.7 * np.array(undo.spacing)).all()
    np.testing.assert_allclose(np.linalg.norm(steps, axis=0), undo.spacing)
    assert lps_spacing(volume) == undo.spacing


@pytest.mark.parametrize("seed", range(40))
def test_any_rotation_at_all_gives_a_permutation(seed):
    volume = dataclasses.replace(random_volume(seed), direction=rotation(np.random.default_rng(seed)))
    _, undo = to_lps(volume)
    assert sorted(undo.axes) == [0, 1, 2]
    assert sorted(undo.spacing) == sorted(volume.spacing)


def test_nothing_to_do():
    array, undo = to_lps(simple_volume())
    assert undo.axes == (0, 1, 2) and undo.flips == (False, False, False) and undo.spacing == (0.7, 0.8, 2.5)
    assert array.shape == (6, 5, 4)


def test_a_sagittal_ras_volume():
    # First index axis runs to the front, the second upwards, the third to the right.
    direction = np.array([[0, 0, -1], [-1, 0, 0], [0, 1, 0]])
    volume = Volume(np.arange(24).reshape(2, 3, 4), (1.0, 2.0, 3.0), (0, 0, 0), direction)
    array, undo = to_lps(volume)
    assert array.shape == (3, 4, 2) and undo.spacing == (3.0, 1.0, 2.0)
    assert array[0, 0, 0] == volume.array[1, 0, 3]  # most right, most anterior, most inferior


def test_labels_made_on_the_lps_grid_come_back_to_the_input_grid():
    volume = random_volume(7)
    array, undo = to_lps(volume)
    labels = (array > np.median(array)).astype(np.uint8)
    np.testing.assert_array_equal(undo(labels), volume.array > np.median(volume.array))
