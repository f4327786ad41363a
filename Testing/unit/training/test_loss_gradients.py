"""Gradients: right, finite, alive where the network is surely wrong, and absent where nothing is known."""

import pytest
import torch
from naive_losses import only, random_batch, supervision
from torch import Tensor

from partialseg_training.losses import statistics
from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from partialseg_training.losses.statistics import softmax_statistics
from partialseg_training.losses.supervision import Supervision

N = 5
EVERYTHING = (1 << N) - 1


def candidate_volume(size: tuple[int, ...], n: int = 1, seed: int = 0) -> Tensor:
    """Random non-empty candidate sets (n, *size)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1, EVERYTHING + 1, (n, *size), generator=generator, dtype=torch.int32)


def painted(logits: Tensor, members: tuple[int, ...]) -> Supervision:
    """Every voxel may be one of `members`; nothing is declared complete."""
    size = (len(logits), *logits.shape[2:])
    candidates = torch.full(size, sum(1 << c for c in members), dtype=torch.int32)
    return Supervision(candidates, torch.zeros(len(logits), logits.shape[1], dtype=torch.bool))


@pytest.mark.parametrize("slab", [1, 1 << 19])
@pytest.mark.parametrize("with_counted", [False, True])
def test_statistics_have_the_gradient_of_finite_differences(
    with_counted: bool, slab: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "_SLAB_ELEMENTS", slab)
    logits, labels = random_batch((2, 2, 3), n=2, n_classes=N)
    counted = labels > 1 if with_counted else None
    candidates = candidate_volume((2, 2, 3), n=2)
    assert torch.autograd.gradcheck(lambda z: softmax_statistics(z, candidates, counted), (logits,))


@pytest.mark.parametrize("dice_over", ["annotated", "present"])
@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_the_loss_has_the_gradient_of_finite_differences(gamma: float, dice_over: str) -> None:
    logits, labels = random_batch((2, 2, 3), n=2, n_classes=N)
    said = supervision(only(labels, (1, 2)), [[(None, 0, (1, 2))], [(0, 1, (1,)), (2, 0, (1, 2, 3))]], N)
    loss = SelfDisambiguationLoss(gamma=gamma, dice_over=dice_over)
    for term in ("focal_ce", "dice", "entropy", "loss"):
        assert torch.autograd.gradcheck(lambda z, term=term: loss(z, said)[term], (logits,)), term


def test_results_do_not_depend_on_how_the_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = random_batch((5, 3, 4), n=2, n_classes=N)
    results = []
    for slab in (1, 2 * N * 12, 1 << 19):
        monkeypatch.setattr(statistics, "_SLAB_ELEMENTS", slab)
        outputs = softmax_statistics(logits, candidate_volume((5, 3, 4), n=2), labels > 0)
        weights = [torch.linspace(0.5, 2, o.numel(), dtype=o.dtype).reshape(o.shape) for o in outputs]
        (gradient,) = torch.autograd.grad(sum((o * w).sum() for o, w in zip(outputs, weights, strict=True)), logits)
        results.append([*outputs, gradient])
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gap", [50.0, 100.0, 1000.0])
@pytest.mark.parametrize("members", [(2,), (2, 3)])
def test_sure_and_wrong_voxels_are_still_pulled_back(members: tuple[int, ...], gap: float, dtype: torch.dtype) -> None:
    """As p -> 0 each voxel's gradient tends to 1, and not to 0 as with a clamped probability, nor to NaN."""
    logits = torch.zeros(1, N, 2, 2, 2, dtype=dtype)
    logits[:, list(members)] = -gap
    logits[..., 0, 0] = 0  # ordinary voxels beside the wrong ones
    logits.requires_grad_()
    loss = SelfDisambiguationLoss(gamma=2.0, entropy=0.0, entropy_unannotated=0.0)(logits, painted(logits, members))
    assert torch.isfinite(loss["loss"])
    (gradient,) = torch.autograd.grad(loss["loss"], logits)
    assert torch.isfinite(gradient).all()
    wrong = 8 * gradient[..., 1].float()
    torch.testing.assert_close(wrong[:, list(members)].sum(1), torch.full((1, 2, 2), -1.0), rtol=0.02, atol=0)
    others = [c for c in range(N) if c not in members]
    torch.testing.assert_close(wrong[:, others].sum(1), torch.full((1, 2, 2), 1.0), rtol=0.02, atol=0)


@pytest.mark.parametrize("gap", [50.0, 100.0, 1000.0])
def test_an_unpainted_voxel_taken_for_a_complete_structure_is_pulled_back(gap: float) -> None:
    """The merged background's probability tends to 0 here."""
    logits = torch.zeros(1, N, 2, 2, 2)
    logits[:, 1] = gap
    logits.requires_grad_()
    said = supervision(torch.zeros(1, 2, 2, 2, dtype=torch.int64), [[(None, 0, (1,))]], N)
    loss = SelfDisambiguationLoss(entropy=0.0)(logits, said)
    (gradient,) = torch.autograd.grad(loss["focal_ce"], logits)
    torch.testing.assert_close(gradient[:, 1].sum(), torch.tensor(1.0))
    torch.testing.assert_close(gradient[:, [0, 2, 3, 4]].sum(), torch.tensor(-1.0))


