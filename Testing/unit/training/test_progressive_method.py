"""Two networks that teach each other where the labels leave it open, and nowhere else."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_losses import random_batch
from pydantic import ValidationError

from partialseg_training.losses.dice_ce import dice_focal
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.base import Batch
from partialseg_training.methods.progressive import Pair, Progressive, open_labels
from PartialSegLib.networks import build_network
from PartialSegLib.structures import load_label_set

N = 5
EVERYTHING = (1 << N) - 1
NETWORK = {"name": "unet", "channels": [4, 8], "blocks": [1, 1]}


def said(candidates, *complete):
    volume = torch.zeros(len(candidates), N, dtype=torch.bool)
    volume[:, list(complete)] = True
    return Supervision(candidates.int(), volume)


def other_logits(logits, seed=7):
    return torch.randn(logits.shape, generator=torch.Generator().manual_seed(seed), dtype=logits.dtype)


def terms(logits, others, supervision, **options):
    """The two terms of one network, and their gradients in its logits and in the other's."""
    logits, others = logits.detach().requires_grad_(), others.detach().requires_grad_()
    parts = Progressive(**options).per_sample(logits, others, supervision)
    gradients = {}
    for name, value in parts.items():
        mine, theirs = torch.autograd.grad(value.sum(), [logits, others], retain_graph=True, allow_unused=True)
        gradients[name] = mine
        assert theirs is None or (theirs == 0).all(), "no gradient goes through a pseudo-label"
    return parts, gradients


@pytest.fixture
def batch():
    return random_batch(n_classes=N)


def test_complete_labels_are_dice_and_focal_loss_and_leave_nothing_to_the_other(batch):
    logits, labels = batch
    parts, gradients = terms(logits, other_logits(logits), said(1 << labels, 1, 2, 3, 4))
    dice, focal = dice_focal(logits, labels, None, 0.5, 2.0, epsilon=1.0)
    torch.testing.assert_close(parts["supervised"], dice + focal)
    assert (parts["cross"] == 0).all() and (gradients["cross"] == 0).all()


def test_unlabelled_voxels_learn_from_the_others_argmax_and_from_nothing_else(batch):
    logits, labels = batch
    others = other_logits(logits)
    parts, gradients = terms(logits, others, said(torch.full_like(labels, EVERYTHING)), cross=0.3)
    dice, focal = dice_focal(logits, others.argmax(1), None, 0.5, 2.0)
    torch.testing.assert_close(parts["cross"], 0.3 * (dice + focal))
    assert (parts["supervised"] == 0).all() and (gradients["supervised"] == 0).all()


def test_each_term_reaches_its_own_voxels(batch):
    logits, labels = batch
    open_voxels = torch.rand(labels.shape, generator=torch.Generator().manual_seed(3)) < 0.5
    _, gradients = terms(logits, other_logits(logits), said(torch.where(open_voxels, EVERYTHING, 1 << labels)))
    reached = {name: (gradient != 0).any(1) for name, gradient in gradients.items()}
    assert torch.equal(reached["supervised"], ~open_voxels)
    assert torch.equal(reached["cross"], open_voxels)


def test_the_other_is_heard_only_within_what_people_left_open(batch):
    """Where class 1 is complete, an unpainted voxel is not 1, however sure the other network is."""
    logits, labels = batch
    candidates = torch.where(labels == 1, 1 << 1, EVERYTHING & ~(1 << 1))
    others = other_logits(logits)
    sure = others.clone()
    sure[:, 1] += 100
    parts = [Progressive().per_sample(logits, heard, said(candidates, 1)) for heard in (others, sure)]
    torch.testing.assert_close(parts[0], parts[1], rtol=0, atol=0)
    assert (parts[0]["cross"] > 0).all() and (parts[0]["supervised"] > 0).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, EVERYTHING), min_size=6, max_size=6), st.integers(0, 1000))
def test_open_labels_are_the_likeliest_candidates(sets, seed):
    candidates = torch.tensor(sets, dtype=torch.int32).reshape(1, 1, 2, 3)
    logits = torch.randn(1, N, 1, 2, 3, generator=torch.Generator().manual_seed(seed))
    labels = open_labels(logits, candidates)
    for s, z, label in zip(sets, logits[0].flatten(1).T, labels.flatten(), strict=True):
        members = [c for c in range(N) if s >> c & 1]
        expected = -1 if len(members) == 1 else max(members, key=lambda c, z=z: float(z[c]))
        assert label == expected


def test_networks_do_not_teach_each_other_what_nobody_showed_them():
    logits = torch.tensor([0.0, 1.0, 9.0, 2.0, 8.0]).reshape(1, N, 1, 1, 1).expand(1, N, 1, 1, 4)
    sets = torch.tensor([0b11111, 0b10101, 0b01111, 0b10100], dtype=torch.int32).reshape(1, 1, 1, 4)
    # Anything: the likeliest of 0, 1, 3. Only 0 is left: known. Only structures nobody showed: the likeliest of these.
    assert open_labels(logits, sets, learnt=(1, 3)).flatten().tolist() == [3, -1, 3, 2]


def test_the_pair_learns_symmetrically_and_in_parts(batch):
    logits, labels = batch
    others = other_logits(logits)
    supervision = said(torch.where(labels == 2, EVERYTHING, 1 << labels), 1)

    def loss(first, second, supervision):
        return Progressive().losses(lambda _: torch.cat([first, second]), Batch(torch.zeros(1), supervision), 0)

    whole = loss(logits, others, supervision)
    assert set(whole) == {"loss", "supervised", "cross"}
    torch.testing.assert_close(whole["loss"], loss(others, logits, supervision)["loss"])
    torch.testing.assert_close(whole["loss"], whole["supervised"] + whole["cross"])
    parts = [loss(logits[i : i + 1], others[i : i + 1], supervision.sample(i))["loss"] for i in range(len(logits))]
    torch.testing.assert_close(torch.stack(parts).mean(), whole["loss"])


def test_the_first_of_two_different_networks_is_deployed():
    label_set = load_label_set()
    torch.manual_seed(0)
    method = Progressive()
    pair = method.build(NETWORK, label_set).eval()
    assert isinstance(pair, Pair)
    image = torch.rand(2, 1, 16, 16, 16)
    with torch.no_grad():
        first, second = pair(image).chunk(2)
        torch.testing.assert_close(method.logits(pair, image), first)
        assert not torch.allclose(first, second)
        deployed = build_network(method.network_config(NETWORK, label_set)).eval()
        deployed.load_state_dict(method.deployed_weights(pair.state_dict()))
        torch.testing.assert_close(deployed(image), first)


@pytest.mark.parametrize(
    "options",
    [{"gamma": 0.5}, {"coarse_spacing": (4, 0, 4)}, {"cross": -1}, {"stage_steps": 0}, {"stages": 3}],
)
def test_settings_that_are_refused(options):
    with pytest.raises(ValidationError):
        Progressive(**options)
