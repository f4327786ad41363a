"""Configurations: what is accepted, and that every mistake is named in one line."""

import pytest
from tiny_dataset import write_config

from partialseg_training.config import load_config
from PartialSegLib.errors import UserError


@pytest.fixture
def path(tmp_path):
    (tmp_path / "run").mkdir()
    return write_config(tmp_path / "run" / "config.yaml", manifest="../data/manifest.json")


def refused(path, overrides=None):
    with pytest.raises(UserError) as caught:
        load_config(path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_values_and_defaults(path, tmp_path):
    config = load_config(path)
    assert config.manifest == tmp_path / "data" / "manifest.json"  # relative to the file, not to where one stands
    assert config.patch_size == (12, 16, 16) and config.preprocessing.spacing == (4.0, 4.0, 5.0)
    assert (config.batch_size, config.label_set, config.loss.gamma) == (2, "abdomen16", 2.0)


def test_overrides_replace_settings_at_any_depth(path):
    given = {
        "steps": "7",
        "augment.rotation": "5",
        "loss.dice_over": "present",
        "train": "[a, b]",
        "network.depth": "2",
    }
    config = load_config(path, {**given, "sampling_weights.modality:ct": "2", "preprocessing.spacing": "[1, 2, 3]"})
    assert config.steps == 7 and config.augment.rotation == 5 and config.train == ("a", "b")
    assert config.loss.dice_over == "present" and config.network["depth"] == 2
    assert config.sampling_weights == {"modality:ct": 2} and config.preprocessing.spacing == (1, 2, 3)


def test_an_empty_section_can_be_filled_by_an_override(path):
    path.write_text(path.read_text(encoding="utf-8") + "augment:\n", encoding="utf-8")
    assert load_config(path, {"augment.scale": "0.1"}).augment.scale == 0.1


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("stepz", "3", "stepz: Extra inputs are not permitted"),
        ("loss.gama", "3", "loss.gama: Unexpected keyword argument"),
        ("augment.flip", "true", "augment.flip"),
        ("preprocessing.spacin", "[1, 1, 1]", "preprocessing.spacin"),
        ("steps", "many", "steps: Input should be a valid integer"),
        ("steps", "0", "steps: Input should be greater than or equal to 1"),
        ("learning_rate", "-1", "learning_rate"),
        ("train", "[]", "train"),
        ("train", "[a, b, a]", "train: a is named twice"),
        ("held_out", "[body]", "body is in train and in held_out"),
        ("patch_size", "[16, 16]", "patch_size"),
        ("patch_size", "[16, 16, 0]", "patch_size"),
        ("preprocessing.spacing", "[2, 2]", "preprocessing.spacing"),
        ("preprocessing.spacing", "[2, 2, 0]", "preprocessing: spacing must be positive"),
        ("preprocessing.ct_window", "[400, -400]", "preprocessing: ct_window must rise"),
        ("preprocessing.mr_percentiles", "[1, 101]", "preprocessing: mr_percentiles must rise"),
        ("loss.dice_over", "Present", "loss.dice_over"),
        ("loss.gamma", "0.5", "loss: gamma must be 0 or at least 1"),
        ("loss.epsilon", "0", "loss: epsilon must be positive"),
        ("augment.scale", "0.9", "augment: scale must be"),
        ("sampling_weights.modalty:ct", "2", "sampling_weights"),
        ("sampling_weights.class:3", "-2", "sampling_weights"),
        ("steps.more", "3", "setting steps.more cannot be replaced: steps holds no further settings"),
        ("steps", "[1", "cannot be read"),
    ],
)
def test_every_mistake_is_named(path, key, text, said):
    assert said in refused(path, {key: text})


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "just text"])
def test_files_without_settings(path, content):
    path.write_text(content, encoding="utf-8")
    assert "holds no settings" in refused(path, {"steps": "3"})


@pytest.mark.parametrize("content", [b"a: [1", b"\xff\xfe\x00", b"a: b: c"])
def test_files_that_are_no_yaml(path, content):
    path.write_bytes(content)
    assert "cannot be read" in refused(path)


def test_missing_files_and_settings(path, tmp_path):
    assert "No such file" in refused(tmp_path / "none.yaml")
    assert "cannot be read" in refused(tmp_path)
    path.write_text("name: x\n", encoding="utf-8")
    assert "Field required" in refused(path)
