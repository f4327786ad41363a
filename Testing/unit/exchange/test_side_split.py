"""Right and left told apart in volumes that lie in every direction; what is in doubt is left to a person."""

from itertools import permutations, product

import numpy as np
import pytest

from PartialSegLib.exchange import Imported, SideSplit, split_pairs, split_sides
from PartialSegLib.image import Volume
from PartialSegLib.phantom import make_phantom
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import Completeness

RIGHT, LEFT, EITHER = 2, 3, 20


@pytest.fixture(scope="module")
def truth():
    return make_phantom((6.0, 6.0, 6.0))[1]


def merged(array, right=RIGHT, left=LEFT):
    return np.where((array == right) | (array == left), EITHER, array).astype(np.uint8)


def turned(volume, order, flips):
    """The same voxels at the same places, axes (x, y, z) in another order and direction."""
    axes = [2 - order[2 - a] for a in range(3)]
    array = volume.array.transpose(axes)
    array = array[tuple(slice(None, None, -1 if flips[2 - a] else 1) for a in range(3))]
    first = [0, 0, 0]
    for new, old in enumerate(order):
        first[old] = volume.array.shape[2 - old] - 1 if flips[new] else 0
    signs = np.array([-1.0 if flip else 1.0 for flip in flips])
    return Volume(array.copy(), tuple(volume.spacing[old] for old in order), tuple(volume.world(first)),
                  volume.direction[:, list(order)] * signs)  # fmt: skip


def oblique(volume, angles):
    """Nearest-neighbour samples of the volume on a grid rotated about its centre."""
    from scipy import ndimage
    from scipy.spatial.transform import Rotation

    direction = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    shape = np.array(volume.array.shape[::-1])
    centre = volume.world((shape - 1) / 2)
    origin = centre - direction @ (np.array(volume.spacing) * (shape - 1) / 2)
    grid = Volume(np.zeros(volume.array.shape, np.uint8), volume.spacing, tuple(origin), direction)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1).reshape(-1, 3)
    inside = (grid.world(index) - np.array(volume.origin)) @ np.linalg.inv(volume.matrix).T
    values = ndimage.map_coordinates(volume.array, inside[:, ::-1].T, order=0)
    return grid.like(values.reshape(shape).transpose(2, 1, 0).copy())


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product([False, True], repeat=3)))
def test_flipped_and_permuted_volumes(order, flips, truth):
    volume = turned(truth, order, flips)
    result, split = split_sides(merged(volume.array), EITHER, RIGHT, LEFT, volume)
    assert split.sure, split.reason
    np.testing.assert_array_equal(result, volume.array)


@pytest.mark.parametrize("angles", [(20, 0, 0), (0, 25, 0), (0, 0, 30), (15, -20, 25), (0, 0, 180), (90, 0, 0)])
def test_oblique_volumes(angles, truth):
    volume = oblique(truth, angles)
    assert {RIGHT, LEFT} <= set(np.unique(volume.array))
    result, split = split_sides(merged(volume.array), EITHER, RIGHT, LEFT, volume)
    assert split.sure, split.reason
    np.testing.assert_array_equal(result, volume.array)


def test_adrenal_glands_too(truth):
    result, split = split_sides(merged(truth.array, 11, 12), EITHER, 11, 12, truth)
    assert split.sure
    np.testing.assert_array_equal(result, truth.array)


def test_small_fragments_follow_their_side_and_those_in_the_middle_stay_open(truth):
    array = merged(truth.array)
    k, j, i = np.argwhere(truth.array == LEFT).mean(0).astype(int)
    array[k + 12, j, i] = EITHER
    result, split = split_sides(array, EITHER, RIGHT, LEFT, truth)
    assert split.sure and result[k + 12, j, i] == LEFT
    middle = int((np.argwhere(truth.array == LEFT).mean(0)[2] + np.argwhere(truth.array == RIGHT).mean(0)[2]) / 2)
    array[k, j, middle] = EITHER
    result, split = split_sides(array, EITHER, RIGHT, LEFT, truth)
    assert not split.sure and "fragment" in split.reason and result[k, j, middle] == EITHER
    assert (result == LEFT).sum() == (truth.array == LEFT).sum() + 1


