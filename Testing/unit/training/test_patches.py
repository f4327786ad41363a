"""Samples: what a patch shows, what is known about it, and that sample i is sample i."""

import multiprocessing
from collections import Counter

import numpy as np
import pytest
import torch
from scipy import ndimage
from tiny_dataset import LIVER, SHAPE
from torch.utils.data import DataLoader

from partialseg_training.data.patches import PatchDataset

N = 17
EVERYTHING = (1 << N) - 1
STILL = {"rotation": 0, "scale": 0, "elastic": 0, "intensity": 0, "noise": 0, "low_resolution": 0}


def samples(dataset, numbers=range(12)):
    return [dataset[i] for i in numbers]


def same(first, second):
    return all(torch.equal(a[key], b[key]) for a, b in zip(first, second, strict=True) for key in a)


def test_shapes_and_types(store, make_config):
    sample = PatchDataset(store, make_config(), N)[0]
    assert sample["image"].shape == (1, 12, 16, 16) and sample["image"].dtype == torch.float32
    assert sample["candidates"].shape == (12, 16, 16) and sample["candidates"].dtype == torch.int32
    assert sample["annotated"].shape == (N,) and sample["annotated"].dtype == torch.bool
    assert len(PatchDataset(store, make_config(steps=7, batch_size=3), N)) == 21


def test_a_sample_is_a_function_of_the_seed_and_its_number(store, make_config):
    first = samples(PatchDataset(store, make_config(), N))
    again = PatchDataset(store, make_config(), N)
    backwards = [again[i] for i in reversed(range(12))][::-1]
    assert same(first, backwards)
    assert not same(first, samples(PatchDataset(store, make_config(seed=1), N)))
    assert not any(same([first[i]], [first[j]]) for i in range(12) for j in range(i))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_does_not_matter_who_draws_a_sample(store, make_config, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"{method} is not available here")
    dataset = PatchDataset(store, make_config(), N)
    loader = DataLoader(dataset, sampler=range(4), batch_size=2, num_workers=1, multiprocessing_context=method)
    drawn = [{key: values[i] for key, values in batch.items()} for batch in loader for i in range(2)]
    assert same(drawn, samples(dataset, range(4)))


def test_every_candidate_set_says_what_is_known(store, make_config):
    """Painted voxels are sure, unpainted ones anything but what is complete, and outside nothing is known."""
    dataset = PatchDataset(store, make_config(), N)
    kinds = Counter()
    for sample in samples(dataset, range(40)):
        complete = [c for c in range(N) if sample["annotated"][c]]
        assert tuple(complete) in {(2, 3, 6), (6,), tuple(range(1, N))}
        unpainted = EVERYTHING - sum(1 << c for c in complete)
        allowed = {EVERYTHING: "outside", unpainted: "unpainted"} | {1 << c: "painted" for c in complete}
        kinds.update(allowed[int(value)] for value in sample["candidates"].unique())
        outside = sample["candidates"] == EVERYTHING
        assert not sample["image"][0][outside].isnan().any()
    assert kinds["painted"] > 10 and kinds["unpainted"] > 10 and kinds["outside"] > 10


def test_a_patch_larger_than_the_volume_shows_all_of_it_once(store, make_config):
    """Nothing is turned here, so that the labels can be counted."""
    patch = [44, 52, 60]
    config = make_config(
        augment=STILL, patch_size=patch, train=["ct_a"], sampling_weights={"modality:mr": 0, "class:0": 0}
    )
    dataset = PatchDataset(store[:1], config, N)
    view = dataset.views[0]
    # The class voxel lies within a quarter of the patch of its centre, so that most volumes are shown whole.
    whole = [s for s in samples(dataset) if (s["candidates"] != EVERYTHING).sum() == np.prod(SHAPE)]
    assert whole
    for sample in whole:
        for value in (2, 3, LIVER):
            assert (sample["candidates"] == 1 << value).sum() == (view.case.labels[:] == value).sum()
        inside = (sample["candidates"] != EVERYTHING).nonzero()
        assert (inside.max(0).values - inside.min(0).values + 1).tolist() == list(SHAPE)
        # The right kidney lies at lower x than the left one.
        right, left = ((sample["candidates"] == 1 << value).nonzero()[:, 2].float().mean() for value in (2, 3))
        assert right < left


def test_patches_surround_the_class_that_was_drawn(store, make_config):
    config = make_config(sampling_weights={"class:0": 0, "class:2": 0, "class:3": 0}, augment=STILL)
    dataset = PatchDataset(store, config, N)
    assert all((sample["candidates"] == 1 << LIVER).any() for sample in samples(dataset))


def test_real_images_show_themselves_and_label_maps_are_painted(store, make_config):
    dataset = PatchDataset(store, make_config(), N)
    shown = {(view.case.record.name, view.dataset, view.modality, view.synthetic) for view in dataset.views}
    assert shown == {
        ("ct_a", "tiny", "ct", False),
        ("ct_a", "tiny-synthetic", "mr", True),
        ("ct_b", "tiny", "ct", False),
        ("ct_b", "tiny-synthetic", "mr", True),
        ("mr", "tiny", "mr", False),
        ("body", "labelmaps-synthetic", "ct", True),
        ("body", "labelmaps-synthetic", "mr", True),
    }


def test_a_real_patch_is_the_image_where_it_was_read(store, make_config):
    """Kidneys were written with 200 HU and the liver with 110: (HU + 400) / 800."""
    weights = {"modality:mr": 0, "dataset:labelmaps-synthetic": 0, "dataset:tiny-synthetic": 0}
    dataset = PatchDataset(store, make_config(augment=STILL, sampling_weights=weights), N)
    checked = 0
    for sample in samples(dataset):
        for value, hu in ((2, 200), (3, 200), (LIVER, 110)):
            # Away from the surface, where neighbours shine through.
            inner = ndimage.binary_erosion(sample["candidates"] == 1 << value)
            values = sample["image"][0][torch.from_numpy(inner)]
            if len(values) > 20:
                assert values.mean() == pytest.approx((hu + 400) / 800, abs=0.01)
                checked += 1
    assert checked > 5


def test_images_lie_in_range(store, make_config):
    for sample in samples(PatchDataset(store, make_config(), N), range(20)):
        assert sample["image"].min() >= 0 and sample["image"].max() <= 1
