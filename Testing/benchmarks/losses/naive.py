"""Equations 1 to 6 of Chen et al. (CVPR 2024) as they are written: a loop over slices, in it a loop over classes."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from PartialSegLib.supervision import PAINTED_BACKGROUND, State
from Testing.benchmarks.losses.cases import LossCase

_EPSILON = 1.0
_SMALLEST = 1e-9


def naive_loss(case: LossCase) -> Tensor:
    """L_focal_ce + L_dice + L_reg with lambda = 1."""
    p = torch.softmax(case.logits[0], 0)
    painted = torch.from_numpy(case.painted.astype(np.int64))
    regulariser = -(p * torch.log(p.clamp(min=_SMALLEST))).sum(0).mean()
    axes = [_axis_loss(units) for units in _declared(p, painted, case)]
    if not axes:
        return _scribble_loss(p, painted) + regulariser
    return torch.stack(axes).mean() + regulariser


def _declared(p: Tensor, painted: Tensor, case: LossCase) -> Iterator[list[tuple[Tensor, Tensor, list[int]]]]:
    """Per axis (or for the volume) what is declared complete: probabilities (C, ...), labels (...), structures."""
    record = case.completeness
    if (record.volume == State.COMPLETE).any():
        yield [(p, painted, _complete(record.volume))]
    for axis, table in enumerate((record.z, record.y, record.x)):
        if table is not None:
            slices = [(index, _complete(row)) for index, row in enumerate(table)]
            yield [(p.select(axis + 1, i), painted.select(axis, i), annotated) for i, annotated in slices if annotated]


def _complete(states: np.ndarray) -> list[int]:
    return np.flatnonzero(states == State.COMPLETE).tolist()


def _axis_loss(units: list[tuple[Tensor, Tensor, list[int]]]) -> Tensor:
    losses = [_unit_loss(*unit) for unit in units]
    return torch.stack(losses).mean()


def _unit_loss(p: Tensor, painted: Tensor, annotated: list[int]) -> Tensor:
    """Focal cross entropy and Dice of one slice or volume."""
    unannotated = [c for c in range(len(p)) if c not in annotated]
    cross_entropy, dice = p.new_zeros(()), p.new_zeros(())
    for c in [0, *annotated]:
        if c == 0:
            probability = p[unannotated].sum(0)
            target = torch.stack([painted == k for k in unannotated]).any(0)
        else:
            probability, target = p[c], painted == c
        probability = probability.clamp(_SMALLEST, 1)
        cross_entropy = cross_entropy - (target * (1 - probability) ** 2 * torch.log(probability)).mean()
        hits = (probability * target).sum()
        false = (probability * ~target).sum() + ((1 - probability) * target).sum()
        dice = dice + (2 * hits + _EPSILON) / (2 * hits + false + _EPSILON)
    return cross_entropy + 1 - dice / (len(annotated) + 1)


def _scribble_loss(p: Tensor, painted: Tensor) -> Tensor:
    """Equation 1 over the painted voxels, slice by slice; nothing is complete, so there is no Dice."""
    total = p.new_zeros(())
    for z in range(painted.shape[0]):
        for c in range(len(p)):
            target = painted[z] == (c or PAINTED_BACKGROUND)
            q = p[c, z][target].clamp(min=_SMALLEST)
            total = total - ((1 - q) ** 2 * torch.log(q)).sum()
    return total / (painted > 0).sum()
