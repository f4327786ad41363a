import numpy as np
import pytest

from PartialSegLib.inference.result import count_voxels, touching_edge


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("index", [0, -1])
def test_every_face_is_an_edge_and_nothing_else_is(axis, index):
    labels = np.zeros((5, 6, 7), np.uint8)
    labels[2, 2, 2] = 4
    face = [2, 2, 2]
    face[axis] = index
    labels[tuple(face)] = 9
    assert touching_edge(labels, [4, 9, 200]) == {4: False, 9: True, 200: False}


def test_voxels_are_counted():
    labels = np.random.default_rng(0).integers(0, 256, (4, 9, 30)).astype(np.uint8)
    values = [0, 7, 255]
    assert count_voxels(labels, values) == {value: int((labels == value).sum()) for value in values}
