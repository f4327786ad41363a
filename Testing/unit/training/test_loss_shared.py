"""The losses that several methods share: one structure at a time, and one label per voxel."""

import pytest
import torch
from monai.losses import DiceCELoss, DiceLoss, FocalLoss
from naive_losses import only, random_batch, supervision
from torch import Tensor
from torch.nn import functional

from partialseg_training.losses.bce_dice import declared, selected_bce_dice
from partialseg_training.losses.dice_ce import dice_ce, dice_focal
from partialseg_training.losses.supervision import Supervision
from partialseg_training.losses.targets import known_label, merged_label, structure_targets

N = 6
EVERYTHING = (1 << N) - 1
PHI = (1, 3)


def close(a: Tensor, b: Tensor, rtol: float = 1e-9) -> None:
    torch.testing.assert_close(a, b, rtol=rtol, atol=1e-12)


def structures_of(n: int = 2) -> tuple[Tensor, Tensor]:
    """Logits of the structures alone, (n, N - 1, Z, Y, X), and complete labels."""
    logits, labels = random_batch(n=n, n_classes=N)
    return logits[:, 1:].detach().requires_grad_(), labels


def whole(labels: Tensor, phi: tuple[int, ...] = tuple(range(1, N))) -> Supervision:
    return supervision(only(labels, phi), [[(None, 0, phi)]] * len(labels), N)


@pytest.mark.parametrize(
    "members, label, target, known",
    [
        ((2,), 2, True, True),
        ((0,), 0, False, True),
        ((0, 1, 3), -1, False, True),
        ((2, 3), -1, False, False),
        ((0, 1, 2, 3, 4, 5), -1, False, False),
    ],
)
def test_what_a_candidate_set_says_of_structure_2(
    members: tuple[int, ...], label: int, target: bool, known: bool
) -> None:
    candidates = torch.full((1, 1, 1, 1), sum(1 << c for c in members), dtype=torch.int32)
    assert known_label(candidates).item() == label
    got = structure_targets(candidates, torch.tensor([2]))
    assert [value.item() for value in got] == [target, known]


def test_merged_labels_are_those_of_equation_4() -> None:
    sets = torch.tensor([1 << 2, 1 << 4, 0b110101, 1 << 2 | 1 << 4, EVERYTHING], dtype=torch.int32)
    annotated = torch.tensor(1 << 1 | 1 << 2, dtype=torch.int32)
    assert merged_label(sets, known_label(sets), annotated).tolist() == [2, 0, -1, -1, -1]
    assert merged_label(sets, known_label(sets), annotated * 0).tolist() == [0] * 5


def test_with_everything_known_it_is_the_bce_and_the_dice_of_monai() -> None:
    logits, labels = structures_of()
    onehot = functional.one_hot(labels, N).movedim(-1, 1)[:, 1:].double()
    bce, dice = selected_bce_dice(logits, whole(labels), epsilon=1e-5)
    close(bce.mean(), functional.binary_cross_entropy_with_logits(logits, onehot))
    close(dice.mean(), DiceLoss(sigmoid=True)(logits, onehot))


def test_masked_back_propagation_averages_over_valid_structures() -> None:
    """Universal Model: BCE and Dice of each organ that the image's data set annotates, then their mean."""
    logits, labels = structures_of(1)
    bce, dice = selected_bce_dice(logits, whole(labels, PHI), valid=torch.tensor([[c in PHI for c in range(1, N)]]))
    expected = []
    for c in PHI:
        p, t = torch.sigmoid(logits[0, c - 1]), (labels[0] == c).double()
        expected.append((functional.binary_cross_entropy(p, t), 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)))
    close(bce[0], sum(b for b, _ in expected) / 2)
    close(dice[0], sum(d for _, d in expected) / 2)


