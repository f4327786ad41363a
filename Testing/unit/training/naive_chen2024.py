"""What the code published with Chen et al. (CVPR 2024) computes, patch by patch, slice by slice and class by class.

Written from a description of that code. Everything is of one sample: p (C, Z, Y, X) probabilities, y (Z, Y, X) labels.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

_EPSILON = 1e-6


def log_clamped(p: Tensor) -> Tensor:
    return p.clamp(_EPSILON, 1 - _EPSILON).log()


def annotated_slices(y: Tensor, declared: list[tuple[int, int]]) -> dict[int, list[tuple[int, int]]]:
    """Slices (axis, index) by axis, without those in which everything is 0."""
    painted = [(axis, index) for axis, index in declared if y.select(axis, index).any()]
    return {axis: [d for d in painted if d[0] == axis] for axis in range(3) if any(d[0] == axis for d in painted)}


def pixels(p: Tensor, y: Tensor, phi: list[int], gamma: float) -> Iterator[Tensor]:
    """Focal cross entropy of every pixel, label by label; p (C, n), y (n,)."""
    for label in y.unique().tolist():
        where = y == label
        q = sum(p[k][where] for k in range(len(p)) if k not in phi) if label == 0 else p[label][where]
        yield -((1 - q) ** gamma) * log_clamped(q)


def dice(p: Tensor, y: Tensor, background: Tensor) -> Tensor:
    """1 - the mean Dice of the labels that are there, smoothed by 1; background (n,) is the score of class 0."""
    terms = []
    for label in y.unique().tolist():
        score, target = (background if label == 0 else p[label]), (y == label).double()
        tp, fp, fn = (score * target).sum(), (score * (1 - target)).sum(), ((1 - score) * target).sum()
        terms.append((2 * tp + 1) / (2 * tp + fp + fn + 1))
    return 1 - sum(terms) / len(terms)


def partial_sample(p: Tensor, y: Tensor, phi: list[int], gamma: float = 2.0) -> tuple[Tensor, Tensor]:
    """(cross entropy, Dice) of a volume in which phi is annotated."""
    p, y = p.flatten(1), y.flatten()
    merged = sum(p[k] for k in range(len(p)) if k not in phi)
    return torch.cat(list(pixels(p, y, phi, gamma))).mean(), dice(p, y, merged)


def sparse_sample(
    p: Tensor, y: Tensor, declared: list[tuple[int, int]], gamma: float = 2.0
) -> tuple[Tensor, Tensor] | None:
    """(cross entropy, Dice) of annotated slices; None where nothing is painted in any of them."""
    entropies, dices = [], []
    for axis, slices in annotated_slices(y, declared).items():
        pooled, per_slice = [], []
        for _, index in slices:
            q, labels = p.select(axis + 1, index).flatten(1), y.select(axis, index).flatten()
            present = [label for label in labels.unique().tolist() if label]
            pooled.extend(pixels(q, labels, present, gamma))
            # The bug: all channels, which is 1.
            per_slice.append(dice(q, labels, sum(q)))
        entropies.append(torch.cat(pooled).mean())
        dices.append(sum(per_slice) / len(per_slice))
    if not entropies:
        return None
    return sum(entropies) / len(entropies), sum(dices) / len(dices)


def regulariser(p: Tensor, y: Tensor) -> Tensor:
    """Entropy, three times where the patch has no label."""
    entropy = -sum(p[c] * log_clamped(p[c]) for c in range(len(p))).mean()
    return entropy if y.any() else 3 * entropy


def over_batch(term: Callable[[int], Tensor | None], n: int) -> Tensor:
    """The mean over samples; one without annotated slices is a 0, as on a GPU of its own."""
    return sum(term(i) if term(i) is not None else torch.zeros(()) for i in range(n)) / n
