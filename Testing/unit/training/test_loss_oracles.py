"""The losses against closed forms: other libraries, and the paper's equations written out slice by slice."""

import pytest
import torch
from monai.losses import DiceLoss, FocalLoss
from naive_losses import dice, entropy, focal_cross_entropy, only, random_batch, slices, supervision
from torch import Tensor
from torch.nn import functional

from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from partialseg_training.losses.supervision import Supervision

N = 6
EVERY = tuple(range(1, N))


def terms(logits: Tensor, said: Supervision, **options) -> dict[str, Tensor]:
    return SelfDisambiguationLoss(**options)(logits, said)


def whole_volumes(labels: Tensor, phi: tuple[int, ...] = EVERY) -> Supervision:
    return supervision(labels, [[(None, 0, phi)]] * len(labels), N)


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_with_everything_annotated_it_is_cross_entropy() -> None:
    logits, labels = random_batch(n=2)
    close(terms(logits, whole_volumes(labels), gamma=0.0)["focal_ce"], functional.cross_entropy(logits, labels))


def test_with_everything_annotated_it_is_the_dice_of_monai() -> None:
    logits, labels = random_batch(n=2)
    expected = DiceLoss(softmax=True, to_onehot_y=True, smooth_nr=1, smooth_dr=1)(logits, labels[:, None])
    close(terms(logits, whole_volumes(labels))["dice"], expected)


