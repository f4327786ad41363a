"""What must hold for every annotation."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_losses import only, random_batch, supervision
from torch import Tensor
from torch.nn import functional

from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from partialseg_training.losses.supervision import Supervision

N = 6
quick = settings(max_examples=25, deadline=None)
TERMS = ("focal_ce", "dice", "entropy", "loss")
some_structures = st.sets(st.integers(1, N - 1), min_size=1).map(lambda chosen: tuple(sorted(chosen)))
seeds = st.integers(0, 10_000)
axes = st.sampled_from([None, 0, 1, 2])


def batch(axis: int | None, phi: tuple[int, ...], seed: int) -> tuple[Tensor, Supervision]:
    """Logits and the record of one sample in which phi is complete, everywhere or in two slices across an axis."""
    logits, labels = random_batch((3, 4, 5), n_classes=N, seed=seed)
    if axis is None:
        return logits, supervision(only(labels, phi), [[(None, 0, phi)]], N)
    kept = torch.zeros_like(labels)
    for index in (0, 2):
        kept.select(axis + 1, index).copy_(only(labels, phi).select(axis + 1, index))
    return logits, supervision(kept, [[(axis, 0, phi), (axis, 2, phi)]], N)


def assert_equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    for term in TERMS:
        torch.testing.assert_close(a[term], b[term], rtol=1e-9, atol=1e-12)


@quick
@given(axis=axes, phi=some_structures, seed=seeds)
def test_which_unannotated_channel_is_which_does_not_matter(axis: int | None, phi: tuple[int, ...], seed: int) -> None:
    logits, said = batch(axis, phi, seed)
    outside = [c for c in range(N) if c not in phi]
    order = list(range(N))
    for c, other in zip(
        outside, torch.randperm(len(outside), generator=torch.Generator().manual_seed(seed)), strict=True
    ):
        order[c] = outside[other]
    loss = SelfDisambiguationLoss()
    assert_equal(loss(logits[:, order], said), loss(logits, said))


@quick
@given(axis=axes, phi=some_structures, seed=seeds)
def test_adding_a_number_to_all_logits_of_a_voxel_changes_nothing(
    axis: int | None, phi: tuple[int, ...], seed: int
) -> None:
    logits, said = batch(axis, phi, seed)
    shift = 100 * torch.randn(1, 1, 3, 4, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    loss = SelfDisambiguationLoss()
    assert_equal(loss(logits + shift, said), loss(logits, said))


@quick
@given(
    phi=some_structures,
    seed=seeds,
    order=st.permutations([0, 1, 2]),
    dice_over=st.sampled_from(["annotated", "present"]),
)
def test_the_three_axes_are_alike(phi: tuple[int, ...], seed: int, order: list[int], dice_over: str) -> None:
    """Turning the volume and its record turns nothing in the loss; so a single view works, whichever it is."""
    logits, said = batch(0, phi, seed)
    tables: list[Tensor | None] = [None, None, None]
    tables[order.index(0)] = said.z
    turned = Supervision(said.candidates.permute(0, *(1 + a for a in order)), said.volume, *tables)
    loss = SelfDisambiguationLoss(dice_over=dice_over)
    assert_equal(loss(logits.permute(0, 1, *(2 + a for a in order)), turned), loss(logits, said))


@quick
@given(axis=axes, phi=some_structures, more=some_structures, seed=seeds)
def test_saying_more_never_lowers_the_cross_entropy(
    axis: int | None, phi: tuple[int, ...], more: tuple[int, ...], seed: int
) -> None:
    loss = SelfDisambiguationLoss(gamma=0.0)
    less = loss(*batch(axis, phi, seed))["focal_ce"]
    assert loss(*batch(axis, tuple(sorted({*phi, *more})), seed))["focal_ce"] >= less - 1e-12


@quick
@given(axis=axes, phi=some_structures, more=some_structures, seed=seeds)
def test_the_truth_stays_the_minimum_however_much_is_said(
    axis: int | None, phi: tuple[int, ...], more: tuple[int, ...], seed: int
) -> None:
    loss = SelfDisambiguationLoss()
    _, labels = random_batch((3, 4, 5), n_classes=N, seed=seed)
    truth = 1000 * functional.one_hot(labels, N).movedim(-1, 1).double()
    for said in (phi, tuple(sorted({*phi, *more}))):
        logits, record = batch(axis, said, seed)
        assert loss(truth, record)["loss"].abs() < 1e-12
        assert loss(logits, record)["loss"] > 0


@quick
@given(axis=axes, phi=some_structures, seed=seeds)
def test_dice_lies_between_0_and_1(axis: int | None, phi: tuple[int, ...], seed: int) -> None:
    assert 0 < SelfDisambiguationLoss()(*batch(axis, phi, seed))["dice"] < 1


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
@pytest.mark.parametrize("dice_over", ["annotated", "present"])
def test_a_structure_known_to_be_absent_is_pushed_down(axis: int | None, dice_over: str) -> None:
    """And one that nobody looked at is not, although no voxel of either is painted."""
    logits, labels = random_batch((3, 4, 5), n_classes=N)
    absent, unknown = 2, 3
    said = supervision(only(labels, (1,)) * 0, [[(axis, i, (1, absent)) for i in range(1 if axis is None else 3)]], N)
    loss = SelfDisambiguationLoss(entropy=0.0, dice_over=dice_over)
    (gradient,) = torch.autograd.grad(loss(logits, said)["loss"], logits)
    affected = gradient.movedim(2 + (axis or 0), 0)[:3]
    assert (affected[:, :, absent] > 0).all()
    assert (affected[:, :, unknown] < 0).all()


def test_dice_over_present_structures_leaves_out_the_absent_ones() -> None:
    logits, labels = random_batch((3, 4, 5), n_classes=N)
    labels = only(labels, (1,))
    both = supervision(labels, [[(None, 0, (1, 2))]], N)
    # With equation 2, structure 2 has a Dice of its own: 1 / (soft volume + 1).
    terms = {over: SelfDisambiguationLoss(dice_over=over)(logits, both)["dice"] for over in ("annotated", "present")}
    alone = 1 / (torch.softmax(logits, 1)[:, 2].sum() + 1)
    torch.testing.assert_close(3 * (1 - terms["annotated"]), 2 * (1 - terms["present"]) + alone)


def test_a_kidney_of_unknown_side_is_right_either_way() -> None:
    right, left = 2, 3
    logits, _ = random_batch((2, 2, 2), n_classes=N)
    union = torch.full((1, 2, 2, 2), 1 << right | 1 << left, dtype=torch.int32)
    said = Supervision(union, (torch.arange(N) == 1)[None])
    loss = SelfDisambiguationLoss(gamma=0.0)
    got = loss(logits, said)
    either = torch.softmax(logits, 1)[:, [right, left]].sum(1)
    torch.testing.assert_close(got["focal_ce"], -either.log().mean())
    swapped = [0, 1, left, right, 4, 5]
    assert_equal(loss(logits[:, swapped], said), got)
    # Moving probability from one side to the other costs nothing.
    moved = logits.detach().clone()
    share = either.log() - torch.log1p(torch.tensor(9.0))
    log_z = torch.logsumexp(logits.detach(), 1)
    moved[:, right], moved[:, left] = share + log_z, share + log_z + torch.tensor(9.0).log()
    torch.testing.assert_close(loss(moved, said)["focal_ce"], got["focal_ce"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("complete", [(2,), (2, 3), (1,)])
def test_a_union_counts_in_no_dice_where_its_members_are_complete(complete: tuple[int, ...]) -> None:
    """Whether it is the complete structure is open; where neither member is complete it is plain background."""
    logits, labels = random_batch((2, 3, 4), n_classes=N)
    said = supervision(only(labels, complete), [[(None, 0, complete)]], N)
    candidates = said.candidates.clone()
    candidates[0, 0, 0, 0] = 1 << 2 | 1 << 3
    loss = SelfDisambiguationLoss()

    def dice_gradient(record: Supervision) -> Tensor:
        return torch.autograd.grad(loss(logits, record)["dice"], logits)[0][0, :, 0, 0, 0]

    gradient = dice_gradient(Supervision(candidates, said.volume))
    assert bool((gradient == 0).all()) == (2 in complete)


def test_the_outside_of_the_image_is_left_out() -> None:
    logits, labels = random_batch((2, 3, 4), n_classes=N)
    said = supervision(only(labels, (1, 2)), [[(None, 0, (1, 2))]], N)
    candidates = said.candidates.clone()
    candidates[..., 3] = (1 << N) - 1
    inside = Supervision(said.candidates[..., :3].contiguous(), said.volume)
    loss = SelfDisambiguationLoss()
    got, expected = loss(logits, Supervision(candidates, said.volume)), loss(logits[..., :3], inside)
    for term in ("focal_ce", "dice"):
        torch.testing.assert_close(got[term], expected[term])


def test_a_record_moves_to_another_device_whole() -> None:
    _, said = batch(1, (1, 2), 0)
    moved = said.to("meta")
    assert moved.candidates.device.type == moved.volume.device.type == moved.y.device.type == "meta"
    assert moved.z is None and moved.n_classes == N
