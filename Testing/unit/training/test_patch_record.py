"""No voxel gains certainty on its way from a volume into a patch."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_case import N_CLASSES, UNIONS, justified, make_case, members, random_labels, random_record
from torch.utils.data import default_collate

from partialseg_training.data import patches
from partialseg_training.data.augment import AugmentConfig
from partialseg_training.data.patch_record import draw_axis, record_of_patch, recorded_axes
from partialseg_training.data.patches import PatchDataset
from partialseg_training.data.sampler import SamplingConfig
from partialseg_training.data.views import views_of
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.supervision import Completeness, State

EVERYTHING = set(range(N_CLASSES))
STILL = AugmentConfig(rotation=0, scale=0, elastic=0, intensity=0, noise=0, low_resolution=0)
WILD = AugmentConfig(rotation=60, scale=0.4, elastic=8)
axes_subsets = st.sets(st.integers(0, 2))
seeds = st.integers(0, 10_000)


def dataset_of(*cases, patch=(7, 8, 9), augment=WILD, seed=0, order="class-modality-dataset"):
    """A PatchDataset over cases in memory."""
    config = SimpleNamespace(
        seed=seed,
        steps=100,
        batch_size=2,
        patch_size=patch,
        augment=augment,
        preprocessing=Preprocessing((1.5, 2.0, 3.0)),
        sampling=SamplingConfig(order=order),
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patches, "load_case", lambda i: cases[i])
        return PatchDataset(range(len(cases)), config, N_CLASSES)


def sample_and_points(dataset, number):
    """A sample and where in the volume each of its voxels was read (Z, Y, X, 3)."""
    seen = []

    def spy(arrays, points):
        seen.append(points)
        return original(arrays, points)

    original = patches.read_points
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patches, "read_points", spy)
        return dataset[number], seen[0]


def sources_of(points, shape):
    """Nearest voxel of the volume for each voxel of the patch, None outside; voxels between two are left out."""
    for place in np.ndindex(points.shape[:3]):
        point = points[place]
        if (np.abs(point - np.floor(point) - 0.5) > 1e-3).all():
            nearest = np.rint(point).astype(int)
            inside = (nearest >= 0).all() and (nearest < shape).all()
            yield place, tuple(int(i) for i in nearest) if inside else None


def kept_axes(sample):
    return [axis for axis, name in enumerate("zyx") if sample[name].any()]


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds, axes=axes_subsets, sides=st.tuples(*[st.integers(5, 14)] * 3), patch=st.tuples(*[st.integers(4, 9)] * 3)
)
def test_no_voxel_gains_certainty(seed, axes, sides, patch):
    rng = np.random.default_rng(seed)
    case = make_case(random_labels(rng, sides), random_record(rng, sides, axes), UNIONS)
    dataset = dataset_of(case, patch=patch, seed=seed, order=["random", "class-modality-dataset"][seed % 2])
    for number in range(3):
        sample, points = sample_and_points(dataset, number)
        kept = kept_axes(sample)
        assert len(kept) <= 1 and set(kept) <= axes
        for place, source in sources_of(points, sides):
            found = members(sample["candidates"][place])
            if source is None:
                assert found == EVERYTHING
            else:
                assert found >= justified(case, source)
                # And nothing is lost but what the records of the other axes say.
                assert found == justified(case, source, kept)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, axes=axes_subsets, patch=st.tuples(*[st.integers(4, 9)] * 3))
def test_tables_agree_with_candidates_and_with_the_volume(seed, axes, patch):
    rng = np.random.default_rng(seed)
    sides = (10, 11, 12)
    case = make_case(random_labels(rng, sides), random_record(rng, sides, axes), UNIONS)
    sample, points = sample_and_points(dataset_of(case, patch=patch, seed=seed), 0)
    candidates = sample["candidates"].numpy()
    painted = {1 << c for c in range(N_CLASSES)} | {sum(1 << c for c in union) for union in UNIONS.values()}
    for axis, name in enumerate("zyx"):
        table, original = sample[name].numpy(), getattr(case.completeness, name)
        assert table.shape == (patch[axis], N_CLASSES)
        for row, plane, where in zip(
            table, np.moveaxis(candidates, axis, 0), np.moveaxis(points[..., axis], axis, 0), strict=True
        ):
            if row.any():
                # The plane is one slice of the volume, and its row is that slice's.
                slices = np.unique(where)
                assert len(slices) == 1 and slices[0] == int(slices[0])
                expected = original[int(slices[0])] == State.COMPLETE
                assert row.tolist() == [False, *expected[1:]]
            for value in np.unique(plane):
                if int(value) not in painted and members(value) != EVERYTHING:
                    assert not members(value) & set(np.flatnonzero(row))
    complete = np.flatnonzero(sample["annotated"].numpy())
    assert complete.tolist() == [c for c in range(1, N_CLASSES) if case.completeness.volume[c] == State.COMPLETE]


def test_the_record_of_one_axis_is_kept_as_it_is():
    """Nothing is lost either: every plane of the patch knows what its slice knows."""
    sides = (12, 12, 12)
    for axis in range(3):
        rng = np.random.default_rng(axis)
        case = make_case(random_labels(rng, sides), random_record(rng, sides, [axis]), UNIONS)
        dataset = dataset_of(case)
        for number in range(5):
            sample, points = sample_and_points(dataset, number)
            for place, source in sources_of(points, sides):
                expected = EVERYTHING if source is None else justified(case, source)
                assert members(sample["candidates"][place]) == expected


def test_each_recorded_axis_gets_its_turn():
    rng = np.random.default_rng(0)
    sides = (12, 12, 12)
    table = np.full((12, N_CLASSES), State.COMPLETE, np.uint8)
    record = Completeness(np.zeros(N_CLASSES, np.uint8), table, None, table)
    dataset = dataset_of(make_case(random_labels(rng, sides), record, UNIONS))
    kept = [kept_axes(dataset[i]) for i in range(40)]
    assert {tuple(axes) for axes in kept} == {(0,), (2,)}
    assert 8 < kept.count([0]) < 32


def test_axes_whose_slice_shows_the_voxel_come_first():
    z, x = np.zeros((2, 9, N_CLASSES), np.uint8)
    z[4, 2] = x[7, 3] = State.COMPLETE
    record = Completeness(np.zeros(N_CLASSES, np.uint8), z, None, x)
    rng = np.random.default_rng(0)

    def drawn(voxel):
        return {draw_axis(record, np.array(voxel), rng) for _ in range(30)}

    assert recorded_axes(record) == [0, 2]
    assert drawn([4, 0, 0]) == {0} and drawn([0, 0, 7]) == {2}
    assert drawn([4, 0, 7]) == drawn([1, 1, 1]) == {0, 2}


def test_cases_without_records_are_turned_in_space():
    """Also those whose slices are annotated in part alone: nothing is complete anywhere."""
    rng = np.random.default_rng(1)
    in_part = np.full((12, N_CLASSES), State.IN_PART, np.uint8)
    for table in (None, in_part):
        record = Completeness(np.zeros(N_CLASSES, np.uint8), table)
        _, points = sample_and_points(dataset_of(make_case(random_labels(rng, (12, 12, 12)), record, UNIONS)), 0)
        for axis in range(3):
            planes = np.moveaxis(points[..., axis], axis, 0)
            assert np.ptp(planes[0]) > 0.1


def test_slices_outside_the_volume_are_complete_for_nothing():
    table = np.full((4, N_CLASSES), State.COMPLETE, np.uint8)
    record = Completeness(np.zeros(N_CLASSES, np.uint8), None, table)
    points = np.zeros((2, 8, 3, 3))
    points[..., 1] = np.arange(-2, 6)[:, None]
    kept = record_of_patch(record, points, 1)
    assert kept.z is None and kept.x is None
    assert (kept.y == State.COMPLETE).all(1).tolist() == [False, False, True, True, True, True, False, False]


def test_a_volume_without_labels_says_nothing():
    labels = np.zeros((9, 9, 9), np.uint8)
    dataset = dataset_of(make_case(labels, Completeness(np.zeros(N_CLASSES, np.uint8))))
    for number in range(5):
        sample = dataset[number]
        assert (sample["candidates"] == sum(1 << c for c in EVERYTHING)).all()
        assert not any(sample[name].any() for name in ("annotated", "z", "y", "x"))


def test_scribbles_are_known_and_nothing_else_is():
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[8, 4:12, 5], labels[8, 4:12, 11] = 2, 255
    dataset = dataset_of(make_case(labels, Completeness(np.zeros(N_CLASSES, np.uint8))), augment=STILL)
    found = {tuple(sorted(members(v))) for i in range(20) for v in dataset[i]["candidates"].unique()}
    assert found == {(0,), (2,), tuple(EVERYTHING)}


def test_slice_wise_and_volume_wise_cases_share_a_batch():
    rng = np.random.default_rng(3)
    sides = (12, 12, 12)
    cases = [
        make_case(random_labels(rng, sides), random_record(rng, sides, axes), UNIONS, name=name, modality="mr")
        for name, axes in {"slices": [0], "volume": [], "planes": [1, 2]}.items()
    ]
    dataset = dataset_of(*cases)
    samples = [dataset[i] for i in range(12)]
    batch = default_collate(samples)
    assert dataset.names == ("slices", "volume", "planes")
    assert batch["case"].dtype == torch.int64 and set(batch["case"].tolist()) == {0, 1, 2}
    shapes = {key: tuple(values.shape[1:]) for key, values in batch.items()}
    assert shapes == {
        "image": (1, 7, 8, 9),
        "candidates": (7, 8, 9),
        "annotated": (N_CLASSES,),
        "z": (7, N_CLASSES),
        "y": (8, N_CLASSES),
        "x": (9, N_CLASSES),
        "case": (),
    }
    for sample in samples:
        allowed = {"slices": {0}, "volume": set(), "planes": {1, 2}}[dataset.names[sample["case"]]]
        assert set(kept_axes(sample)) <= allowed


def test_only_images_painted_as_a_whole_are_synthesised():
    """The tissue map leaves out what is painted in part: an image of it would show where."""
    rng = np.random.default_rng(4)
    sides = (9, 9, 9)
    labels = np.where(random_labels(rng, sides) == 1, 1, 0).astype(np.uint8)
    nothing = np.zeros(N_CLASSES, np.uint8)
    whole, table = nothing.copy(), np.zeros((9, N_CLASSES), np.uint8)
    whole[1] = table[3, 1] = State.COMPLETE
    shown = {
        "whole": make_case(labels, Completeness(whole)),
        "scribbles": make_case(labels, Completeness(nothing)),
        "slices": make_case(labels, Completeness(nothing, table)),
        "unlabelled": make_case(0 * labels, Completeness(nothing)),
        "union": make_case(labels, Completeness(whole), {20: (2, 3)}),
        "mr": make_case(labels, Completeness(whole), modality="mr"),
    }
    painted = {name for name, case in shown.items() if any(view.synthetic for view in views_of(case, 0, True))}
    assert painted == {"whole"}
    assert not any(view.synthetic for view in views_of(shown["whole"], 0, False))