def test_selected_classes_are_equation_2_of_selected_partially_labelled_learning() -> None:
    """L = sum over valid (b, c) of BCE - Dice, divided by their number; ours has + 1 and the constant fraction."""
    logits, labels = structures_of(2)
    said = supervision(
        torch.stack([only(labels[0], (1,)), only(labels[1], (1, 2, 4))]), [[(None, 0, (1,))], [(None, 0, (1, 2, 4))]], N
    )
    mask = declared(said)[:, 1:]
    bce, dice = selected_bce_dice(logits, said, valid=mask, average="all", epsilon=1e-12)
    total = 0
    for b, c in mask.nonzero().tolist():
        p, t = torch.sigmoid(logits[b, c]), (labels[b] == c + 1).double()
        total += functional.binary_cross_entropy(p, t) - 2 * (p * t).sum() / (p.sum() + t.sum())
    close((bce + dice).mean() * mask.numel() / mask.sum(), total / mask.sum() + 1)


def test_it_is_the_sum_that_multitalent_takes_over_valid_regions() -> None:
    """MultiTalent: BCE summed over the valid regions minus the Dice summed over them; K times `average="all"`."""
    logits, labels = structures_of(1)
    valid = torch.tensor([[c in PHI for c in range(1, N)]])
    bce, dice = selected_bce_dice(logits, whole(labels, PHI), valid=valid, average="all", epsilon=1e-5)
    total = 0
    for c in PHI:
        p, t = torch.sigmoid(logits[0, c - 1]), (labels[0] == c).double()
        tp, fp, fn = (p * t).sum(), (p * (1 - t)).sum(), ((1 - p) * t).sum()
        total += functional.binary_cross_entropy(p, t) - (2 * tp + 1e-5) / (2 * tp + fp + fn + 1e-5)
    close((N - 1) * (bce + dice)[0] - len(PHI), total)


def test_it_is_the_minus_one_mask_of_dodnet_with_a_structure_per_sample() -> None:
    """DoDNet: one channel per sample, whose task is that sample's; labels of -1 count in nothing."""
    logits, labels = random_batch(n=2, n_classes=1)[0], random_batch(n=2, n_classes=N)[1]
    said = whole(labels)
    candidates = said.candidates.clone()
    candidates[:, 0] = EVERYTHING  # unknown: -1
    task = torch.tensor([[2], [5]])
    bce, dice = selected_bce_dice(logits, Supervision(candidates, said.volume), structures=task)
    for b in range(2):
        p, t = torch.sigmoid(logits[b, 0, 1:]), (labels[b, 1:] == task[b]).double()
        close(bce[b], functional.binary_cross_entropy(p, t))
        close(dice[b], 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1))


def test_unknown_voxels_and_structures_get_no_gradient() -> None:
    logits, labels = structures_of(1)
    said = supervision(only(labels, (2,)) * (torch.arange(6) == 1), [[(2, 1, (2,))]], N)
    for value in selected_bce_dice(logits, said):
        (gradient,) = torch.autograd.grad(value.sum(), logits, retain_graph=True)
        unknown = ~structure_targets(said.candidates, torch.arange(1, N))[1]
        assert (gradient[unknown] == 0).all()
        assert (gradient[:, 1, ..., 1] != 0).all()


@pytest.mark.parametrize("average", ["valid", "all"])
def test_a_sample_of_which_nothing_is_known_gives_a_connected_zero(average: str) -> None:
    logits, labels = structures_of(2)
    nothing = Supervision(torch.full_like(labels, EVERYTHING, dtype=torch.int32), torch.zeros(2, N).bool())
    for value in selected_bce_dice(logits, nothing, average=average):
        assert (value == 0).all() and value.requires_grad


def test_a_batch_is_the_mean_of_its_samples() -> None:
    logits, labels = structures_of(2)
    said = supervision(torch.stack([only(labels[0], (1,)), 0 * labels[1]]), [[(None, 0, (1,))], [(1, 2, (3,))]], N)
    together = selected_bce_dice(logits, said)
    for i in range(2):
        alone = selected_bce_dice(logits[i : i + 1], said.sample(i))
        for a, b in zip(together, alone, strict=True):
            close(a[i], b[0])


