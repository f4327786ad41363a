"""Sigmoid heads that count where an image declares a class, and the stages before the student."""

import pytest
import torch
from naive_losses import random_batch
from pydantic import ValidationError
from torch.nn import functional

from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.base import Batch
from partialseg_training.methods.selected_partial import SelectedPartial, sigmoid_logits

N, LESION = 5, 4
EVERYTHING = (1 << N) - 1


def supervised(candidates, *declared):
    """The record of a batch whose images all declare these classes in the whole volume."""
    volume = torch.zeros(len(candidates), N, dtype=torch.bool)
    volume[:, list(declared)] = True
    return Supervision(candidates.int(), volume)


def gradient(method, logits, said):
    logits = logits.detach().requires_grad_()
    method.losses(lambda _: logits, Batch(torch.zeros(1), said), 0)["loss"].backward()
    return logits.grad


@pytest.fixture
def batch():
    return random_batch(n_classes=N)


def test_complete_labels_give_equation_2(batch):
    logits, labels = batch
    said = supervised(1 << labels, 1, 2, 3, 4)
    got = SelectedPartial().losses(lambda _: logits, Batch(torch.zeros(1), said), 0)
    z = logits[:, 1:] - logits[:, :1]
    truth = functional.one_hot(labels, N).movedim(-1, 1)[:, 1:].to(z.dtype)
    bce = functional.binary_cross_entropy_with_logits(z, truth)
    p = torch.sigmoid(z)
    dims = (2, 3, 4)
    dice = (1 - (2 * (p * truth).sum(dims) + 1) / (p.sum(dims) + truth.sum(dims) + 1)).mean()
    torch.testing.assert_close(got["bce"], bce)
    torch.testing.assert_close(got["dice"], dice)
    torch.testing.assert_close(got["loss"], bce + dice)


def test_argmax_is_the_strongest_above_one_half():
    logits = torch.randn(2, N, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    p = torch.sigmoid(sigmoid_logits(logits))
    strongest, index = p.max(1)
    expected = torch.where(strongest > 0.5, index + 1, 0)
    assert torch.equal(logits.argmax(1), expected)
    assert (expected == 0).any() and (expected > 0).any()


def test_a_patch_without_lesion_of_an_image_that_declares_them_teaches_their_absence(batch):
    logits, labels = batch
    organs = torch.where(labels == LESION, 0, labels)
    method = SelectedPartial(selected=(LESION,))
    grad = gradient(method, logits, supervised(1 << organs, 1, 2, 3, LESION))
    assert (grad[:, LESION] > 0).all()


def test_an_image_that_does_not_declare_lesions_teaches_nothing_about_them(batch):
    """Not even where an organ is painted: a lesion that nobody looked for may lie inside it."""
    logits, labels = batch
    organs = torch.where(labels == LESION, 0, labels)
    candidates = torch.where(organs == 0, 1 | 1 << LESION, 1 << organs)
    assert (gradient(SelectedPartial(selected=()), logits, supervised(candidates, 1, 2, 3))[:, LESION] == 0).all()
    scribbles = supervised(torch.where(organs == 0, EVERYTHING, 1 << organs))
    assert (gradient(SelectedPartial(selected=(LESION,)), logits, scribbles)[:, LESION] == 0).all()
    unselected = gradient(SelectedPartial(selected=()), logits, scribbles)
    assert ((unselected[:, LESION] != 0) == (organs > 0)).all()


def test_the_mask_is_the_image_s_own(batch):
    logits, labels = batch
    organs = torch.where(labels == LESION, 0, labels)
    volume = torch.ones(len(labels), N, dtype=torch.bool)
    volume[:, 0] = volume[1:, LESION] = False
    grad = gradient(SelectedPartial(selected=(LESION,)), logits, Supervision((1 << organs).int(), volume))
    assert (grad[0, LESION] != 0).all() and (grad[1:, LESION] == 0).all()


def test_unknown_voxels_count_in_nothing(batch):
    logits, labels = batch
    open_voxels = torch.rand(labels.shape, generator=torch.Generator().manual_seed(3)) < 0.5
    said = supervised(torch.where(open_voxels, EVERYTHING, 1 << labels))
    grad = gradient(SelectedPartial(), logits, said)
    where = open_voxels[:, None].expand_as(grad)
    assert (grad[where] == 0).all() and (grad[~where] != 0).any()
    nothing = supervised(torch.full_like(labels, EVERYTHING))
    assert (gradient(SelectedPartial(), logits, nothing) == 0).all()


def test_a_batch_in_parts_has_the_same_mean(batch):
    logits, labels = batch
    said = supervised(torch.where(labels == 2, EVERYTHING, 1 << labels), 1)
    method = SelectedPartial(selected=(LESION,))
    whole = method.losses(lambda _: logits, Batch(torch.zeros(1), said), 0)["loss"]
    parts = [
        method.losses(lambda _, i=i: logits[i : i + 1], Batch(torch.zeros(1), said.sample(i)), 0)["loss"]
        for i in range(len(logits))
    ]
    torch.testing.assert_close(torch.stack(parts).mean(), whole)


def test_it_decides_before_it_resamples():
    assert SelectedPartial().inference() == {"resample": "labels", "independent": True}


@pytest.mark.parametrize(
    "settings",
    [{"agreement": 1.0}, {"teachers": ("one",)}, {"teacher_networks": ({"name": "unet"},)}, {"teacher_step": 3}],
)
def test_settings_that_are_refused(settings):
    with pytest.raises(ValidationError):
        SelectedPartial(**settings)
