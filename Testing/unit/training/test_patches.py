"""Samples: what a patch shows, what is known about it, and that sample i is sample i."""

import json
import multiprocessing
from collections import Counter

import numpy as np
import pytest
import torch
from scipy import ndimage
from tiny_dataset import LIVER, SHAPE
from torch.utils.data import DataLoader

from partialseg_training.data.patches import PatchDataset
from partialseg_training.data.prepare import prepare
from partialseg_training.losses.supervision import Supervision

N = 17
EVERYTHING = (1 << N) - 1
STILL = {"rotation": 0, "scale": 0, "elastic": 0, "intensity": 0, "noise": 0, "low_resolution": 0}


def samples(dataset, numbers=range(12)):
    return [dataset[i] for i in numbers]


def same(first, second):
    pairs = zip(first, second, strict=True)
    return all(torch.equal(torch.as_tensor(a[key]), torch.as_tensor(b[key])) for a, b in pairs for key in a)


def test_shapes_and_types(store, make_config):
    sample = PatchDataset(store, make_config(), N)[0]
    assert sample["image"].shape == (1, 12, 16, 16) and sample["image"].dtype == torch.float32
    assert sample["candidates"].shape == (12, 16, 16) and sample["candidates"].dtype == torch.int32
    assert sample["annotated"].shape == (N,) and sample["annotated"].dtype == torch.bool
    for name, n in (("z", 12), ("y", 16), ("x", 16)):
        assert sample[name].shape == (n, N) and sample[name].dtype == torch.bool and not sample[name].any()
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


def test_samples_name_their_case(store, make_config):
    """Each image shows what only it can show: who is annotated for what."""
    dataset = PatchDataset(store, make_config(augment={"synthesis": False}), N)
    assert dataset.names == ("ct_a", "ct_b", "mr", "body")
    annotated = {"ct_a": [2, 3, 6], "ct_b": [6], "mr": [6], "body": list(range(1, N))}
    seen = set()
    for sample in samples(dataset, range(40)):
        name = dataset.names[sample["case"]]
        assert sample["annotated"].nonzero().ravel().tolist() == annotated[name]
        seen.add(name)
    assert len(seen) == 4


@pytest.fixture
def sparse(manifest, tmp_path, make_config):
    """Dataset of ct_a as a whole, and of the same with the liver complete in the slices 9 to 13 across z alone."""
    entry = json.loads(manifest.read_text())["cases"][0]
    entry |= {key: str(manifest.parent / entry[key]) for key in ("image", "label")}
    slices = {**entry, "name": "slices", "annotated": [], "slices": {"k": {"9-13": [LIVER]}}}
    path = tmp_path / "sparse.json"
    path.write_text(json.dumps({"cases": [entry, slices]}), encoding="utf-8")
    config = make_config(dataset=str(path), train=["ct_a", "slices"], batch_size=4)
    folders = prepare(path, config.train, config.preprocessing, config.label_set, tmp_path / "store", workers=1)
    return PatchDataset(folders, config, N)


def test_records_of_slices_come_from_the_file_into_the_patch(sparse):
    found = [sample for sample in samples(sparse, range(30)) if sparse.names[sample["case"]] == "slices"]
    painted = {1 << 2, 1 << 3, 1 << LIVER}
    assert len(found) > 5 and sum(bool(sample["z"].any()) for sample in found) > 3
    for sample in found:
        assert not sample["annotated"].any() and not sample["y"].any() and not sample["x"].any()
        assert sample["z"].any(0).nonzero().ravel().tolist() in ([], [LIVER]) and sample["z"].sum() <= 5
        for row, plane in zip(sample["z"][:, LIVER], sample["candidates"], strict=True):
            # The kidneys are painted too, though nobody said that all of them are.
            unpainted = {EVERYTHING - (1 << LIVER), EVERYTHING} if row else {EVERYTHING}
            assert set(plane.unique().tolist()) <= painted | unpainted


def test_whole_volumes_and_slices_share_batches(sparse):
    for batch in DataLoader(sparse, batch_size=4, sampler=range(8)):
        assert batch["z"].shape == (4, 12, N) and batch["case"].shape == (4,)
        supervision = Supervision(*(batch[key] for key in ("candidates", "annotated", "z", "y", "x")))
        assert supervision.n_classes == N


def test_random_order_shows_any_place(store, make_config):
    """Not around a structure, but with the voxel that was drawn in the patch's middle half."""
    dataset = PatchDataset(store, make_config(sampling={"order": "random"}, augment=STILL), N)
    found = samples(dataset, range(60))
    assert {sample["case"] for sample in found} == {0, 1, 2, 3}
    assert any(not (sample["candidates"] == 1 << LIVER).any() for sample in found)
    for sample in found:
        assert (sample["candidates"][3:9, 4:12, 4:12] != EVERYTHING).any()


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
        augment=STILL, patch_size=patch, train=["ct_a"], sampling={"weights": {"modality:mr": 0, "class:0": 0}}
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
    config = make_config(sampling={"weights": {"class:0": 0, "class:2": 0, "class:3": 0}}, augment=STILL)
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


def test_synthesis_of_images_can_be_left_out(store, make_config):
    """Label maps have no image of their own: they are painted all the same."""
    dataset = PatchDataset(store, make_config(augment={"synthesis": False}), N)
    assert {view.case.record.name for view in dataset.views if view.synthetic} == {"body"}


def test_a_real_patch_is_the_image_where_it_was_read(store, make_config):
    """Kidneys were written with 200 HU and the liver with 110: (HU + 400) / 800."""
    weights = {"modality:mr": 0, "dataset:labelmaps-synthetic": 0, "dataset:tiny-synthetic": 0}
    dataset = PatchDataset(store, make_config(augment=STILL, sampling={"weights": weights}), N)
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
