"""Configurations: what is accepted, and that every mistake is named in one line."""

import pytest
from tiny_dataset import write_config

from partialseg_training.config import TrainConfig, load_config, shipped_configs
from PartialSegLib.errors import UserError


@pytest.fixture
def path(tmp_path):
    (tmp_path / "run").mkdir()
    return write_config(tmp_path / "run" / "config.yaml", dataset="../data/manifest.json")


def refused(path, overrides=None):
    with pytest.raises(UserError) as caught:
        load_config(path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_values_and_defaults(path, tmp_path):
    config = load_config(path)
    assert config.dataset == tmp_path / "data" / "manifest.json"  # relative to the file, not to where one stands
    assert config.patch_size == (12, 16, 16) and config.preprocessing.spacing == (4.0, 4.0, 5.0)
    assert (config.batch_size, config.label_set, config.method.gamma) == (2, "abdomen16", 2.0)


def test_overrides_replace_settings_at_any_depth(path):
    given = {
        "steps": "7",
        "augment.rotation": "5",
        "method.dice_over": "present",
        "train": "[a, b]",
        "network.depth": "2",
    }
    config = load_config(path, {**given, "sampling.weights.modality:ct": "2", "preprocessing.spacing": "[1, 2, 3]"})
    assert config.steps == 7 and config.augment.rotation == 5 and config.train == ("a", "b")
    assert config.method.dice_over == "present" and config.network["depth"] == 2
    assert config.sampling.weights == {"modality:ct": 2} and config.preprocessing.spacing == (1, 2, 3)


def test_an_empty_section_can_be_filled_by_an_override(path):
    path.write_text(path.read_text(encoding="utf-8") + "augment:\n", encoding="utf-8")
    assert load_config(path, {"augment.scale": "0.1"}).augment.scale == 0.1


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("stepz", "3", "stepz: Extra inputs are not permitted"),
        ("method.gama", "3", "method: self_disambiguation: gama: Extra inputs are not permitted"),
        ("augment.flip", "true", "augment.flip"),
        ("preprocessing.spacin", "[1, 1, 1]", "preprocessing.spacin"),
        ("steps", "many", "steps: Input should be a valid integer"),
        ("steps", "0", "steps: Input should be greater than or equal to 1"),
        ("learning_rate", "-1", "learning_rate"),
        ("method", "magic", "method: method 'magic' is unknown: choose one of"),
        ("method", "3", "method: give the name of a method"),
        ("phantoms", "3", "give either dataset or phantoms"),
        ("dataset", "null", "give either dataset or phantoms"),
        ("precision", "int8", "precision"),
        ("validation", "[ct_a]", "ct_a is in train and in validation"),
        ("train", "[a, b, a]", "train: a is named twice"),
        ("held_out", "[body]", "body is in train and in held_out"),
        ("patch_size", "[16, 16]", "patch_size"),
        ("patch_size", "[16, 16, 0]", "patch_size"),
        ("preprocessing.spacing", "[2, 2]", "preprocessing.spacing"),
        ("preprocessing.spacing", "[2, 2, 0]", "preprocessing: spacing must be positive"),
        ("preprocessing.ct_window", "[400, -400]", "preprocessing: ct_window must rise"),
        ("preprocessing.mr_percentiles", "[1, 101]", "preprocessing: mr_percentiles must rise"),
        ("method.dice_over", "Present", "self_disambiguation: dice_over"),
        ("method.gamma", "0.5", "gamma: must be 0 or at least 1"),
        ("method.epsilon", "0", "epsilon"),
        ("augment.scale", "0.9", "augment: scale must be"),
        ("sampling.weights.modalty:ct", "2", "sampling.weights"),
        ("sampling.weights.class:3", "-2", "sampling.weights"),
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


def test_shipped_configurations_go_by_name():
    assert load_config("smoke").name == "smoke"
    assert set(shipped_configs()) >= {"smoke", "abdomen16"}
    for name in set(shipped_configs()) - {"smoke"}:
        assert "give either dataset or phantoms" in refused(name)
        assert load_config(name, {"dataset": "cases"}).name
    message = refused("smok")
    assert "neither a file nor a shipped configuration" in message and "smoke" in message


def test_paths_are_relative_to_where_they_are_written(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(path, {"dataset": "here", "store": "prepared"})
    assert config.dataset == tmp_path / "here" and config.store == tmp_path / "prepared"


def test_a_method_is_named_or_set(path):
    assert load_config(path, {"method": "scribble"}).method.name == "scribble"
    again = load_config(path, {"method": "scribble", "method.entropy": "0.5"})
    assert again.method.name == "scribble" and again.method.entropy == 0.5
    # What is saved is what was set, whatever the method.
    assert TrainConfig.model_validate_json(again.model_dump_json()) == again
