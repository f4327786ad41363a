"""In which precision a run computes."""

import json

import pytest

from partialseg_training.learning import usable_precision
from partialseg_training.trainer import train
from PartialSegLib.networks import build_network


def losses_of(output):
    return [json.loads(line)["loss"] for line in (output / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_precision_and_loss_scale(make_config, tmp_path, store):
    losses = {}
    settings = {"store": str(store[0].parent), "patch_size": [12, 16, 16]}
    for precision in ("float32", "bfloat16", "float16"):
        train(make_config(steps=2, precision=precision, **settings), tmp_path / precision)
        losses[precision] = losses_of(tmp_path / precision)
    for precision in ("bfloat16", "float16"):
        assert losses[precision] == pytest.approx(losses["float32"], rel=0.05)
        assert losses[precision] != losses["float32"]
    train(make_config(steps=3, precision="float16", **settings), tmp_path / "float16", resume=True)
    assert len(losses_of(tmp_path / "float16")) == 3


@pytest.mark.parametrize(
    ("slices", "device", "expected"),
    [(12, "cpu", "bfloat16"), (8, "cpu", "float32"), (16, "cpu", "float32"), (8, "cuda", "bfloat16")],
)
def test_few_slices_are_not_trained_in_bfloat16_on_a_cpu(make_config, slices, device, expected):
    network = build_network({"name": "unet", "n_classes": 17, "channels": [4, 8, 16], "blocks": [1, 1, 1]})
    assert usable_precision(make_config(patch_size=[slices, 16, 16]), network, device) == expected
    assert usable_precision(make_config(patch_size=[slices, 16, 16], precision="float32"), network, device) == "float32"
