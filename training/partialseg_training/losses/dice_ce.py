"""Dice with plain or focal cross entropy against one label per voxel: complete labels and pseudo-labels."""

from typing import NamedTuple

import torch
from torch import Tensor

from partialseg_training.losses.statistics import softmax_statistics


class DiceCE(NamedTuple):
    """Per-sample vectors (B,), connected to the graph; their sum's mean is the loss."""

    dice: Tensor
    ce: Tensor


def dice_ce(logits: Tensor, labels: Tensor, averaged: Tensor | None = None, epsilon: float = 1e-5) -> DiceCE:
    """MONAI's DiceCELoss(softmax=True, to_onehot_y=True), sample by sample; voxels labelled -1 count in nothing.

    logits: (B, C, Z, Y, X). labels: (B, Z, Y, X) int64, 0 to C - 1, or -1. averaged: (C,) or (B, C) bool, the classes
    over which Dice is averaged; all, background included, when None. A sample without any label gives 0.
    """
    log_q, dice = _log_q_and_dice(logits, labels, averaged, epsilon)
    return DiceCE(dice, _mean_over_labelled(-log_q, labels))


def dice_focal(
    logits: Tensor,
    labels: Tensor,
    averaged: Tensor | None = None,
    alpha: float = 0.5,
    gamma: float = 2.0,
    epsilon: float = 1e-5,
) -> DiceCE:
    """Dice and focal loss -alpha (1 - q)^gamma log q with q the label's softmax probability; otherwise as `dice_ce`.

    The defaults are those of PWS-Seg (FLARE 2023, table of training protocols), for its labels and pseudo-labels.
    """
    log_q, dice = _log_q_and_dice(logits, labels, averaged, epsilon)
    focal = -alpha * (1 - log_q.exp()) ** gamma * log_q
    return DiceCE(dice, _mean_over_labelled(focal, labels))


def _log_q_and_dice(logits: Tensor, labels: Tensor, averaged: Tensor | None, epsilon: float) -> tuple[Tensor, Tensor]:
    b, c = logits.shape[:2]
    counted = labels >= 0
    candidates = torch.where(counted, 1 << labels.clamp(min=0), (1 << c) - 1)
    log_q, _, soft_z, *_ = softmax_statistics(logits, candidates, None if bool(counted.all()) else counted)
    # One row for each sample; the last entry takes the voxels that do not count.
    row = torch.arange(b, device=labels.device).reshape(b, 1, 1, 1) * c
    index = torch.where(counted, row + labels, b * c).flatten()
    hits = log_q.new_zeros(b * c + 1).index_add(0, index, log_q.exp().flatten())[:-1].reshape(b, c)
    target = torch.bincount(index, minlength=b * c + 1)[:-1].reshape(b, c)
    dice = 1 - (2 * hits + epsilon) / (soft_z.sum(2) + target + epsilon)
    averaged = torch.ones(c, dtype=torch.bool, device=labels.device) if averaged is None else averaged
    used = averaged & counted.flatten(1).any(1)[:, None]
    return log_q, (dice * used).sum(1) / used.sum(1).clamp(min=1)


def _mean_over_labelled(values: Tensor, labels: Tensor) -> Tensor:
    counted = (labels >= 0).flatten(1)
    return (values.flatten(1) * counted).sum(1) / counted.sum(1).clamp(min=1)
