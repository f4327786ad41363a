"""What a bundle's inference.json may ask for: where labels are decided, and which structures are one part."""

import json

import numpy as np
import pytest
from inference_stubs import ct, nearest_level_network

from PartialSegLib.bundle import INFERENCE, Bundle, write_sums
from PartialSegLib.errors import UserError
from PartialSegLib.inference import Engine
from PartialSegLib.inference.torch_backend import TorchBackend
from PartialSegLib.preprocessing import Preprocessing, resample_labels


def with_settings(folder, **settings):
    path = folder / INFERENCE
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
    write_sums(folder)
    return folder


@pytest.fixture
def folder(tmp_path, bundle_writer):
    return bundle_writer(tmp_path / "bundle", b"no weights")


def test_by_default_logits_are_interpolated_and_all_parts_kept(folder):
    bundle = Bundle.load(folder)
    assert (bundle.resample, bundle.one_part) == ("logits", ())


def test_what_the_bundle_says_is_read(folder):
    bundle = Bundle.load(with_settings(folder, resample="labels", largest_component=[1, 6]))
    assert (bundle.resample, bundle.one_part) == ("labels", (1, 6))


def test_organs_are_all_structures_but_lesions(tmp_path, bundle_writer):
    folder = bundle_writer(tmp_path / "lesion", b"no weights", "abdomen16_lesion")
    network = {**json.loads((folder / INFERENCE).read_text())["network"], "n_classes": 18}
    bundle = Bundle.load(with_settings(folder, largest_component="organs", network=network))
    assert bundle.one_part == tuple(range(1, 17))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"resample": "nearest"}, "resample 'nearest' is neither logits nor labels"),
        ({"largest_component": [17]}, "no structure with value 17"),
        ({"largest_component": "all"}, "lacks a setting"),
        ({"largest_component": 3}, "lacks a setting"),
    ],
)
def test_settings_that_mean_nothing(folder, settings, said):
    with pytest.raises(UserError, match=said):
        Bundle.load(with_settings(folder, **settings))


def scene():
    """Class 8 fills the body but for a ball of class 12 and a smaller one apart from it."""
    levels = np.full((20, 33, 41), 8)
    z, y, x = np.indices(levels.shape)
    levels[(z - 10) ** 2 + (y - 12) ** 2 + (x - 12) ** 2 < 36] = 12
    levels[(z - 10) ** 2 + (y - 24) ** 2 + (x - 32) ** 2 < 16] = 12
    return levels


def segment(make_bundle, spacing=2.0, **settings):
    preprocessing = Preprocessing(spacing=(spacing,) * 3)
    bundle = make_bundle(nearest_level_network(), preprocessing=preprocessing, **settings)
    backend = TorchBackend(bundle.load_network())
    return Engine(bundle, backend=backend).segment(ct(scene()), "ct").labels.array, bundle


def test_deciding_first_gives_blocks_of_the_network_s_voxels(make_bundle):
    smooth, _ = segment(make_bundle, spacing=4.0)
    blocks, _ = segment(make_bundle, spacing=4.0, resample="labels")
    coarse = tuple(round(n / 2) for n in blocks.shape)
    nearest = resample_labels(blocks, coarse)
    np.testing.assert_array_equal(resample_labels(nearest, blocks.shape), blocks)
    assert (smooth != blocks).any() and (smooth == blocks).mean() > 0.9


def test_the_largest_part_alone_is_kept_where_the_bundle_asks(make_bundle):
    everything, _ = segment(make_bundle)
    largest, _ = segment(make_bundle, one_part=(12,))
    assert (everything == 12).sum() > (largest == 12).sum() > 0
    assert not (largest[:, 20:, 26:] == 12).any()
    np.testing.assert_array_equal(largest[:, :20, :20], everything[:, :20, :20])