def test_a_sure_and_right_voxel_gives_no_loss_and_no_gradient() -> None:
    logits = torch.zeros(1, N, 2, 2, 2)
    logits[:, 2] = 1000
    logits.requires_grad_()
    loss = SelfDisambiguationLoss()(logits, painted(logits, (2,)))["loss"]
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss == 0 and (gradient == 0).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_merged_background_of_a_slice_has_a_gradient(axis: int) -> None:
    """Code published with the paper sums all classes there, which is 1 whatever the network says."""
    logits, labels = random_batch((3, 3, 3), n_classes=N)
    said = supervision(torch.zeros_like(labels), [[(axis, 1, (1,))]], N)
    # Structure 1 is absent, so that only the background counts.
    dice = SelfDisambiguationLoss(dice_over="present")(logits, said)["dice"]
    (gradient,) = torch.autograd.grad(dice, logits)
    gradient = gradient.movedim(2 + axis, 0)
    assert (gradient[1][:, 1] > 0).all()
    assert (gradient[1][:, [0, 2, 3, 4]] < 0).all()
    assert (gradient[[0, 2]] == 0).all()


def test_voxels_nobody_spoke_of_get_the_gradient_of_the_entropy_alone() -> None:
    logits, labels = random_batch((3, 3, 3), n_classes=N)
    said = supervision(only(labels, (1, 2)) * (torch.arange(3) == 1), [[(2, 1, (1, 2))]], N)
    got = SelfDisambiguationLoss()(logits, said)
    (alone,) = torch.autograd.grad(got["focal_ce"] + got["dice"], logits, retain_graph=True)
    assert (alone[..., [0, 2]] == 0).all() and (alone[..., 1] != 0).any()
    (entropy,) = torch.autograd.grad(got["entropy"], logits)
    assert (entropy != 0).all()


@pytest.mark.parametrize("with_tables", [False, True])
def test_a_batch_without_any_annotation_gives_connected_zeros_and_three_times_the_entropy(with_tables: bool) -> None:
    logits, labels = random_batch((3, 4, 5), n=2, n_classes=N)
    tables = [torch.zeros(2, n, N, dtype=torch.bool) if with_tables else None for n in (3, 4, 5)]
    nothing = Supervision(torch.full_like(labels, EVERYTHING, dtype=torch.int32), torch.zeros(2, N).bool(), *tables)
    got = SelfDisambiguationLoss()(logits, nothing)
    for term in ("focal_ce", "dice"):
        assert got[term] == 0 and got[term].requires_grad
        (gradient,) = torch.autograd.grad(got[term], logits, retain_graph=True)
        assert (gradient == 0).all()
    expected = 3 * torch.distributions.Categorical(logits=logits.movedim(1, -1)).entropy().mean()
    torch.testing.assert_close(got["loss"], expected)


def test_samples_with_and_without_annotation_have_their_own_weight_of_the_entropy() -> None:
    logits, labels = random_batch((3, 4, 5), n=2, n_classes=N)
    said = supervision(torch.stack([only(labels[0], (1,)), 0 * labels[1]]), [[(None, 0, (1,))], []], N)
    first, second = torch.distributions.Categorical(logits=logits.movedim(1, -1)).entropy().flatten(1).mean(1)
    got = SelfDisambiguationLoss(entropy=0.5, entropy_unannotated=2.0)(logits, said)["entropy"]
    torch.testing.assert_close(got, (0.5 * first + 2.0 * second) / 2)


def test_half_precision_logits_are_reckoned_in_single_precision() -> None:
    logits, labels = random_batch((4, 5, 6), n=2, n_classes=N)
    said = supervision(only(labels, (1, 2)), [[(None, 0, (1, 2))]] * 2, N)
    half = logits.detach().bfloat16().requires_grad_()
    exact = half.detach().double().requires_grad_()
    got, expected = (SelfDisambiguationLoss()(z, said)["loss"] for z in (half, exact))
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), expected, rtol=1e-6, atol=0)
    (mine,), (truth,) = torch.autograd.grad(got, half), torch.autograd.grad(expected, exact)
    assert mine.dtype == torch.bfloat16
    torch.testing.assert_close(mine.double(), truth, rtol=0.005, atol=1e-6)


def test_second_derivatives_are_refused_instead_of_wrong() -> None:
    logits, _ = random_batch((2, 2, 2), n_classes=N)
    log_q = softmax_statistics(logits, candidate_volume((2, 2, 2)))[0].sum()
    (gradient,) = torch.autograd.grad(log_q, logits, create_graph=True)
    with pytest.raises(RuntimeError, match=r"does not require grad|once_differentiable"):
        torch.autograd.grad(gradient.sum(), logits)
