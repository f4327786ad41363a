"""Opening a model: verified, complete, fitting; or refused in one line."""

import hashlib
import json
import shutil
from dataclasses import FrozenInstanceError

import pytest
import torch
from safetensors.torch import load_file, save_file

from PartialSegLib import bundle as module
from PartialSegLib.bundle import CARD, INFERENCE, METADATA, SUMS, WEIGHTS, Bundle, verify, write_sums
from PartialSegLib.errors import UserError


@pytest.fixture
def folder(tiny_bundle, tmp_path):
    """A copy of a whole bundle, to be damaged."""
    return shutil.copytree(tiny_bundle, tmp_path / "model")


def refused(folder, load=Bundle.load):
    with pytest.raises(UserError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change(folder, name, **values):
    """Change settings (None removes one), with hashes that fit."""
    content = {**json.loads((folder / name).read_text(encoding="utf-8")), **values}
    content = {key: value for key, value in content.items() if value is not None}
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    write_sums(folder)


def test_what_a_bundle_gives(folder):
    bundle = Bundle.load(str(folder))
    assert bundle.path == folder and bundle.metadata["name"] == "tiny"
    stored = json.loads((folder / INFERENCE).read_text(encoding="utf-8"))
    assert list(bundle.patch_size) == stored["patch_size"] and bundle.network_config == stored["network"]
    assert list(bundle.preprocessing.spacing) == stored["preprocessing"]["spacing"]
    assert bundle.label_set.name == "abdomen16"
    with pytest.raises(FrozenInstanceError):
        bundle.path = folder.parent


def test_parts_are_kept_unless_the_bundle_says_otherwise(folder):
    change(folder, INFERENCE, smallest_part=None)
    assert Bundle.load(folder).smallest_part == 0
    change(folder, INFERENCE, smallest_part=0.25)
    assert Bundle.load(folder).smallest_part == 0.25


def test_the_network_is_ready_to_run(folder):
    network = Bundle.load(folder).load_network()
    assert not network.training
    stored = load_file(folder / WEIGHTS)
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, stored[name].float())
    assert network(torch.zeros(1, 1, 16, 16, 16)).shape == (1, 17, 16, 16, 16)


def test_sums_are_those_of_sha256sum(folder):
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    assert sorted(lines, key=lambda line: line.split("  ")[1]) == lines
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert {line.split("  ")[1] for line in lines} == {METADATA, INFERENCE, WEIGHTS, CARD}


@pytest.mark.parametrize("name", [METADATA, INFERENCE, WEIGHTS, CARD])
@pytest.mark.parametrize("damage", ["changed", "longer", "missing"])
def test_every_file_is_checked(folder, name, damage):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(bytes(content) if damage == "changed" else path.read_bytes() + b" ")
    message = refused(folder, verify)
    assert name in message and ("missing" if damage == "missing" else "SHA-256") in message


def test_unlisted_essentials_are_missed(folder):
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    (folder / SUMS).write_text("\n".join(line for line in lines if WEIGHTS not in line), encoding="utf-8")
    assert f"does not list {WEIGHTS}" in refused(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x80garbage", b"one line\n"])
def test_damaged_sums(folder, content):
    (folder / SUMS).write_bytes(content)
    assert "does not list" in refused(folder)


def test_folders_that_are_no_model(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "none", folder / CARD):
        assert "is not a model" in refused(path)


def test_the_one_that_ships_is_the_default(folder, monkeypatch):
    monkeypatch.setattr(module, "resource_path", lambda *parts: folder.parent.joinpath(parts[0] and "model"))
    assert Bundle.load().path == folder


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        (METADATA, {"format_version": 2}, "has format 2: update PartialSeg"),
        (METADATA, {"format_version": None}, "has format None"),
        (METADATA, {"label_set": None}, "lacks a setting"),
        (METADATA, {"label_set": "abdomen99"}, "abdomen99"),
        (INFERENCE, {"preprocessing": None}, "lacks a setting"),
        (INFERENCE, {"preprocessing": [1]}, "preprocessing cannot be read"),
        (INFERENCE, {"patch_size": [16, 16]}, "lacks a setting"),
        (INFERENCE, {"patch_size": 16}, "lacks a setting"),
        (INFERENCE, {"network": {"name": "unet"}}, "lacks a setting"),
        (INFERENCE, {"network": "unet"}, "lacks a setting"),
        (INFERENCE, {"network": {"name": "unet", "n_classes": 5}}, "made for another label set"),
    ],
)
def test_settings_that_do_not_fit(folder, name, values, said):
    change(folder, name, **values)
    assert said in refused(folder)


@pytest.mark.parametrize("name", [METADATA, INFERENCE])
@pytest.mark.parametrize("content", ["[]", "{", ""])
def test_settings_that_are_no_json_object(folder, name, content):
    (folder / name).write_text(content, encoding="utf-8")
    write_sums(folder)
    assert str(folder / name) in refused(folder)


@pytest.mark.parametrize("damage", ["other shapes", "surplus", "lacking", "no safetensors", "gone"])
def test_weights_that_do_not_fit(folder, damage):
    weights = load_file(folder / WEIGHTS)
    first = next(iter(weights))
    if damage == "surplus":
        weights["more"] = torch.zeros(1)
    elif damage == "lacking":
        del weights[first]
    elif damage == "other shapes":
        weights[first] = torch.zeros(3)
    save_file(weights, folder / WEIGHTS)
    if damage == "no safetensors":
        (folder / WEIGHTS).write_bytes(b"\x80\x04K\x01.")
    write_sums(folder)
    bundle = Bundle.load(folder)
    if damage == "gone":
        (folder / WEIGHTS).unlink()
    assert "do not fit" in refused(bundle, Bundle.load_network)


def test_a_network_that_is_not_known(folder):
    change(folder, INFERENCE, network={"name": "hypernet", "n_classes": 17})
    assert "network 'hypernet' is unknown" in refused(Bundle.load(folder), Bundle.load_network)
