"""A bundle with a second, coarse network: hashed, complete, fitting; or refused in one line."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from PartialSegLib.bundle import COARSE_WEIGHTS, INFERENCE, SUMS, WEIGHTS, Bundle, write_sums
from PartialSegLib.errors import UserError
from PartialSegLib.preprocessing import Preprocessing

NETWORK = {"name": "unet", "n_classes": 17, "channels": [4, 8], "blocks": [1, 1]}


@pytest.fixture
def folder(tiny_bundle, tmp_path):
    """A copy of a whole bundle with a coarse network whose first bias differs from the fine one's."""
    folder = shutil.copytree(tiny_bundle, tmp_path / "model")
    weights = load_file(folder / WEIGHTS)
    save_file({name: tensor + 1 for name, tensor in weights.items()}, folder / COARSE_WEIGHTS)
    settings = {
        "label_set": "abdomen16",
        "network": NETWORK,
        "patch_size": [16, 16, 32],
        "preprocessing": Preprocessing(spacing=(16.0, 16.0, 16.0)).to_json(),
        "margin_mm": 20,
    }
    return change(folder, coarse=settings)


def change(folder, **values):
    content = json.loads((folder / INFERENCE).read_text(encoding="utf-8"))
    (folder / INFERENCE).write_text(json.dumps({**content, **values}), encoding="utf-8")
    write_sums(folder)
    return folder


def refused(folder):
    with pytest.raises(UserError) as caught:
        Bundle.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_it_gives(folder):
    bundle = Bundle.load(folder)
    coarse = bundle.coarse
    assert bundle.margin_mm == 20 and coarse.patch_size == (16, 16, 32) and coarse.coarse is None
    assert coarse.preprocessing.spacing == (16.0, 16.0, 16.0) != bundle.preprocessing.spacing
    fine, first = bundle.load_network().state_dict(), coarse.load_network().state_dict()
    assert all(torch.equal(first[name], fine[name] + 1) for name in fine)


def test_without_settings_there_is_none(tiny_bundle):
    assert Bundle.load(tiny_bundle).coarse is None


def test_its_weights_are_checked(folder):
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    (folder / SUMS).write_text("\n".join(line for line in lines if COARSE_WEIGHTS not in line), encoding="utf-8")
    assert f"does not list {COARSE_WEIGHTS}" in refused(folder)
    write_sums(folder)
    (folder / COARSE_WEIGHTS).write_bytes(b"other")
    assert f"{COARSE_WEIGHTS} was changed" in refused(folder)
    (folder / COARSE_WEIGHTS).unlink()
    assert f"{COARSE_WEIGHTS} is missing" in refused(folder)


@pytest.mark.parametrize("key", ["label_set", "network", "patch_size", "preprocessing", "margin_mm"])
def test_every_setting_is_needed(folder, key):
    coarse = json.loads((folder / INFERENCE).read_text(encoding="utf-8"))["coarse"]
    del coarse[key]
    assert f"lacks a setting ('{key}')" in refused(change(folder, coarse=coarse))


@pytest.mark.parametrize(
    ("coarse", "said"), [("coarse", "lacks a setting"), ([], "lacks a setting"), (None, "lacks a setting")]
)
def test_settings_that_are_no_object(folder, coarse, said):
    assert said in refused(change(folder, coarse=coarse))


def test_a_label_set_that_does_not_fit_the_network(folder):
    coarse = json.loads((folder / INFERENCE).read_text(encoding="utf-8"))["coarse"]
    assert "another label set" in refused(change(folder, coarse={**coarse, "label_set": "abdomen16_lesion"}))