def joined(truth):
    """A horseshoe kidney: a bridge from the centre of one side to the centre of the other."""
    array = merged(truth.array)
    right, left = (np.argwhere(truth.array == side).mean(0) for side in (RIGHT, LEFT))
    for step in np.linspace(0, 1, 200):
        array[tuple(np.rint(right + step * (left - right)).astype(int))] = EITHER
    return array


def test_one_piece_across_the_middle_needs_a_person_even_with_a_model(truth):
    array = joined(truth)
    for model in (None, truth.array):
        result, split = split_sides(array, EITHER, RIGHT, LEFT, truth, model)
        assert not split.sure and "one piece" in split.reason and "mL" in split.reason
        np.testing.assert_array_equal(result, array)


def test_a_single_kidney_is_told_by_the_model_only(truth):
    single = np.where(truth.array == LEFT, 0, truth.array)
    result, split = split_sides(merged(single), EITHER, RIGHT, LEFT, truth)
    assert not split.sure and (result == EITHER).sum() == (single == RIGHT).sum()
    result, split = split_sides(merged(single), EITHER, RIGHT, LEFT, truth, truth.array)
    assert split == SideSplit(True, "told by the model")
    np.testing.assert_array_equal(result, single)


def test_a_model_that_sees_too_little_does_not_settle_it(truth):
    single = np.where(truth.array == LEFT, 0, truth.array)
    little = np.zeros_like(single)
    little[tuple(np.argwhere(single == RIGHT)[:3].T)] = RIGHT
    _, split = split_sides(merged(single), EITHER, RIGHT, LEFT, truth, little)
    assert not split.sure


def test_a_model_that_contradicts_makes_both_sides_doubtful(truth):
    """Situs inversus, or a header that is wrong."""
    swapped = np.array([0, 1, LEFT, RIGHT, *range(4, 17)], np.uint8)[truth.array]
    result, split = split_sides(merged(truth.array), EITHER, RIGHT, LEFT, truth, swapped)
    assert not split.sure and "other way round" in split.reason and (result == EITHER).sum() > 0


def block(*boxes):
    array = np.zeros((20, 20, 40), np.uint8)
    for low, high in boxes:
        array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = EITHER
    return Volume(array, (5.0, 5.0, 5.0), (0.0, 0.0, 0.0), np.eye(3))


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        ([((1, 5, 5), (5, 9, 9)), ((12, 5, 5), (16, 9, 9))], "not clearly right and left"),  # above each other
        ([((5, 5, 5), (9, 9, 9)), ((5, 5, 12), (9, 9, 13))], "too near"),  # one kidney in two pieces
        ([((5, 5, 2), (9, 9, 6)), ((5, 5, 18), (9, 9, 22)), ((5, 5, 34), (9, 9, 38))], "more than two groups"),
    ],
)
def test_pieces_that_are_not_two_sides(boxes, reason):
    volume = block(*boxes)
    result, split = split_sides(volume.array, EITHER, RIGHT, LEFT, volume)
    assert not split.sure and reason in split.reason
    np.testing.assert_array_equal(result, volume.array)


def test_nothing_to_split():
    volume = block()
    result, split = split_sides(volume.array, EITHER, RIGHT, LEFT, volume)
    assert split.sure and result is volume.array


def test_every_union_of_a_pair_is_split_and_other_unions_left_alone(truth):
    array = merged(truth.array)
    array[np.isin(truth.array, (11, 12))] = 21
    array[0, 0, 0] = 22
    labels = truth.like(array)
    imported = Imported(labels, Completeness.of_volume((2, 3), 17), {20: (2, 3), 21: (11, 12), 22: (0, 6)})
    result, doubts = split_pairs(imported, load_label_set())
    assert result.unions == {22: (0, 6)} and doubts == {} and result.record is imported.record
    expected = truth.array.copy()
    expected[0, 0, 0] = 22
    np.testing.assert_array_equal(result.labels.array, expected)
    assert split_pairs(imported._replace(labels=truth.like(joined(truth))), load_label_set())[1].keys() == {
        "right kidney or left kidney"
    }
