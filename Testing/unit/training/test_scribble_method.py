"""Partial cross entropy and the terms that reach every voxel."""

from itertools import product

import pytest
import torch
from naive_losses import only, random_batch, supervision
from pydantic import ValidationError
from torch import Tensor
from torch.nn import functional

from partialseg_training.losses.crf import crf_loss
from partialseg_training.losses.intensity_variance import intensity_variance
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.base import Batch
from partialseg_training.methods.scribble import Scribble

N = 6
VARIANTS = ("listing", "equation", "mumford_shah")
ALONE = {"entropy": 0.0, "intensity_variance": 0.0}


def scribbled(labels: Tensor, share: float = 0.2) -> tuple[Tensor, Supervision]:
    """Which voxels were painted, and the record: nothing is complete."""
    strokes = torch.rand(labels.shape, generator=torch.Generator().manual_seed(1)) < share
    candidates = torch.where(strokes, 1 << labels, (1 << N) - 1).int()
    return strokes, Supervision(candidates, torch.zeros(len(labels), N, dtype=torch.bool))


def image_of(labels: Tensor, seed: int = 2) -> Tensor:
    return torch.rand(len(labels), 1, *labels.shape[1:], generator=torch.Generator().manual_seed(seed)).double()


def losses(logits: Tensor, image: Tensor, said: Supervision, **settings) -> dict[str, Tensor]:
    return Scribble(**settings).losses(lambda _: logits, Batch(image, said), 0)


def close(a: Tensor, b: Tensor, rtol: float = 1e-9) -> None:
    torch.testing.assert_close(a, b, rtol=rtol, atol=1e-12)


def test_weights_are_the_published_ones() -> None:
    method = Scribble()
    assert (method.entropy, method.intensity_variance, method.variance, method.crf) == (0.1, 0.1, "listing", 0.0)


def test_scribbles_alone_are_cross_entropy_with_an_ignored_label() -> None:
    logits, labels = random_batch(n_classes=N)
    strokes, said = scribbled(labels)
    got = losses(logits, image_of(labels), said, **ALONE)
    expected = functional.cross_entropy(logits, torch.where(strokes, labels, -1), ignore_index=-1)
    close(got["loss"], expected)
    assert set(got) == {"loss", "partial_ce"}


def test_scribbles_and_complete_slices_mix() -> None:
    """Background of a complete slice is all that is not declared there."""
    logits, labels = random_batch(n_classes=N)
    phi = (1, 4)
    strokes, said = scribbled(labels)
    whole = supervision(only(labels, phi), [[(0, 2, phi)]], N)
    candidates = said.candidates.clone()
    candidates[:, 2] = whole.candidates[:, 2]
    got = losses(logits, image_of(labels), Supervision(candidates, said.volume, whole.z), **ALONE)
    log_p = torch.log_softmax(logits, 1)[0]
    values = []
    for z, y, x in product(*map(range, labels.shape[1:])):
        c = int(labels[0, z, y, x])
        if z == 2:
            members = [c] if c in phi else [0, 2, 3, 5]
            values.append(-torch.logsumexp(log_p[members, z, y, x], 0))
        elif strokes[0, z, y, x]:
            values.append(-log_p[c, z, y, x])
    close(got["loss"], torch.stack(values).mean())


def test_without_any_stroke_it_is_a_connected_zero() -> None:
    logits, labels = random_batch(n_classes=N)
    got = losses(logits, image_of(labels), scribbled(labels, 0.0)[1], **ALONE)
    assert got["loss"] == 0 and (torch.autograd.grad(got["loss"], logits)[0] == 0).all()


@pytest.mark.parametrize("regulariser", ["entropy", "intensity_variance", "crf"])
def test_only_the_regularisers_reach_voxels_that_nobody_painted(regulariser: str) -> None:
    logits, labels = random_batch(n_classes=N)
    strokes, said = scribbled(labels)
    image = image_of(labels)
    alone = losses(logits, image, said, **ALONE)
    (gradient,) = torch.autograd.grad(alone["loss"], logits)
    assert (gradient.movedim(1, -1)[~strokes] == 0).all() and (gradient.movedim(1, -1)[strokes] != 0).all()
    more = losses(logits, image, said, **{**ALONE, regulariser: 0.5})
    (gradient,) = torch.autograd.grad(more[regulariser], logits)
    assert (gradient.movedim(1, -1)[~strokes] != 0).any(-1).all()


def test_entropy_is_equation_2_per_voxel() -> None:
    logits, labels = random_batch(n=2, n_classes=N)
    got = losses(logits, image_of(labels), scribbled(labels)[1], entropy=0.7)["entropy"]
    close(got, 0.7 * torch.distributions.Categorical(logits=logits.movedim(1, -1)).entropy().mean())


def test_the_listed_variance_is_the_papers_line_of_code() -> None:
    """Its img and pred are batches of slices (N, C, H, W)."""
    logits, labels = random_batch(n_classes=N)
    image, p = image_of(labels), torch.softmax(logits, 1)
    listed = torch.mean(torch.std(image[0].movedim(1, 0) * p[0].movedim(1, 0), dim=[2, 3]))
    close(intensity_variance(image, p, "listing")[0], listed)


