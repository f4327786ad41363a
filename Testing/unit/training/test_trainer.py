"""The training loop: schedule, averaging, learning, and the folder it lives in."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors import safe_open

from partialseg_training.checkpoint import checkpoint_step, checkpoint_weights
from partialseg_training.config import load_config
from partialseg_training.data.store import load_case
from partialseg_training.distributed import Processes
from partialseg_training.learning import learning_rate
from partialseg_training.run_folder import RunFolder
from partialseg_training.train_log import JsonLines
from partialseg_training.trainer import train
from partialseg_training.validation import Validation
from PartialSegLib.bundle import Bundle
from PartialSegLib.errors import UserError
from PartialSegLib.networks import build_network
from PartialSegLib.structures import load_label_set

STILL = {"rotation": 0, "scale": 0, "elastic": 0, "intensity": 0, "noise": 0, "low_resolution": 0}


@pytest.fixture
def output(tmp_path):
    """A folder for a run."""
    return tmp_path / "out"


@pytest.fixture
def make_config(make_config, store):
    """Configurations for which the cases are prepared already."""
    return lambda **settings: make_config(**{"store": str(store[0].parent), **settings})


def log_of(output):
    return [json.loads(line) for line in (output / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def weights_of(path, part):
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if name.startswith(f"{part}/")}  # noqa: SIM118


def test_learning_rate_warms_up_and_decays_to_zero(make_config):
    config = make_config(steps=1000, warm_up=10, learning_rate=0.5)
    rates = np.array([learning_rate(step, config) for step in range(1001)])
    decay = 0.5 * (1 - np.arange(1001) / 1000) ** 0.9
    np.testing.assert_allclose(rates[9:], decay[9:])
    np.testing.assert_allclose(rates[:10], decay[:10] * np.arange(1, 11) / 10)
    assert rates[-1] == 0 and rates.argmax() == 9
    assert learning_rate(0, make_config(steps=10, warm_up=0, learning_rate=0.5)) == 0.5


def test_the_first_step_is_as_long_as_the_learning_rate(make_config, output):
    """Adam's first step moves every weight by the learning rate, whatever the gradient's size; warm-up halves it."""
    config = make_config(steps=1, warm_up=2, learning_rate=0.006, weight_decay=0)
    train(config, output)
    torch.manual_seed(config.seed)
    before = build_network({**config.network, "n_classes": 17}).state_dict()
    after = weights_of(output / "checkpoint.safetensors", "network")
    steps = torch.cat([(after[f"network/{name}"] - tensor).abs().flatten() for name, tensor in before.items()])
    assert steps.median() == pytest.approx(0.003, rel=1e-2) and steps.max() <= 0.003 * 1.01


def test_the_average_follows_the_weights(make_config, output):
    """After step n it is lerp(average, weights) by 1 - min(decay, n / (9 + n))."""
    config = make_config(steps=2, ema_decay=0.9, checkpoint_seconds=1e-9)
    checkpoint = output / "checkpoint.safetensors"

    def keep_first(stage, done, total, losses):
        if (stage, done) == ("train", 2):
            shutil.copy(checkpoint, output / "first.safetensors")

    train(config, output, progress=keep_first)
    first, second = weights_of(output / "first.safetensors", "ema"), weights_of(checkpoint, "ema")
    network = weights_of(checkpoint, "network")
    for name, average in first.items():
        expected = average + (1 - 2 / 11) * (network[name.replace("ema/", "network/")] - average)
        torch.testing.assert_close(second[name], expected)


def test_the_loss_falls(make_config, output):
    told = []
    config = make_config(
        steps=30, learning_rate=0.03, train=["ct_a"], augment=STILL, sampling={"weights": {"modality:mr": 0}}
    )
    bundle = train(config, output, progress=lambda *event: told.append(event))
    log = log_of(output)
    assert [line["step"] for line in log] == list(range(1, 31))
    losses = np.array([line["loss"] for line in log])
    assert losses[-5:].mean() < 0.8 * losses[:5].mean()
    for line in log:
        assert line["loss"] == pytest.approx(line["focal_ce"] + line["dice"] + line["entropy"], rel=1e-5)
    assert [event[:3] for event in told] == [("train", i, 30) for i in range(1, 31)]
    assert told[-1][3]["loss"] == log[-1]["loss"]
    # What it leaves behind: the averaged weights as a bundle, a report, and what defined the run.
    assert checkpoint_step(output / "checkpoint.safetensors") == 30
    averaged = checkpoint_weights(output / "checkpoint.safetensors")
    loaded = Bundle.load(bundle).load_network().state_dict()
    assert all(torch.equal(loaded[name], tensor.half().float()) for name, tensor in averaged.items())
    assert (output / "report.html").read_text(encoding="utf-8").startswith("<!")
    assert json.loads((output / "config.json").read_text(encoding="utf-8"))["steps"] == 30


def test_equal_runs_are_equal_and_another_seed_is_not(make_config, tmp_path):
    curves = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(make_config(steps=3, seed=seed), tmp_path / name)
        curves.append([line["loss"] for line in log_of(tmp_path / name)])
    assert curves[0] == curves[1] != curves[2]


def test_a_folder_with_a_run_is_refused_unless_resumed(make_config, output):
    train(make_config(steps=2), output)
    before = (output / "checkpoint.safetensors").read_bytes(), (output / "log.jsonl").read_bytes()
    with pytest.raises(UserError, match="--resume"):
        train(make_config(steps=4), output)
    assert ((output / "checkpoint.safetensors").read_bytes(), (output / "log.jsonl").read_bytes()) == before
    train(make_config(steps=2), output, resume=True)  # a finished run stays as it is
    assert ((output / "checkpoint.safetensors").read_bytes(), (output / "log.jsonl").read_bytes()) == before
    train(make_config(steps=4), output, resume=True)
    assert [line["step"] for line in log_of(output)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"patch_size": [12, 16, 15]}, "windows of 12 x 16 x 15 .* multiple of 2"),
        ({"patch_size": [2, 2, 2]}, "windows of 2 x 2 x 2 .* at least 4"),
        ({"network": {"name": "unet3"}}, "network 'unet3' is unknown"),
        ({"network": {"name": "unet", "channels": [4], "blocks": [1, 1]}}, "one number per level"),
        ({"label_set": "none"}, "none"),
        ({"train": ["ct_z"]}, "ct_z"),
    ],
)
def test_settings_that_do_not_fit(make_config, output, settings, said):
    with pytest.raises(UserError, match=said):
        train(make_config(**settings), output)
    assert not (output / "store").exists()  # said before the cases are prepared
    train(make_config(steps=1), output)  # a run that never began is in nobody's way


def test_cases_prepared_in_another_way_are_not_used(make_config, output):
    with pytest.raises(UserError, match="other preprocessing"):
        train(make_config(steps=2, preprocessing={"spacing": [4, 4, 4]}), output)


@pytest.mark.parametrize(("key", "value"), [("batch_size", 3), ("method", "supervised"), ("seed", 5)])
def test_a_run_goes_on_only_as_it_began(make_config, output, key, value):
    train(make_config(steps=1), output)
    with pytest.raises(UserError, match=f"run with another {key}"):
        train(make_config(steps=2, **{key: value}), output, resume=True)


def test_a_damaged_checkpoint_is_not_resumed(make_config, output):
    train(make_config(steps=1), output)
    path = output / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"checkpoint .* damaged"):
        train(make_config(steps=2), output, resume=True)


def test_a_folder_that_cannot_be_made(make_config, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="cannot write"):
        train(make_config(), tmp_path / "file" / "run")


def test_what_a_killed_run_was_writing_is_removed(make_config, output):
    output.mkdir()
    (output / ".partial-x1y2.safetensors").write_bytes(b"half a checkpoint")
    train(make_config(steps=1), output)
    names = {path.name for path in output.iterdir()} - {"tensorboard"}  # a package that need not be there
    assert names == {
        *("config.json", "checks.json", "log.jsonl", "validation.jsonl", "checkpoint.safetensors"),
        *("report.html", "bundle"),
    }


def test_a_run_can_start_from_the_weights_of_another(make_config, output, tmp_path):
    first = train(make_config(steps=1), output).parent / "checkpoint.safetensors"
    config = make_config(steps=1, start_from=str(first), learning_rate=1e-9, weight_decay=0)
    train(config, tmp_path / "second")
    before, after = weights_of(first, "network"), weights_of(tmp_path / "second" / "checkpoint.safetensors", "network")
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor, rtol=0, atol=1e-7)
    with pytest.raises(UserError, match=r"of another network .* correct start_from"):
        other = {"name": "unet", "channels": [4, 6], "blocks": [1, 1]}
        train(make_config(steps=1, start_from=str(first), network=other), tmp_path / "third")


def test_a_loss_that_is_not_finite_stops_the_run(make_config, output):
    with pytest.raises(UserError, match=r"not finite at step \d, with .*(ct_a|ct_b|mr|body)"):
        train(make_config(steps=5, learning_rate=1e30, warm_up=0, clip_gradient=1e30), output)
    with safe_open(RunFolder(output).not_finite, "pt") as file:
        names = json.loads(file.metadata()["cases"])
        assert len(names) == 2 and set(names) <= {"ct_a", "ct_b", "mr", "body"}
        assert file.get_tensor("image").shape == (2, 1, 12, 16, 16) and "candidates" in file.keys()  # noqa: SIM118


def test_a_full_disk_says_so_and_loses_nothing(make_config, output, monkeypatch):
    train(make_config(steps=1), output)
    before = (output / "checkpoint.safetensors").read_bytes()

    def disk_full(tensors, target, metadata):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("partialseg_training.checkpoint.save_file", disk_full)
    with pytest.raises(UserError, match="No space left"):
        train(make_config(steps=2), output, resume=True)
    assert (output / "checkpoint.safetensors").read_bytes() == before
    monkeypatch.undo()
    train(make_config(steps=2), output, resume=True)
    assert [line["step"] for line in log_of(output)] == [1, 2]


def test_the_best_weights_are_kept(make_config, output, monkeypatch):
    """Scores are made up here: what counts is which of the weights end in the bundle."""
    scores = iter([{"liver": 0.2}, {"liver": 0.6, "spleen": 0.2}, {"liver": 0.3}])
    seen = []

    def made_up(self, network):
        seen.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        return next(scores)

    monkeypatch.setattr("partialseg_training.validation.Validation.scores", made_up)
    bundle = train(make_config(steps=6, train=["ct_b", "mr"], validation=["ct_a"], validate_every=2), output)
    events = [json.loads(line) for line in (output / "validation.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(event["step"], event["mean_dsc"], event["best"]) for event in events] == [
        *((2, 0.2, True), (4, 0.4, True), (6, 0.3, False)),
    ]
    loaded = Bundle.load(bundle).load_network().state_dict()
    assert all(torch.equal(loaded[name], tensor.half().float()) for name, tensor in seen[1].items())


def test_validation_counts_only_what_is_known(make_config, store):
    config = make_config(train=["mr"], validation=["ct_a", "ct_b"])
    label_set = load_label_set("abdomen16")
    folders = {folder.name: folder for folder in store}
    validation = Validation(config, label_set, [folders["ct_a"], folders["ct_b"]], Processes(0, 1, "cpu"))
    assert validation.due(500) and validation.due(30) and not validation.due(29)

    class SaysLiver(torch.nn.Module):
        def forward(self, image):
            logits = torch.zeros(len(image), 17, *image.shape[2:])
            logits[:, 6] = 1
            return logits

    # ct_b knows the liver alone; the kidneys are known in ct_a, where they are missed.
    expected = [2 * liver / (liver + size) for liver, size in map(_liver_and_size, (folders["ct_a"], folders["ct_b"]))]
    scores = validation.scores(SaysLiver())
    assert scores == {"right kidney": 0, "left kidney": 0, "liver": pytest.approx(np.mean(expected), abs=1e-4)}


def _liver_and_size(folder):
    labels = load_case(folder).labels[:]
    return (labels == 6).sum(), labels.size


def test_the_shipped_smoke_configuration_learns_from_phantoms(tmp_path):
    config = load_config("smoke", {"steps": "4", "validate_every": "2"})
    train(config, tmp_path)
    assert [line["step"] for line in log_of(tmp_path)] == [1, 2, 3, 4]
    assert (tmp_path / "phantoms" / "phantom_3" / "case.json").exists()
    settings = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    scores = json.loads((tmp_path / "evaluation" / "summary.json").read_text(encoding="utf-8"))
    assert scores["overall"]["cases"] == ["phantom_0"]
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Worst cases" in report and "The weights were chosen on these cases" in report
    assert settings["dataset"] == str(tmp_path / "phantoms") and settings["train"][0] == "phantom_1"


def test_all_cases_but_those_held_out_are_trained_on_when_none_is_named(make_config, output):
    train(make_config(steps=1, train=[], held_out=["mr"]), output)
    assert json.loads((output / "config.json").read_text(encoding="utf-8"))["train"] == ["ct_a", "ct_b", "body"]


@pytest.mark.parametrize("rest", [b"", b'{"step": 3, "lo', b"\x00\xff\n", b"[]\n"])
def test_the_log_keeps_whole_lines_up_to_the_checkpoint(tmp_path, rest):
    path = tmp_path / "log.jsonl"
    lines = [json.dumps({"step": step, "loss": 1.0}) + "\n" for step in (1, 2, 3, 4)]
    path.write_bytes("".join(lines).encode() + rest)
    JsonLines(path, 3).write(4, loss=2.0)
    assert path.read_text(encoding="utf-8").startswith("".join(lines[:3]))
    assert [(line["step"], line["loss"]) for line in log_of(tmp_path)] == [(1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0)]
