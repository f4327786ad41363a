import numpy as np
import pytest

from PartialSegLib.label_slices import held_by_slices


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_looking_at_every_slice_says(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 256, (5, 7, 9)).astype(np.uint8) * (rng.random((5, 7, 9)) < 0.1)
    labels[2], labels[:, 3] = 0, 0
    for axis, held in enumerate(held_by_slices(labels.astype(np.uint8))):
        for index, plane in enumerate(np.moveaxis(labels, axis, 0)):
            assert set(np.flatnonzero(held[index])) == {int(v) for v in np.unique(plane) if 1 <= v <= 31}


def test_an_empty_label_map_holds_nothing():
    assert not any(held.any() for held in held_by_slices(np.zeros((2, 3, 4), np.uint8)))
