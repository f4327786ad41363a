"""The losses against those of other projects, by formula or by their own code."""

import pytest
import torch
from naive_losses import only, random_batch, supervision
from torch import Tensor

from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from partialseg_training.losses.dice_ce import dice_ce

N = 6
PHI = (1, 4)
OUTSIDE = [0, 2, 3, 5]


def partial(n: int = 1) -> tuple[Tensor, Tensor]:
    """Logits, and labels of which only PHI is painted."""
    logits, labels = random_batch(n=n, n_classes=N)
    return logits, only(labels, PHI)


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_marginal_cross_entropy_of_label_sets() -> None:
    """Fidon et al. (MICCAI 2021): -log of the mean, not the sum, of the candidates' probabilities U; so theirs is more
    by log |U| for each unpainted voxel, and their gradient is ours."""
    logits, labels = partial()
    log_p = torch.log_softmax(logits, 1)[0]
    marginal = torch.stack([log_p[c] if c in PHI else log_p[OUTSIDE].exp().mean(0).log() for c in range(N)])
    theirs = -marginal.gather(0, labels).mean()
    ours = SelfDisambiguationLoss(gamma=0.0)(logits, supervision(labels, [[(None, 0, PHI)]], N))["focal_ce"]
    close(ours, theirs - (labels == 0).double().mean() * torch.tensor(float(len(OUTSIDE))).double().log())
    close(torch.autograd.grad(ours, logits)[0], torch.autograd.grad(theirs, logits)[0])


def test_leaf_dice_of_label_sets() -> None:
    """Fidon et al.'s leaf-Dice takes unpainted voxels for a target of zero and leaves them in the denominator: the
    same for the complete structures, to which equation 2 adds the merged background."""
    logits, labels = partial()
    p = torch.softmax(logits[0], 0)

    def dice(score: Tensor, target: Tensor) -> Tensor:
        return (2 * (score * target).sum() + 1) / (score.sum() + target.sum() + 1)

    leaf = [dice(p[c], (labels[0] == c).double()) for c in PHI]
    merged = dice(p[OUTSIDE].sum(0), (labels[0] == 0).double())
    ours = SelfDisambiguationLoss()(logits, supervision(labels, [[(None, 0, PHI)]], N))["dice"]
    close(ours, 1 - (sum(leaf) + merged) / 3)


def test_marginal_loss_merges_probabilities_not_logits() -> None:
    """Shi et al. (Medical Image Analysis 2021) define it so; a fork that adds logits before the softmax is not that."""
    logits, labels = partial()
    said = supervision(labels, [[(None, 0, PHI)]], N)
    ours = SelfDisambiguationLoss(gamma=0.0)(logits, said)["focal_ce"]
    p = torch.softmax(logits, 1)
    right = torch.stack([p[:, OUTSIDE].sum(1), *(p[:, c] for c in PHI)], 1)
    wrong = torch.softmax(torch.stack([logits[:, OUTSIDE].sum(1), *(logits[:, c] for c in PHI)], 1), 1)
    target = torch.stack([labels == c for c in (0, *PHI)], 1)
    close(ours, -right[target].log().mean())
    assert (ours + wrong[target].log().mean()).abs() > 0.01


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_dice_with_ignored_voxels_is_that_of_nnunet(share: float) -> None:
    dice = pytest.importorskip("nnunetv2.training.loss.dice", reason="nnU-Net is an extra of the benchmark")
    logits, labels = random_batch(n=2, n_classes=N)
    ignored = torch.rand(labels.shape, generator=torch.Generator().manual_seed(5)) < share
    soft_dice = dice.MemoryEfficientSoftDiceLoss(
        lambda z: torch.softmax(z, 1), batch_dice=False, smooth=1e-5, ddp=False
    )
    theirs = soft_dice(logits, labels[:, None].float(), loss_mask=~ignored[:, None]).double()
    torch.testing.assert_close(
        dice_ce(logits, torch.where(ignored, -1, labels)).dice.mean(), 1 + theirs, rtol=1e-6, atol=1e-7
    )


def test_slices_that_are_alike_have_the_dice_of_the_volume() -> None:
    """Slice by slice, Dice is a mean of ratios; it is the volume's when all slices are the same and smoothed alike."""
    n = 4
    logits, labels = random_batch((1, 5, 6), n_classes=N)
    tall, painted = logits.repeat(1, 1, n, 1, 1), only(labels, PHI).repeat(1, n, 1, 1)
    volume = SelfDisambiguationLoss(epsilon=float(n))(tall, supervision(painted, [[(None, 0, PHI)]], N))
    slices = SelfDisambiguationLoss(epsilon=1.0)(tall, supervision(painted, [[(0, z, PHI) for z in range(n)]], N))
    for term in ("focal_ce", "dice", "entropy", "loss"):
        close(slices[term], volume[term])


@pytest.mark.parametrize("dice_over", ["annotated", "present"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_of_one_slice_is_that_slice(axis: int, dice_over: str) -> None:
    """And with more slices the cross entropy is the same still, but Dice is not."""
    loss = SelfDisambiguationLoss(dice_over=dice_over)
    size = [4, 5, 6]
    for n, equal in ((1, True), (size[axis], False)):
        logits, labels = random_batch(tuple(n if a == axis else m for a, m in enumerate(size)), n_classes=N)
        labels = only(labels, PHI)
        whole = loss(logits, supervision(labels, [[(None, 0, PHI)]], N))
        slices = loss(logits, supervision(labels, [[(axis, i, PHI) for i in range(n)]], N))
        close(slices["focal_ce"], whole["focal_ce"])
        assert torch.isclose(slices["dice"], whole["dice"], rtol=1e-9) == equal
