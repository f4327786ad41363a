"""From a checkpoint to a bundle: complete, described, and refused once a byte of it has changed."""

import json
import shutil

import numpy as np
import pytest
import torch

from partialseg_training.checkpoint import save_checkpoint
from partialseg_training.export import export_bundle
from PartialSegLib.bundle import CARD, INFERENCE, METADATA, SUMS, WEIGHTS, Bundle
from PartialSegLib.errors import UserError
from PartialSegLib.networks import build_network

METRICS = {
    "tiny": {
        "cases": ["x", "y"],
        "mean_over_structures": {"dsc": 0.7, "nsd": 0.6},
        "structures": {
            "liver": {
                "n": 2, "missed": 0, "dsc": {"mean": 0.9, "sd": 0.05}, "nsd": {"mean": 0.8, "sd": 0.01},
                "hd95_mm": {"mean": 3.25, "sd": 1.0},
            },
            "gallbladder": {
                "n": 1, "missed": 1, "dsc": {"mean": 0.0, "sd": None}, "nsd": {"mean": 0.0, "sd": None},
                "hd95_mm": None,
            },
        },
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory, manifest):
    """Config, averaged network and checkpoint of a run of 7 steps."""
    from tiny_dataset import write_config

    from partialseg_training.config import load_config

    folder = tmp_path_factory.mktemp("trained")
    path = write_config(
        folder / "config.yaml", dataset=str(manifest), train=["ct_a"], held_out=["x", "y"], terms="CC0."
    )
    config = load_config(path)
    return config, _save(folder / "checkpoint.safetensors", config.model_dump_json()), folder / "checkpoint.safetensors"


def _save(path, config_json):
    """Write a checkpoint of random weights and return the averaged network."""
    torch.manual_seed(0)
    networks = [build_network({**json.loads(config_json)["network"], "n_classes": 17}) for _ in "ab"]
    optimiser = torch.optim.AdamW(networks[0].parameters())
    networks[0](torch.ones(1, 1, 4, 4, 4)).mean().backward()
    optimiser.step()
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    save_checkpoint(path, 7, config_json, *networks, optimiser, scaler)
    return networks[1]


@pytest.fixture
def bundle(trained, tmp_path):
    export_bundle(trained[2], tmp_path / "bundle", "1.2.3", METRICS)
    return tmp_path / "bundle"


def test_the_bundle_is_the_trained_model(bundle, trained):
    config, ema, _ = trained
    loaded = Bundle.load(bundle)
    assert loaded.patch_size == config.patch_size and loaded.preprocessing == config.preprocessing
    assert loaded.label_set.name == "abdomen16"
    assert loaded.network_config == {**config.network, "n_classes": 17}
    network = loaded.load_network()
    assert not network.training
    image = torch.from_numpy(np.random.default_rng(0).random((1, 1, 8, 8, 8), np.float32))
    with torch.inference_mode():
        torch.testing.assert_close(network(image), ema.eval()(image), rtol=0.01, atol=0.01)
    assert (bundle / WEIGHTS).stat().st_size < 2.5 * sum(p.numel() for p in ema.parameters()) + 5000


def test_the_bundle_says_what_it_was_made_from(bundle):
    metadata = Bundle.load(bundle).metadata
    assert (metadata["name"], metadata["version"], metadata["terms"]) == ("tiny", "1.2.3", "CC0.")
    method = metadata["training"].pop("method")
    assert method["name"] == "self_disambiguation" and method["entropy"] == 1
    assert metadata["training"] == {"cases": ["ct_a"], "held_out": ["x", "y"], "steps": 7, "seed": 0}
    assert metadata["metrics"] == METRICS
    assert metadata["network_data_format"]["outputs"]["pred"]["channel_def"]["6"] == "liver"
    assert "Not for clinical use" in metadata["intended_use"]


def test_the_model_card(bundle):
    card = (bundle / CARD).read_text(encoding="utf-8")
    assert card.startswith("# tiny 1.2.3")
    for text in ("**Not for clinical use.**", "CC0.", "ct_a", "7 steps", "4 x 4 x 5 mm", "1 to 99", "12 x 16 x 16"):
        assert text in card, text
    assert "| liver | 2 | 0 | 0.900 (0.050) | 0.800 (0.010) | 3.2 (1.0) |" in card
    assert "| gallbladder | 1 | 1 | 0.000 | 0.000 | - |" in card
    assert "| **mean over structures** | | | **0.700** | **0.600** | |" in card


def test_a_checkpoint_older_than_a_setting_gets_its_default(trained, tmp_path):
    config, *_ = trained
    old = json.loads(config.model_dump_json())
    del old["terms"], old["held_out"]
    _save(tmp_path / "old.safetensors", json.dumps(old))
    export_bundle(tmp_path / "old.safetensors", tmp_path / "bundle", "1")
    assert Bundle.load(tmp_path / "bundle").metadata["terms"] == ""
    assert "Not stated." in (tmp_path / "bundle" / CARD).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [METADATA, INFERENCE, WEIGHTS, CARD, SUMS])
@pytest.mark.parametrize("tampering", ["flip a bit", "cut", "empty", "remove"])
def test_tampering_with_any_file_is_noticed(bundle, name, tampering):
    path = bundle / name
    content = bytearray(path.read_bytes())
    if tampering == "flip a bit":
        content[len(content) // 2] ^= 1
    elif tampering == "cut":
        del content[len(content) // 2 :]
    else:
        content.clear()
    path.unlink() if tampering == "remove" else path.write_bytes(bytes(content))
    with pytest.raises(UserError) as caught:
        Bundle.load(bundle)
    assert "\n" not in str(caught.value)


def test_a_copy_is_as_good(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "copy")
    Bundle.load(tmp_path / "copy").load_network()


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(UserError, match=r"none\.safetensors"):
        export_bundle(tmp_path / "none.safetensors", tmp_path / "bundle", "1")
    assert not (tmp_path / "bundle").exists()
