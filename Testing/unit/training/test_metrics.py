"""Scores against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from partialseg_training.metrics import Scores, declared_values, score
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume
from PartialSegLib.supervision import Completeness, State

SIDE = 20


def volume(array, spacing=(1.0, 1.0, 1.0)):
    return Volume(np.asarray(array, np.uint8), spacing, (0.0, 0.0, 0.0), np.eye(3))


def cube(at=(5, 5, 5), side=SIDE, value=1, size=32):
    array = np.zeros((size, size, size), np.uint8)
    array[tuple(slice(a, a + side) for a in at)] = value
    return array


def scores(truth, found, spacing=(1.0, 1.0, 1.0), tolerance=2.0):
    return score(volume(truth, spacing), volume(found, spacing), complete(1), tolerance_mm=tolerance)[1]


def complete(*values):
    return Completeness.of_volume(values, 5)


def in_slices(n_slices=32, axis="z", **slices):
    """Structure 1 is complete in the given slices, e.g. _1=range(5, 9)."""
    table = np.zeros((n_slices, 5), np.uint8)
    for value, where in slices.items():
        table[list(where), int(value.strip("_"))] = State.COMPLETE
    return Completeness(np.zeros(5, np.uint8), **{axis: table})


def test_a_perfect_result():
    result = scores(cube(), cube())
    assert (result.dsc, result.nsd, result.hd95) == (1, 1, 0)
    assert result.truth_ml == result.predicted_ml == SIDE**3 / 1000


@pytest.mark.parametrize(("axis", "spacing"), [(0, 3.0), (1, 1.0), (2, 0.5)])
def test_a_shifted_cube(axis, spacing):
    """Spacing is (x, y, z) = (0.5, 1, 3): two voxels are 1, 2 or 6 mm, and a twelfth of the surface is that far off."""
    at = [5, 5, 5]
    at[axis] += 2
    result = scores(cube(), cube(tuple(at)), spacing=(0.5, 1.0, 3.0), tolerance=2 * spacing + 0.01)
    assert result.dsc == pytest.approx((SIDE - 2) / SIDE)
    assert result.hd95 == pytest.approx(2 * spacing)
    assert result.nsd == 1
    assert result.truth_ml == pytest.approx(SIDE**3 * 1.5 / 1000)


def test_surface_dice_of_a_shifted_cube():
    """By 2 mm at a tolerance of 1 mm. The face behind is off, and so is 1 mm of the sides next to it; the face ahead is
    off but for a rim of 1 mm next to the other's sides."""
    off = SIDE**2 + 4 * SIDE + (SIDE - 2) ** 2
    expected = 1 - off / (6 * SIDE**2)
    assert scores(cube(), cube((5, 5, 7)), tolerance=1.0).nsd == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("tolerance", [0.5, 1.0, 3.0])
def test_surface_dice_of_an_enlarged_cube(tolerance):
    """A margin of 2 mm all around is off everywhere, or nowhere."""
    nsd = scores(cube(), cube((3, 3, 3), SIDE + 4), tolerance=tolerance).nsd
    # Corners of a cube are rounded off a little.
    assert nsd == pytest.approx(1 if tolerance > 2 else 0, abs=0.001)


def test_the_border_of_the_volume_is_no_special_place():
    inside, shifted = cube((5, 5, 5), 10), cube((5, 6, 5), 10)
    at_border = (slice(5, None), slice(5, None), slice(5, None))
    expected, got = scores(inside, shifted), scores(inside[at_border], shifted[at_border])
    assert (got.dsc, got.nsd) == (expected.dsc, pytest.approx(expected.nsd)) and got.hd95 == expected.hd95


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), spacing=st.tuples(*[st.sampled_from([0.7, 1.0, 2.5])] * 3))
def test_hd95_is_the_larger_directed_percentile(seed, spacing):
    rng = np.random.default_rng(seed)
    truth, found = (ndimage.gaussian_filter(rng.standard_normal((12, 13, 14)), 2) > 0 for _ in range(2))
    result = scores(truth, found, spacing)
    directed = [_distances(a, b, spacing[::-1]) for a, b in ((truth, found), (found, truth))]
    assert result.hd95 == pytest.approx(max(np.percentile(d, 95) for d in directed), rel=1e-5)
    assert result.dsc == pytest.approx(2 * (truth & found).sum() / (truth.sum() + found.sum()))