def test_the_equations_variance_and_mumford_shah_class_by_class() -> None:
    logits, labels = random_batch((3, 4, 5), n_classes=N)
    image, p = image_of(labels), torch.softmax(logits, 1)
    equation, active_contour = [], []
    for z in range(3):
        i = image[0, 0, z]
        means = [(i * p[0, c, z]).sum() / p[0, c, z].sum() for c in range(N)]
        equation.append(sum(((p[0, c, z] * i - means[c]) ** 2).mean() for c in range(N)) / N)
        active_contour.append(sum((p[0, c, z] * (i - means[c]) ** 2).mean() for c in range(N)))
    close(intensity_variance(image, p, "equation")[0], sum(equation) / 3)
    close(intensity_variance(image, p, "mumford_shah")[0], sum(active_contour) / 3)


def test_the_three_variants_are_three_things() -> None:
    logits, labels = random_batch(n_classes=N)
    image, p = image_of(labels), torch.softmax(logits, 1)
    values = [intensity_variance(image, p, variant).item() for variant in VARIANTS]
    assert len({round(value, 3) for value in values}) == 3


def test_mumford_shah_of_a_hard_segmentation_is_the_variance_within_classes() -> None:
    _, labels = random_batch((1, 6, 7), n_classes=3)
    image = image_of(labels)
    p = functional.one_hot(labels, 3).movedim(-1, 1).double()
    within = sum(
        image[0, 0][labels[0] == c].var(unbiased=False) * (labels == c).double().mean() for c in range(3)
    )  # fmt: skip
    close(intensity_variance(image, p, "mumford_shah")[0], within)


@pytest.mark.parametrize("variant", VARIANTS)
def test_variances_have_the_gradient_of_finite_differences(variant: str) -> None:
    logits, labels = random_batch((2, 2, 3), n=2, n_classes=3)
    image = image_of(labels)
    assert torch.autograd.gradcheck(lambda z: intensity_variance(image, torch.softmax(z, 1), variant), (logits,))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_are_finite_in_air_and_where_a_class_is_surely_nowhere(dtype: torch.dtype, variant: str) -> None:
    logits, labels = random_batch(n_classes=N)
    z = logits.detach().to(dtype)
    z[:, 3] = -1000
    z.requires_grad_()
    image = torch.zeros(1, 1, *labels.shape[1:])
    image[:, :, 0] = 1
    got = losses(z, image, scribbled(labels)[1], variance=variant, crf=0.1)["loss"]
    assert torch.isfinite(got)
    assert torch.isfinite(torch.autograd.grad(got, z)[0]).all()


@pytest.mark.parametrize("radius", [1, 2, 9])
def test_the_crf_loss_pair_by_pair(radius: int) -> None:
    logits, labels = random_batch((2, 3, 4), n_classes=3)
    image, p = image_of(labels), torch.softmax(logits, 1)
    cut, total = 0, 0
    voxels = list(product(range(2), range(3), range(4)))
    for i, j in product(voxels, voxels):
        apart = [abs(a - b) for a, b in zip(i, j, strict=True)]
        if i != j and max(apart) <= radius:
            difference = image[0, 0][i] - image[0, 0][j]
            k = torch.exp(-(difference**2) / (2 * 0.3**2) - sum(a * a for a in apart) / (2 * 1.5**2))
            cut = cut + k * (1 - sum(p[0, c][i] * p[0, c][j] for c in range(3)))
            total = total + k
    got = crf_loss(image, p, radius, 0.3, 1.5)[0]
    close(got, cut / total)
    (mine,), (truth,) = torch.autograd.grad(got, logits, retain_graph=True), torch.autograd.grad(cut / total, logits)
    torch.testing.assert_close(mine, truth, rtol=1e-9, atol=1e-14)


def test_the_crf_loss_wants_borders_where_the_image_has_them() -> None:
    image = torch.zeros(1, 1, 4, 4, 4)
    image[..., 2:] = 1
    onehot = torch.zeros(1, 2, 4, 4, 4)
    here, elsewhere = onehot.clone(), onehot.clone()
    here[:, 0, ..., :2], here[:, 1, ..., 2:] = 1, 1
    elsewhere[:, 0, ..., :1], elsewhere[:, 1, ..., 1:] = 1, 1
    right, wrong = (crf_loss(image, p, 1, 0.1, 2.0)[0] for p in (here, elsewhere))
    assert right < 1e-6 and wrong > 0.1


def test_which_class_is_which_does_not_matter_to_the_regularisers() -> None:
    logits, labels = random_batch(n_classes=N)
    image, said = image_of(labels), scribbled(labels, 0.0)[1]
    for variant in VARIANTS:
        settings = {"crf": 0.3, "variance": variant}
        turned = losses(logits[:, [3, 0, 5, 1, 4, 2]], image, said, **settings)
        close(turned["loss"], losses(logits, image, said, **settings)["loss"])


@pytest.mark.parametrize("wrong", [{"entropy": -1}, {"variance": "std"}, {"crf_radius": 0}, {"crf_sigma_position": 0}])
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        Scribble(**wrong)
