"""compat="chen2024" against a loop that was written from what the published code does."""

import naive_chen2024 as naive
import pytest
import torch
from naive_losses import only, random_batch, supervision
from pydantic import ValidationError
from torch import Tensor

from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from partialseg_training.losses.chen2024 import Chen2024Loss
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.self_disambiguation import SelfDisambiguation

N = 6
EVERY = tuple(range(1, N))
SLICES = [
    [(0, 0), (0, 2)],
    [(1, 1), (1, 4)],
    [(2, 5)],
    [(0, 1), (1, 2), (1, 3), (2, 0), (2, 3)],
]


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def sparse(labels: Tensor, declared: list[tuple[int, int]]) -> tuple[Tensor, Supervision]:
    """Labels painted in the declared slices only, in which everything is complete."""
    covered = torch.zeros(labels.shape[1:], dtype=torch.bool)
    for axis, index in declared:
        covered.select(axis, index).fill_(True)
    labels = labels * covered
    return labels, supervision(labels, [[(axis, index, EVERY) for axis, index in declared]], N)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("phi", [(1, 2), (3,), EVERY])
def test_volumes(phi: tuple[int, ...], gamma: float) -> None:
    logits, labels = random_batch(n_classes=N)
    labels = only(labels, phi)
    got = Chen2024Loss(gamma=gamma)(logits, supervision(labels, [[(None, 0, phi)]], N))
    p = torch.softmax(logits[0], 0)
    focal_ce, dice = naive.partial_sample(p, labels[0], list(phi), gamma)
    close(got["focal_ce"], focal_ce)
    close(got["dice"], dice)
    close(got["entropy"], naive.regulariser(p, labels[0]))


@pytest.mark.parametrize("declared", SLICES)
def test_slices(declared: list[tuple[int, int]]) -> None:
    logits, labels = random_batch(n_classes=N)
    labels[:, 0] = 0  # an annotated slice in which there is nothing is left out
    labels, said = sparse(labels, declared)
    got = Chen2024Loss()(logits, said)
    p = torch.softmax(logits[0], 0)
    focal_ce, dice = naive.sparse_sample(p, labels[0], declared)
    close(got["focal_ce"], focal_ce)
    close(got["dice"], dice)
    close(got["entropy"], naive.regulariser(p, labels[0]))


def test_a_batch_of_all_kinds() -> None:
    logits, labels = random_batch(n=4, n_classes=N)
    declared = [(0, 1), (2, 3)]
    second, _ = sparse(labels[1:2], declared)
    painted = torch.stack([only(labels[0], (1, 2)), second[0], 0 * labels[2], 0 * labels[3]])
    slices = [(axis, index, EVERY) for axis, index in declared]
    said = supervision(painted, [[(None, 0, (1, 2))], slices, slices, []], N)
    got = Chen2024Loss()(logits, said)
    p = torch.softmax(logits, 1)
    expected = [
        naive.partial_sample(p[0], painted[0], [1, 2]),
        naive.sparse_sample(p[1], painted[1], declared),
        naive.sparse_sample(p[2], painted[2], declared),
        naive.partial_sample(p[3], painted[3], []),
    ]
    assert expected[2] is None
    close(got["focal_ce"], naive.over_batch(lambda i: expected[i] and expected[i][0], 4))
    close(got["dice"], naive.over_batch(lambda i: expected[i] and expected[i][1], 4))
    close(got["entropy"], naive.over_batch(lambda i: naive.regulariser(p[i], painted[i]), 4))


def test_dice_of_a_volume_is_ours_over_what_is_present() -> None:
    """And not equation 2's, where a declared structure is absent; cross entropies agree wherever p is not tiny."""
    logits, labels = random_batch(n_classes=N)
    said = supervision(only(labels, (1, 3)), [[(None, 0, (1, 2, 3))]], N)
    published = Chen2024Loss()(logits, said)
    present = SelfDisambiguationLoss(dice_over="present")(logits, said)
    for term in ("focal_ce", "dice", "entropy"):
        close(published[term], present[term])
    assert (published["dice"] - SelfDisambiguationLoss()(logits, said)["dice"]).abs() > 0.01


def test_the_background_of_a_slice_says_nothing_about_the_network() -> None:
    """The bug: only the painted pixels of structures have a Dice that depends on the network."""
    logits, labels = random_batch((3, 3, 3), n_classes=N)
    labels, said = sparse(labels * (labels == 1), [(0, 1)])
    p = torch.softmax(logits[0], 0)[:, 1]
    painted = (labels[0, 1] == 1).double()
    n = painted.numel() - painted.sum()
    one = (2 * (p[1] * painted).sum() + 1) / (p[1].sum() + painted.sum() + 1)
    background = (2 * n + 1) / (painted.numel() + n + 1)
    close(Chen2024Loss()(logits, said)["dice"], 1 - (one + background) / 2)


def test_surely_wrong_voxels_have_no_gradient_but_that_of_the_focal_factor() -> None:
    logits = torch.zeros(1, N, 1, 1, 2, dtype=torch.float64)
    logits[:, 2] = -40
    logits.requires_grad_()
    said = supervision(torch.full((1, 1, 1, 2), 2), [[]], N)
    focal_ce = Chen2024Loss(gamma=0.0)(logits, said)["focal_ce"]
    close(focal_ce, -torch.tensor(1e-6, dtype=torch.float64).log())
    assert (torch.autograd.grad(focal_ce, logits)[0] == 0).all()
    ours = SelfDisambiguationLoss(gamma=0.0)(logits, said)["focal_ce"]
    assert (torch.autograd.grad(ours, logits)[0] != 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_are_finite(dtype: torch.dtype) -> None:
    logits, labels = random_batch(n_classes=N)
    labels, said = sparse(labels, SLICES[3])
    z = (50 * logits.detach()).to(dtype).requires_grad_()
    loss = Chen2024Loss()(z, said)["loss"]
    assert torch.isfinite(torch.autograd.grad(loss, z)[0]).all()


@pytest.mark.parametrize(
    "wrong", [{"gamma": -1.0}, {"gamma": 0.5}, {"epsilon": 0.0}, {"entropy": -1.0}, {"compat": "2024"}, {"lamda": 1}]
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        SelfDisambiguation(**wrong)
