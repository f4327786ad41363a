import dataclasses

import numpy as np
import pytest
from image_cases import random_geometry, random_volume, simple_volume

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, fit_to_grid


def part_of(volume: Volume, seed: int) -> Volume:
    """A random box of the volume, reaching beyond it where it wants, axes permuted and flipped."""
    rng = np.random.default_rng(seed)
    low = rng.integers(-2, 2, 3)  # (x, y, z)
    size = rng.integers(2, 9, 3)
    axes, signs = rng.permutation(3), rng.choice([-1, 1], 3)
    array = np.zeros(size[axes][::-1], np.uint8)
    first = low + np.where(signs < 0, size - 1, 0)
    for index in np.ndindex(*size[axes]):
        place = first.copy()
        place[axes] += signs[axes] * index
        if (place >= 0).all() and (place < volume.array.shape[::-1]).all():
            array[index[::-1]] = volume.array[tuple(place[::-1])]
    matrix = (volume.matrix * signs)[:, axes]
    spacing = np.linalg.norm(matrix, axis=0)
    return Volume(array, tuple(spacing), tuple(volume.world(first)), matrix / spacing)


@pytest.mark.parametrize("seed", range(40))
def test_boxes_in_any_axis_order_fall_into_place(seed):
    rng = np.random.default_rng(seed)
    volume = Volume(rng.integers(1, 200, (4, 5, 6)).astype(np.uint8), *random_geometry(seed))
    part = part_of(volume, seed)
    fitted = fit_to_grid(part, volume)
    assert fitted.same_grid(volume) and fitted.array.dtype == np.uint8
    inside = fitted.array > 0
    np.testing.assert_array_equal(fitted.array[inside], volume.array[inside])
    assert inside.sum() == (part.array > 0).sum()


def test_the_same_grid_costs_nothing():
    volume = random_volume(1)
    assert fit_to_grid(volume, volume) is volume


@pytest.mark.parametrize(
    "change",
    [
        {"spacing": (0.7, 0.8, 2.6)},
        {"spacing": (1.4, 0.8, 2.5)},
        {"origin": (-10.0, -20.0, 31.0)},
        {"direction": np.array([[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]])},
    ],
)
def test_other_voxels_are_refused(change):
    with pytest.raises(UserError, match="do not share their voxels"):
        fit_to_grid(dataclasses.replace(simple_volume(), **change), simple_volume())


def test_far_apart_gives_an_empty_map():
    volume = simple_volume()
    away = dataclasses.replace(volume, origin=volume.world((100, -50, 0)))
    assert not fit_to_grid(away, volume).array.any()