@pytest.mark.parametrize("gamma", [1.0, 2.0, 3.5])
def test_with_everything_annotated_it_is_the_focal_loss_of_monai(gamma: float) -> None:
    logits, labels = random_batch(n=2)
    per_class = FocalLoss(gamma=gamma, use_softmax=True, to_onehot_y=True, reduction="none")(logits, labels[:, None])
    # MONAI's own mean divides by the number of classes as well, and its arithmetic is single precision.
    got = terms(logits, whole_volumes(labels), gamma=gamma)["focal_ce"]
    torch.testing.assert_close(got, per_class.sum(1).mean().double(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("over", ["annotated", "present"])
@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_equations_1_and_2_slice_by_slice(axis: int | None, over: str, gamma: float) -> None:
    """Every annotated slice has its own structures; some slices of each axis have none."""
    logits, labels = random_batch()
    phis = [(1, 3), (2,), (1, 2, 3, 4, 5)]
    labels[labels == 2] = 0  # structure 2 is declared, and absent
    said = [(axis, 2 * i, phi) for i, phi in enumerate(phis) if axis is None or 2 * i < labels.shape[1 + axis]]
    if axis is None:
        said = [(None, 0, (1, 2, 3))]
    labels = _keep_declared(labels, axis, said)
    got = terms(logits, supervision(labels, [said], N), gamma=gamma, dice_over=over)
    parts = slices(logits[0], labels[0], said)
    close(got["focal_ce"], _mean(focal_cross_entropy(p, y, phi, gamma) for p, y, phi in parts))
    close(got["dice"], _mean(dice(p, y, phi, 1.0, over == "present") for p, y, phi in parts))


def test_three_axes_at_once() -> None:
    """Cross entropy counts a voxel once, however many slices it lies in; Dice is averaged over slices, then axes."""
    phi = (1, 4)
    logits, labels = random_batch()
    said = [(0, 1, phi), (0, 3, phi), (1, 0, phi), (2, 2, phi), (2, 5, phi), (2, 0, phi)]
    covered = torch.zeros(labels.shape[1:], dtype=torch.bool)
    covered[[1, 3]] = covered[:, [0]] = covered[..., [2, 5, 0]] = True
    labels = only(labels, phi) * covered
    got = terms(logits, supervision(labels, [said], N), gamma=2.0)
    p = torch.softmax(logits[0], 0)[:, covered]
    close(got["focal_ce"], focal_cross_entropy(p, labels[0][covered], phi, 2.0))
    per_axis = [[d for d in said if d[0] == axis] for axis in range(3)]
    expected = [_mean(dice(*part, 1.0) for part in slices(logits[0], labels[0], mine)) for mine in per_axis]
    close(got["dice"], _mean(expected))


def test_where_slices_cross_what_either_rules_out_is_ruled_out() -> None:
    logits, labels = random_batch()
    p = torch.softmax(logits[0], 0)
    got = terms(logits, supervision(0 * labels, [[(0, 1, (1, 2)), (1, 3, (2, 4))]], N), gamma=0.0)
    expected = [-(1 - sum(p[c, 1, y] for c in ((1, 2, 4) if y == 3 else (1, 2)))).log() for y in range(5)]
    expected += [-(1 - sum(p[c, z, 3] for c in (2, 4))).log() for z in (0, 2, 3)]
    close(got["focal_ce"], torch.stack(expected).mean())


def test_a_batch_of_volumes_and_slices_of_every_axis() -> None:
    logits, labels = random_batch(n=4)
    said = [[(None, 0, (1, 2))], [(0, 0, (3,)), (0, 2, (4, 5))], [(1, 3, (1,))], [(2, 0, EVERY), (2, 4, (2,))]]
    for i, declared in enumerate(said):
        labels[i] = _keep_declared(labels[i : i + 1], declared[0][0], declared)[0]
    got = terms(logits, supervision(labels, said, N), gamma=2.0)
    parts = [slices(logits[i], labels[i], declared) for i, declared in enumerate(said)]
    close(got["focal_ce"], _mean(_mean(focal_cross_entropy(*part, 2.0) for part in mine) for mine in parts))
    close(got["dice"], _mean(_mean(dice(*part, 1.0) for part in mine) for mine in parts))


def test_slices_that_all_say_the_same_give_the_cross_entropy_of_the_volume() -> None:
    phi = (2, 5)
    logits, labels = random_batch()
    labels = only(labels, phi)
    sliced = supervision(labels, [[(0, z, phi) for z in range(labels.shape[1])]], N)
    close(terms(logits, sliced)["focal_ce"], terms(logits, whole_volumes(labels, phi))["focal_ce"])


def test_entropy_is_that_of_the_distribution() -> None:
    logits, labels = random_batch(n=2)
    expected = torch.distributions.Categorical(logits=logits.movedim(1, -1)).entropy().mean()
    close(terms(logits, whole_volumes(labels), entropy=1.0)["entropy"], expected)
    close(entropy(torch.softmax(logits.movedim(1, 0).flatten(1), 0)), expected)


def test_scribbles_are_partial_cross_entropy() -> None:
    logits, labels = random_batch()
    scribbled = torch.rand(labels.shape, generator=torch.Generator().manual_seed(1)) < 0.2
    candidates = torch.where(scribbled, 1 << labels, (1 << N) - 1).int()
    said = Supervision(candidates, torch.zeros(1, N, dtype=torch.bool))
    got = terms(logits, said, gamma=0.0)
    close(got["focal_ce"], functional.cross_entropy(logits, torch.where(scribbled, labels, -1), ignore_index=-1))
    assert got["dice"] == 0


def test_all_terms_add_up() -> None:
    logits, labels = random_batch()
    got = terms(logits, whole_volumes(labels, (1, 2)), entropy=0.7)
    close(got["loss"], got["focal_ce"] + got["dice"] + got["entropy"])


def _keep_declared(labels: Tensor, axis: int | None, said: list) -> Tensor:
    """Unpaint what is not declared complete, because equation 4 knows no painted structure outside Phi_M."""
    kept = torch.zeros_like(labels)
    for _, index, phi in said:
        if axis is None:
            return only(labels, phi)
        kept.select(axis + 1, index).copy_(only(labels, phi).select(axis + 1, index))
    return kept


def _mean(values) -> Tensor:
    values = list(values)
    return sum(values) / len(values)
