"""Equations 1 to 5 of Chen et al. (CVPR 2024), slice by slice and class by class: slow, and written from the paper."""

from collections.abc import Sequence

import torch
from torch import Tensor

from partialseg_training.losses.supervision import Supervision

# What one sample declares: (axis, index of the slice, structures complete there); axis None is the whole volume.
Declaration = tuple[int | None, int, tuple[int, ...]]


def merged_probabilities(p: Tensor, phi: Sequence[int]) -> dict[int, Tensor]:
    """Equation 3 for p (C, n): one entry for 0 and for each structure of phi."""
    outside = [c for c in range(len(p)) if c not in phi]
    return {0: sum(p[c] for c in outside), **{c: p[c] for c in phi}}


def merged_labels(y: Tensor, phi: Sequence[int], n_classes: int) -> dict[int, Tensor]:
    """Equation 4 for labels y (n,)."""
    outside = [c for c in range(n_classes) if c not in phi]
    return {0: sum((y == c).double() for c in outside), **{c: (y == c).double() for c in phi}}


def focal_cross_entropy(p: Tensor, y: Tensor, phi: Sequence[int], gamma: float) -> Tensor:
    """Equation 1 (with the minus sign that the paper leaves out) for one slice or volume."""
    p_merged, y_merged = merged_probabilities(p, phi), merged_labels(y, phi, len(p))
    return -sum((y_merged[c] * (1 - p_merged[c]) ** gamma * p_merged[c].log()).sum() for c in p_merged) / len(y)


def dice(p: Tensor, y: Tensor, phi: Sequence[int], epsilon: float, present_only: bool = False) -> Tensor:
    """Equation 2 for one slice or volume; present_only: over {0} and the structures that are there."""
    p_merged, y_merged = merged_probabilities(p, phi), merged_labels(y, phi, len(p))
    terms = []
    for c, q in p_merged.items():
        if present_only and c != 0 and not y_merged[c].any():
            continue
        tp = (q * y_merged[c]).sum()
        fp = (q * (1 - y_merged[c])).sum()
        fn = ((1 - q) * y_merged[c]).sum()
        terms.append((2 * tp + epsilon) / (2 * tp + fp + fn + epsilon))
    return 1 - sum(terms) / len(terms)


def entropy(p: Tensor) -> Tensor:
    """Equation 5 for p (C, n)."""
    return -sum(p[c] * p[c].log() for c in range(len(p))).mean()


def slices(logits: Tensor, labels: Tensor, declarations: Sequence[Declaration]) -> list[tuple[Tensor, Tensor, tuple]]:
    """(p (C, n), y (n,), phi) of each declaration about one sample: logits (C, Z, Y, X), labels (Z, Y, X)."""
    p = torch.softmax(logits.double(), 0)
    result = []
    for axis, index, phi in declarations:
        if axis is None:
            result.append((p.flatten(1), labels.flatten(), phi))
        else:
            result.append((p.select(axis + 1, index).flatten(1), labels.select(axis, index).flatten(), phi))
    return result


def supervision(labels: Tensor, declarations: Sequence[Sequence[Declaration]], n_classes: int) -> Supervision:
    """The record of a batch, labels (B, Z, Y, X) with 0 unpainted, and its candidate sets, voxel by voxel."""
    b, *size = labels.shape
    volume = torch.zeros(b, n_classes, dtype=torch.bool)
    tables = [torch.zeros(b, n, n_classes, dtype=torch.bool) for n in size]
    for i, said in enumerate(declarations):
        for axis, index, phi in said:
            row = volume[i] if axis is None else tables[axis][i, index]
            row[list(phi)] = True
    candidates = torch.zeros(labels.shape, dtype=torch.int32)
    for i, z, y, x in torch.cartesian_prod(*(torch.arange(n) for n in labels.shape)).tolist():
        painted = int(labels[i, z, y, x])
        complete = volume[i] | tables[0][i, z] | tables[1][i, y] | tables[2][i, x]
        allowed = [painted] if painted else [c for c in range(n_classes) if not complete[c]]
        candidates[i, z, y, x] = sum(1 << c for c in allowed)
    used = [table if table.any() else None for table in tables]
    return Supervision(candidates, volume, *used)


def random_batch(
    size: tuple[int, int, int] = (4, 5, 6), n: int = 1, n_classes: int = 6, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Logits (n, n_classes, *size), float64, and labels (n, *size)."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(n, n_classes, *size, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, n_classes, (n, *size), generator=generator)
    return logits.requires_grad_(), labels


def only(labels: Tensor, phi: Sequence[int]) -> Tensor:
    """The labels of the structures in phi; everything else is unpainted."""
    return torch.where(torch.isin(labels, torch.tensor(list(phi))), labels, 0)
