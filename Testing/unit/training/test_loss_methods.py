"""What holds for every method that learns from candidate sets with one softmax."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_losses import only, random_batch, supervision
from torch import Tensor

from partialseg_training.losses.bce_dice import selected_bce_dice
from partialseg_training.losses.dice_ce import dice_ce, dice_focal
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.base import Batch
from partialseg_training.methods.scribble import Scribble
from partialseg_training.methods.self_disambiguation import SelfDisambiguation
from partialseg_training.methods.supervised import Supervised

N = 6
SIZE = (3, 4, 5)
METHODS = {
    "paper": SelfDisambiguation(),
    "present": SelfDisambiguation(dice_over="present"),
    "chen2024": SelfDisambiguation(compat="chen2024"),
    "scribble": Scribble(crf=0.2, crf_radius=1),
    "mumford_shah": Scribble(variance="mumford_shah"),
}
# The terms that only what is known may change.
SUPERVISED_TERMS = {"focal_ce", "dice", "partial_ce"}
quick = settings(max_examples=10, deadline=None)
every_method = pytest.mark.parametrize("name", METHODS)
phis = st.sets(st.integers(1, N - 1), min_size=1, max_size=N - 2).map(lambda chosen: tuple(sorted(chosen)))
axes = st.sampled_from([None, 0, 1, 2])
seeds = st.integers(0, 1000)


def sample(axis: int | None, phi: tuple[int, ...], seed: int) -> tuple[Tensor, Batch]:
    """Phi is complete in the volume, or in two slices across an axis, and painted there only."""
    logits, labels = random_batch(SIZE, n_classes=N, seed=seed)
    declared = [(axis, i, phi) for i in ([0, 2] if axis is not None else [0])]
    covered = torch.zeros(SIZE, dtype=torch.bool)
    for _, i, _ in declared:
        if axis is None:
            covered[:] = True
        else:
            covered.select(axis, i).fill_(True)
    image = torch.rand(1, 1, *SIZE, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    return logits, Batch(image, supervision(only(labels, phi) * covered, [declared], N))


def terms(name: str, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    return METHODS[name].losses(lambda _: logits, batch, 0)


@every_method
@quick
@given(axis=axes, phi=phis, seed=seeds)
def test_which_unannotated_channel_is_which_does_not_matter(
    name: str, axis: int | None, phi: tuple[int, ...], seed: int
) -> None:
    logits, batch = sample(axis, phi, seed)
    outside = [c for c in range(N) if c not in phi]
    order = list(range(N))
    for c, other in zip(
        outside, torch.randperm(len(outside), generator=torch.Generator().manual_seed(seed)), strict=True
    ):
        order[c] = outside[other]
    turned, expected = terms(name, logits[:, order], batch), terms(name, logits, batch)
    for term, value in expected.items():
        torch.testing.assert_close(turned[term], value, rtol=1e-9, atol=1e-12)


@every_method
@quick
@given(axis=st.sampled_from([0, 1, 2]), phi=phis, seed=seeds)
def test_voxels_of_which_nothing_is_known_have_no_gradient_but_the_regularisers(
    name: str, axis: int, phi: tuple[int, ...], seed: int
) -> None:
    logits, batch = sample(axis, phi, seed)
    got = terms(name, logits, batch)
    supervised = sum(value for term, value in got.items() if term in SUPERVISED_TERMS)
    (gradient,) = torch.autograd.grad(supervised, logits)
    unknown = ~batch.supervision.supervised
    assert (gradient.movedim(1, -1)[unknown] == 0).all()


@every_method
@quick
@given(axis=axes, phi=phis, seed=seeds)
def test_adding_a_number_to_all_logits_of_a_voxel_changes_nothing(
    name: str, axis: int | None, phi: tuple[int, ...], seed: int
) -> None:
    logits, batch = sample(axis, phi, seed)
    shift = 50 * torch.randn(1, 1, *SIZE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    torch.testing.assert_close(terms(name, logits + shift, batch)["loss"], terms(name, logits, batch)["loss"])


@every_method
@pytest.mark.parametrize("axis", [None, 0, 2])
def test_half_precision_is_as_good_as_its_logits(name: str, axis: int | None) -> None:
    logits, batch = sample(axis, (1, 2), 0)
    half = logits.detach().bfloat16().requires_grad_()
    exact = half.detach().double().requires_grad_()
    got, expected = terms(name, half, batch)["loss"], terms(name, exact, batch)["loss"]
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), expected, rtol=1e-5, atol=1e-6)
    (mine,), (truth,) = torch.autograd.grad(got, half), torch.autograd.grad(expected, exact)
    assert mine.dtype == torch.bfloat16
    torch.testing.assert_close(mine.double(), truth, rtol=0.01, atol=1e-5)


@every_method
@pytest.mark.parametrize("axis", [None, 1])
def test_gradients_are_those_of_finite_differences(name: str, axis: int | None) -> None:
    logits, batch = sample(axis, (1, 3), 1)
    direction = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    (gradient,) = torch.autograd.grad(terms(name, logits, batch)["loss"], logits)
    step = 1e-5 * direction
    ahead, behind = (terms(name, (logits + s).detach(), batch)["loss"] for s in (step, -step))
    torch.testing.assert_close((gradient * direction).sum(), (ahead - behind) / 2e-5, rtol=1e-5, atol=1e-8)


@every_method
def test_a_batch_without_annotation_is_connected_and_finite(name: str) -> None:
    logits, batch = sample(None, (1,), 0)
    nothing = Supervision(torch.full_like(batch.supervision.candidates, (1 << N) - 1), torch.zeros(1, N).bool())
    got = terms(name, logits, Batch(batch.image, nothing))
    for term in SUPERVISED_TERMS & set(got):
        assert got[term].abs() < 1e-12 and got[term].requires_grad
    assert torch.isfinite(torch.autograd.grad(got["loss"], logits)[0]).all()


def test_so_it_is_without_any_regulariser() -> None:
    logits, batch = sample(None, (1,), 0)
    nothing = Supervision(torch.full_like(batch.supervision.candidates, (1 << N) - 1), torch.zeros(1, N).bool())
    loss = Scribble(entropy=0, intensity_variance=0).losses(lambda _: logits, Batch(batch.image, nothing), 0)["loss"]
    assert loss == 0 and (torch.autograd.grad(loss, logits)[0] == 0).all()


@pytest.mark.parametrize("loss", [dice_ce, dice_focal])
def test_gradients_against_one_label_are_those_of_finite_differences(loss) -> None:
    logits, labels = random_batch((2, 2, 3), n=2, n_classes=N)
    labels[0, 0, 0] = -1
    assert torch.autograd.gradcheck(lambda z: loss(z, labels), (logits,))


@pytest.mark.parametrize("average", ["valid", "all"])
def test_gradients_of_single_structures_are_those_of_finite_differences(average: str) -> None:
    logits, labels = random_batch((2, 2, 3), n=2, n_classes=N - 1)
    said = supervision(only(labels, (1, 2)), [[(None, 0, (1, 2))], [(0, 1, (1,))]], N)
    assert torch.autograd.gradcheck(lambda z: selected_bce_dice(z, said, average=average), (logits,))


@pytest.mark.parametrize("gap", [50.0, 1000.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_sure_and_wrong_predictions_have_finite_gradients_that_pull_back(dtype: torch.dtype, gap: float) -> None:
    """Of every loss that has one label per voxel or one structure per channel."""
    labels = torch.full((1, *SIZE), 2)
    every = supervision(labels, [[(None, 0, tuple(range(1, N)))]], N)
    z = torch.zeros(1, N, *SIZE, dtype=dtype)
    z[:, 2] = -gap
    z.requires_grad_()
    batch = Batch(torch.zeros(1, 1, *SIZE), every)
    losses = [
        Supervised().losses(lambda _: z, batch, 0)["loss"],
        sum(dice_focal(z, labels)).mean(),
        sum(selected_bce_dice(z[:, 1:], every)).mean(),
    ]
    for value in losses:
        (gradient,) = torch.autograd.grad(value, z, retain_graph=True)
        assert torch.isfinite(gradient).all() and (gradient[:, 2] < 0).all()
