"""A batch's loss is the mean of its samples' own, so that it does not matter which process has which sample."""

import pytest
import torch
from naive_losses import only, random_batch, supervision
from torch import Tensor

from partialseg_training.losses.chen2024 import Chen2024Loss
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.base import Batch
from partialseg_training.methods.scribble import Scribble
from partialseg_training.methods.self_disambiguation import SelfDisambiguation
from partialseg_training.methods.supervised import Supervised

N = 6
EVERY = tuple(range(1, N))
PARTIAL = [[(None, 0, (1, 2))], [(None, 0, (3,))], [(None, 0, EVERY)]]
SPARSE = [[(0, 1, (1, 2)), (0, 3, EVERY)], [(1, 2, (4,))], [(2, 0, (1,)), (2, 5, (2, 3)), (0, 0, (5,))]]
MIXED = [[(None, 0, (1, 2))], [(0, 1, (3, 4)), (2, 2, (1,))], []]
BOTH = [[(None, 0, (1,)), (0, 1, (2, 3))], [(1, 1, EVERY)], []]
KINDS = {"partial": PARTIAL, "sparse": SPARSE, "mixed": MIXED, "volume and slices": BOTH, "unlabelled": [[], [], []]}
METHODS = {
    "paper": SelfDisambiguation(),
    "present": SelfDisambiguation(dice_over="present"),
    "chen2024": SelfDisambiguation(compat="chen2024"),
    "scribble": Scribble(crf=0.3),
}


def batch_of(declared: list) -> tuple[Tensor, Batch]:
    """Logits and a batch in which every sample has painted what it declares, and nothing else."""
    logits, labels = random_batch(n=3, n_classes=N)
    painted = torch.zeros_like(labels)
    for i, said in enumerate(declared):
        for axis, index, phi in said:
            found = only(labels[i], phi)
            if axis is None:
                painted[i] = torch.where(found > 0, found, painted[i])
            else:
                part = painted[i].select(axis, index)
                part.copy_(torch.where(found.select(axis, index) > 0, found.select(axis, index), part))
    image = torch.rand(3, 1, *labels.shape[1:], generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return logits, Batch(image, supervision(painted, declared, N))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", METHODS)
def test_the_loss_of_a_batch_is_the_mean_of_the_losses_of_its_samples(name: str, kind: str) -> None:
    method = METHODS[name]
    logits, batch = batch_of(KINDS[kind])
    together = method.losses(lambda _: logits, batch, 0)
    alone = [_alone(method, logits, batch, i) for i in range(3)]
    for term, value in together.items():
        mean = torch.stack([losses[term] for losses in alone]).mean()
        torch.testing.assert_close(value, mean, rtol=1e-12, atol=1e-12, msg=lambda text, term=term: f"{term}: {text}")
    (whole,) = torch.autograd.grad(together["loss"], logits, retain_graph=True)
    (split,) = torch.autograd.grad(sum(losses["loss"] for losses in alone) / 3, logits)
    torch.testing.assert_close(whole, split, rtol=1e-12, atol=1e-14)


def test_so_it_is_with_complete_labels() -> None:
    logits, batch = batch_of([[(None, 0, EVERY)]] * 3)
    together = Supervised().losses(lambda _: logits, batch, 0)
    alone = [_alone(Supervised(), logits, batch, i) for i in range(3)]
    for term, value in together.items():
        torch.testing.assert_close(value, sum(losses[term] for losses in alone) / 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", METHODS)
def test_no_sample_has_a_gradient_from_another(name: str, kind: str) -> None:
    logits, batch = batch_of(KINDS[kind])
    changed = logits.detach().clone()
    changed[1:] += torch.randn(changed[1:].shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    gradients = [
        torch.autograd.grad(METHODS[name].losses(lambda _, z=z: z, batch, 0)["loss"], z)[0][0]
        for z in (logits, changed.requires_grad_())
    ]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-12, atol=0)


def test_terms_add_up_to_the_loss() -> None:
    logits, batch = batch_of(MIXED)
    for name, method in METHODS.items():
        losses = method.losses(lambda _: logits, batch, 0)
        parts = sum(value for term, value in losses.items() if term != "loss")
        torch.testing.assert_close(losses["loss"], parts, msg=name)


def _alone(method, logits: Tensor, batch: Batch, i: int) -> dict[str, Tensor]:
    own: Supervision = batch.supervision.sample(i)
    return method.losses(lambda _: logits[i : i + 1], Batch(batch.image[i : i + 1], own), 0)


def test_the_published_code_is_chosen_by_name() -> None:
    method = SelfDisambiguation(compat="chen2024", gamma=1.0, epsilon=0.5, entropy=0.2, entropy_unannotated=0.4)
    assert method.loss == Chen2024Loss(1.0, 0.5, 0.2, 0.4)
