"""Batches for methods that decide one structure at a time, and their loss written voxel by voxel."""

import torch
from torch import Tensor

from partialseg_training.losses.supervision import Supervision

N = 5  # classes


def labels_of(b: int = 2, size=(3, 4, 5), seed: int = 0) -> Tensor:
    return torch.randint(0, N, (b, *size), generator=torch.Generator().manual_seed(seed))


def partly(labels: Tensor, declared: list[tuple[int, ...]]) -> Supervision:
    """Sample i has the structures declared[i] complete in its volume, and nothing else painted."""
    candidates, volume = torch.empty(labels.shape, dtype=torch.int32), torch.zeros(len(labels), N, dtype=torch.bool)
    for i, structures in enumerate(declared):
        outside = sum(1 << c for c in range(N) if c not in structures)
        bits = torch.tensor([1 << c if c in structures else outside for c in range(N)], dtype=torch.int32)
        candidates[i] = bits[labels[i]]
        volume[i, list(structures)] = True
    return Supervision(candidates, volume)


def scribbled(labels: Tensor, share: float = 0.3) -> Supervision:
    """A share of the voxels is painted; nothing is complete."""
    strokes = torch.rand(labels.shape, generator=torch.Generator().manual_seed(1)) < share
    candidates = torch.where(strokes, 1 << labels, (1 << N) - 1).int()
    return Supervision(candidates, torch.zeros(len(labels), N, dtype=torch.bool))


def bce_plus_dice(z: Tensor, target: Tensor) -> Tensor:
    """Of one structure of one sample: logits and 0 or 1 of the voxels where it is known, both (n,)."""
    p = torch.sigmoid(z.double())
    target = target.double()
    bce = -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    return bce + 1 - (2 * (p * target).sum() + 1) / (p.sum() + target.sum() + 1)