def test_declared_counts_volumes_and_slices_of_every_axis() -> None:
    labels = torch.zeros(2, 4, 5, 6, dtype=torch.int64)
    said = supervision(labels, [[(None, 0, (1,)), (2, 0, (5,))], [(0, 3, (2,)), (1, 1, (4,))]], N)
    assert [row.nonzero().flatten().tolist() for row in declared(said)] == [[1, 5], [2, 4]]


def test_dice_ce_is_that_of_monai() -> None:
    logits, labels = random_batch(n=2, n_classes=N)
    dice, ce = dice_ce(logits, labels)
    close((dice + ce).mean(), DiceCELoss(softmax=True, to_onehot_y=True)(logits, labels[:, None]), rtol=1e-7)


def test_focal_loss_is_that_of_monai() -> None:
    logits, labels = random_batch(n=2, n_classes=N)
    dice, focal = dice_focal(logits, labels)
    per_class = FocalLoss(gamma=2, alpha=0.5, use_softmax=True, to_onehot_y=True, reduction="none")
    # MONAI's own mean divides by the number of classes as well, and its arithmetic is single precision.
    torch.testing.assert_close(
        focal.mean(), per_class(logits, labels[:, None]).sum(1).mean().double(), rtol=1e-5, atol=0
    )
    close(dice, dice_ce(logits, labels).dice)


def test_ignored_voxels_are_those_of_monai_and_of_cross_entropy() -> None:
    logits, labels = random_batch(n=2, n_classes=N)
    ignored = torch.rand(labels.shape, generator=torch.Generator().manual_seed(0)) < 0.3
    dice, ce = dice_ce(logits, torch.where(ignored, -1, labels))
    single = [
        DiceLoss(softmax=True, to_onehot_y=True, ignore_index=255)(z[None], y[None, None])
        for z, y in zip(logits, torch.where(ignored, 255, labels), strict=True)
    ]
    close(dice, torch.stack(single), rtol=1e-6)
    per_sample = [functional.cross_entropy(logits[i : i + 1], torch.where(ignored, -1, labels)[i : i + 1],
                                           ignore_index=-1) for i in range(2)]  # fmt: skip
    close(ce, torch.stack(per_sample))


def test_dice_ce_averages_dice_over_the_classes_that_are_asked_for() -> None:
    logits, labels = random_batch(n=1, n_classes=N)
    averaged = torch.tensor([True, False, True, False, False, False])
    per_class = DiceLoss(softmax=True, to_onehot_y=True, reduction="none")(logits, labels[:, None]).flatten()
    close(dice_ce(logits, labels, averaged).dice[0], per_class[averaged].mean())


@pytest.mark.parametrize("loss", [dice_ce, dice_focal])
def test_a_sample_without_labels_gives_a_connected_zero_without_gradient(loss) -> None:
    logits, labels = random_batch(n=2, n_classes=N)
    for value in loss(logits, torch.stack([labels[0], torch.full_like(labels[1], -1)])):
        assert value[1] == 0 and value[0] > 0
        (gradient,) = torch.autograd.grad(value.sum(), logits, retain_graph=True)
        assert (gradient[1] == 0).all() and (gradient[0] != 0).any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_reckoned_in_single_precision(dtype: torch.dtype) -> None:
    logits, labels = random_batch(n=1, n_classes=N)
    half = logits.detach().to(dtype)
    for got, exact in zip(dice_ce(half, labels), dice_ce(half.double(), labels), strict=True):
        assert got.dtype == torch.float32
        torch.testing.assert_close(got.double(), exact, rtol=1e-5, atol=0)
    said = whole(labels)
    for got, exact in zip(
        selected_bce_dice(half[:, 1:], said), selected_bce_dice(half[:, 1:].double(), said), strict=True
    ):
        assert got.dtype == torch.float32
        torch.testing.assert_close(got.double(), exact, rtol=1e-5, atol=0)