def test_a_missed_structure_scores_zero_and_has_no_distance():
    result = scores(cube(), np.zeros((32, 32, 32)))
    assert (result.dsc, result.nsd, result.hd95, result.predicted_ml) == (0, 0, None, 0)
    assert result.truth_ml == SIDE**3 / 1000


def test_an_absent_structure_is_not_scored_but_its_false_positives_are_measured():
    truth, found = volume(cube(), (1.0, 1.0, 2.0)), volume(cube(value=3), (1.0, 1.0, 2.0))
    result = score(truth, found, complete(1, 3, 4))
    assert result[3] == Scores(None, None, None, 0.0, SIDE**3 * 2 / 1000)
    assert result[4] == Scores(None, None, None, 0.0, 0.0)
    assert result[1].dsc == 0


def test_only_the_declared_structures_are_scored():
    truth = cube()
    truth[:3, :3, :3] = 2
    assert set(score(volume(truth), volume(truth), complete(2))) == {2}


@pytest.mark.parametrize(("axis", "name"), [(0, "z"), (1, "y"), (2, "x")])
def test_sparse_truth_counts_in_its_complete_slices_only(axis, name):
    """Two voxels too far along another axis; in the other slices anything at all was predicted."""
    at = [5, 5, 5]
    at[(axis + 1) % 3] += 2
    truth, found = cube(), cube(tuple(at))
    record = in_slices(axis=name, _1=[8, 20])
    outside = np.ones(32, bool)
    outside[[8, 20]] = False
    found[(slice(None),) * axis + (outside,)] = 1
    result = score(volume(truth), volume(found), record)[1]
    assert result.dsc == pytest.approx((SIDE - 2) / SIDE)
    assert (result.nsd, result.hd95, result.scope) == (None, None, "part")
    assert result.truth_ml == pytest.approx(2 * SIDE**2 / 1000)


def test_crossing_slices_are_joined():
    record = in_slices(_1=[10])
    record = Completeness(record.volume, z=record.z, x=in_slices(axis="x", _1=[0]).x)
    found = cube()
    found[:, :, 0] = 1
    result = score(volume(cube()), volume(found), record)[1]
    assert result.truth_ml == pytest.approx(SIDE**2 / 1000)
    assert result.predicted_ml == pytest.approx((SIDE**2 + 32 * 32) / 1000)


def test_known_absent_in_some_slices():
    result = score(volume(cube()), volume(cube(value=2)), in_slices(_2=[0, 1, 6]))[2]
    assert result == Scores(None, None, None, 0.0, SIDE**2 / 1000, "part")


def test_what_is_painted_without_a_declaration_is_not_scored():
    record = Completeness(np.array([0, State.IN_PART, 0, 0, 0], np.uint8), z=np.zeros((32, 5), np.uint8))
    assert declared_values(record) == [] and score(volume(cube()), volume(cube()), record) == {}


def test_voxels_of_a_union_count_for_none_of_its_structures():
    truth = cube()
    truth[20:] = 20  # structure 1 or 2
    found = cube()
    found[20:] = 3
    result = score(volume(truth), volume(found), complete(1, 2, 3), {20: (1, 2)})
    assert (result[1].dsc, result[1].scope, result[1].nsd) == (1, "part", None)
    assert result[2].scope == "part" and result[3].scope == "volume"
    assert result[3].predicted_ml == pytest.approx(12 * 32 * 32 / 1000)


@pytest.mark.parametrize("other", [volume(cube(), (1.0, 1.0, 1.1)), volume(cube(size=33))])
def test_grids_must_be_the_same(other):
    with pytest.raises(UserError, match="same grid"):
        score(volume(cube()), other, complete(1))


def _distances(mask, other, spacing):
    """From each surface voxel of `mask` to the nearest of `other`, in mm."""
    edge, target = (m & ~ndimage.binary_erosion(m, border_value=0) for m in (mask, other))
    return ndimage.distance_transform_edt(~target, sampling=spacing)[edge]
