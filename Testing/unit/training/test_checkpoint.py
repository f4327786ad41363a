"""Checkpoints hold the whole state of a run, and damaged ones are refused."""

import json

import pytest
import torch
from safetensors.torch import save_file

from partialseg_training.checkpoint import (
    checkpoint_config,
    checkpoint_step,
    checkpoint_weights,
    load_checkpoint,
    save_checkpoint,
)
from PartialSegLib.errors import UserError
from PartialSegLib.networks import build_network


def new_run(seed, channels=(4, 8)):
    torch.manual_seed(seed)
    networks = [build_network({"name": "unet", "n_classes": 3, "channels": channels, "blocks": [1, 1]}) for _ in "ab"]
    return *networks, torch.optim.AdamW(networks[0].parameters(), 0.01), torch.amp.GradScaler("cpu", enabled=False)


def step(network, optimiser):
    optimiser.zero_grad()
    network(torch.ones(1, 1, 4, 4, 4)).square().mean().backward()
    optimiser.step()


def save(path, run, step=5):
    save_checkpoint(path, step, json.dumps({"name": "x"}), *run)


@pytest.fixture
def checkpoint(tmp_path):
    run = new_run(0)
    for _ in range(2):
        step(run[0], run[2])
    save(tmp_path / "checkpoint.safetensors", run)
    return tmp_path / "checkpoint.safetensors", run


def test_a_restored_run_goes_on_bit_by_bit(checkpoint):
    path, (network, ema, optimiser, _) = checkpoint
    other = new_run(1)
    other_network, other_ema, other_optimiser, _ = other
    assert load_checkpoint(path, *other) == 5
    step(network, optimiser)
    step(other_network, other_optimiser)
    for mine, theirs in ((network, other_network), (ema, other_ema)):
        for name, tensor in mine.state_dict().items():
            assert torch.equal(tensor, theirs.state_dict()[name]), name


def test_what_an_export_needs(checkpoint):
    path, (_, ema, *_) = checkpoint
    assert checkpoint_step(path) == 5 and checkpoint_config(path) == {"name": "x"}
    weights = checkpoint_weights(path)
    assert weights.keys() == ema.state_dict().keys()
    assert all(torch.equal(weights[name], tensor) for name, tensor in ema.state_dict().items())


def test_a_failed_save_leaves_the_old_checkpoint(checkpoint, monkeypatch):
    path, run = checkpoint
    before = path.read_bytes()

    def disk_full(tensors, target, metadata):
        target.write_bytes(before[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("partialseg_training.checkpoint.save_file", disk_full)
    with pytest.raises(UserError, match="No space left"):
        save(path, run, step=6)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage", "foreign", "no metadata", "odd step"])
@pytest.mark.parametrize("read", [checkpoint_step, checkpoint_config, checkpoint_weights, None])
def test_damaged_checkpoints_are_refused(checkpoint, damage, read):
    path, run = checkpoint
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage in ("empty", "cut", "garbage"):
        path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "garbage": b"\x00\xff" * 500}[damage])
    else:
        metadata = {"foreign": {"step": "1", "config": "{}"}, "odd step": {"step": "one", "config": "{"}}.get(damage)
        save_file({"other": torch.zeros(2)}, path, metadata)
    if read is checkpoint_weights and path.exists() and path.read_bytes()[8:9] == b"{":
        return  # a readable file without averaged weights
    if read in (checkpoint_step, checkpoint_config) and damage == "foreign":
        return
    with pytest.raises(UserError) as caught:
        read(path) if read else load_checkpoint(path, *run)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_checkpoint_of_another_network_is_refused(checkpoint):
    path, _ = checkpoint
    with pytest.raises(UserError, match="of another run") as caught:
        load_checkpoint(path, *new_run(0, channels=(4, 6)))
    assert "\n" not in str(caught.value)
