"""One structure per pass."""

import json

import pytest
import torch
from asked import N, bce_plus_dice, labels_of, partly, scribbled
from pydantic import ValidationError

from partialseg_training.methods.annotated import annotated
from partialseg_training.methods.base import Batch
from partialseg_training.methods.dodnet import DoDNet
from partialseg_training.trainer import train
from PartialSegLib.bundle import Bundle
from PartialSegLib.structures import load_label_set

DECLARED = [(1, 3), (2,), (1, 2, 3, 4)]


def batch(b=3, seed=0):
    labels = labels_of(b, seed=seed)
    return labels, partly(labels, DECLARED[:b])


def drawn(supervision, step, **settings):
    return DoDNet(**settings).draw(annotated(supervision), supervision, step).tolist()


def test_only_annotated_structures_are_drawn_and_all_of_them_about_equally_often():
    _, supervision = batch()
    draws = torch.tensor([drawn(supervision, step) for step in range(400)])
    for sample, structures in enumerate(DECLARED):
        values, counts = draws[:, sample].unique(return_counts=True)
        assert tuple(values.tolist()) == structures
        assert counts.min() > 0.7 * 400 / len(structures)


def test_samples_are_drawn_for_independently():
    draws = torch.tensor([drawn(partly(labels_of(2), [(1, 2), (1, 2)]), step) for step in range(200)])
    assert 60 < (draws[:, 0] == draws[:, 1]).sum() < 140


def test_the_draw_depends_on_seed_step_and_sample_alone():
    _, supervision = batch()
    steps = range(30)
    assert [drawn(supervision, s) for s in steps] == [drawn(supervision, s) for s in steps]
    assert [drawn(supervision, s) for s in steps] != [drawn(supervision, s, seed=1) for s in steps]
    one_by_one = [[drawn(supervision.sample(i), s)[0] for i in range(3)] for s in steps]
    assert one_by_one == [drawn(supervision, s) for s in steps]


def test_the_loss_is_that_of_the_structure_that_was_asked_for():
    labels, supervision = batch()
    logits = torch.randn(3, 1, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    asked = []

    def forward(image, values):
        asked.extend(values.tolist())
        return logits

    got = DoDNet().losses(forward, Batch(torch.rand(3, 1, 3, 4, 5), supervision), 7)
    assert asked == drawn(supervision, 7)
    expected = [bce_plus_dice(logits[i, 0].flatten(), labels[i].flatten() == c) for i, c in enumerate(asked)]
    torch.testing.assert_close(got["loss"], torch.stack(expected).mean())
    torch.testing.assert_close(got["bce"] + got["dice"], got["loss"])


def test_scribbles_count_where_they_are():
    labels = labels_of()
    supervision = scribbled(labels)
    logits = torch.randn(2, 1, 3, 4, 5, requires_grad=True)
    DoDNet().losses(lambda *_: logits, Batch(torch.rand(2, 1, 3, 4, 5), supervision), 0)["loss"].backward()
    assert torch.equal(logits.grad[:, 0] != 0, supervision.supervised)
    values = {value for step in range(100) for value in drawn(supervision, step)}
    assert values == set(range(1, N))


def test_a_sample_about_which_nothing_is_known_counts_as_0():
    logits = torch.randn(2, 1, 3, 4, 5, requires_grad=True)
    unknown = scribbled(labels_of(), share=0.0)
    loss = DoDNet().losses(lambda *_: logits, Batch(torch.rand(2, 1, 3, 4, 5), unknown), 0)["loss"]
    loss.backward()
    assert loss == 0 and not logits.grad.any()


def test_the_configuration_s_network_is_the_backbone():
    unet = {"name": "unet", "channels": [4, 8], "blocks": [1, 1]}
    assert DoDNet().network_config(unet, load_label_set()) == {"name": "dodnet", "n_classes": 17, "backbone": unet}


def test_a_run_learns_and_ends_in_a_bundle(make_config, tmp_path):
    config = make_config(method="dodnet", train=["ct_a", "mr"], steps=40, learning_rate=0.01)
    bundle = Bundle.load(train(config, tmp_path / "run"))
    network = bundle.load_network()
    with torch.inference_mode():
        logits = network(torch.rand(1, 1, 12, 16, 16))
    assert logits.shape == (1, 17, 12, 16, 16) and not logits[:, 0].any()
    losses = [json.loads(line)["loss"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])


def test_settings_that_mean_nothing():
    with pytest.raises(ValidationError):
        DoDNet(seed=-1)
