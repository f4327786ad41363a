"""Ambiguity-aware losses of "Versatile Medical Image Segmentation Learned from Multi-Source Datasets via Model
Self-Disambiguation" (Chen et al., CVPR 2024), equations 1 to 6, on candidate sets.

Where the structures Phi_M are complete, an unpainted voxel is "anything outside Phi_M": the classes outside Phi_M are
merged with the background (equations 3 and 4). Phi_M may differ from volume to volume and from slice to slice.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from partialseg_training.losses.statistics import softmax_statistics
from partialseg_training.losses.supervision import Supervision


@dataclass(frozen=True)
class SelfDisambiguationLoss:
    """L = L_focal_ce + L_dice + lambda * L_reg (equation 6); call with logits (B, C, Z, Y, X) and their Supervision.

    gamma: focal exponent (2 in equation 1; 0 gives plain cross entropy; between 0 and 1 gradients would diverge).
    epsilon: smoothing of equation 2.
    entropy: lambda for samples with annotation; entropy_unannotated: lambda for samples without any.
    dice_over: "annotated" averages over {0} and Phi_M as equation 2 does; "present" leaves out structures that are
    known to be absent from the slice or patch, whose Dice would otherwise drown the small ones that are there.
    """

    gamma: float = 2.0
    epsilon: float = 1.0
    entropy: float = 1.0
    entropy_unannotated: float = 3.0
    dice_over: Literal["annotated", "present"] = "annotated"

    def __post_init__(self) -> None:
        if self.gamma < 0 or 0 < self.gamma < 1:
            raise ValueError("gamma must be 0 or at least 1")
        if self.epsilon <= 0:
            raise ValueError("epsilon must be positive")

    def __call__(self, logits: Tensor, supervision: Supervision) -> dict[str, Tensor]:
        """The terms "focal_ce", "dice", "entropy" (weighted) and their sum "loss"; scalars connected to the graph."""
        scopes = _scopes(supervision)
        painted = _painted_label(supervision.candidates)
        decided = [_merged_label(supervision.candidates, painted, scope) for scope in scopes]
        # Voxels whose merged label is open (unions, the outside of the image) count in no Dice.
        counted = torch.stack([label >= 0 for label in decided]).all(0) if decided else None
        if counted is not None and bool(counted.all()):
            counted = None
        log_q, entropy, *volumes = softmax_statistics(logits, supervision.candidates, counted)
        everything = (1 << supervision.n_classes) - 1
        supervised = supervision.candidates != everything
        focal_ce = focal_cross_entropy(log_q, supervised, self.gamma)
        dice = self._dice(log_q.exp(), volumes, scopes, decided, counted)
        weight = torch.where(supervised.flatten(1).any(1), self.entropy, self.entropy_unannotated)
        regulariser = (weight * entropy.flatten(1).mean(1)).mean()
        return {"loss": focal_ce + dice + regulariser, "focal_ce": focal_ce, "dice": dice, "entropy": regulariser}

    def _dice(
        self, q: Tensor, volumes: list[Tensor], scopes: list["_Scope"], decided: list[Tensor], counted: Tensor | None
    ) -> Tensor:
        if not scopes:
            return q.sum() * 0
        terms = []
        for scope, label in zip(scopes, decided, strict=True):
            soft = volumes[0].sum(2, keepdim=True) if scope.axis is None else volumes[scope.axis]
            label = label if counted is None else torch.where(counted, label, -1)
            terms.append(self._scope_dice(q, soft.transpose(1, 2), scope, label))
        return torch.stack(terms).mean()

    def _scope_dice(self, q: Tensor, soft: Tensor, scope: "_Scope", label: Tensor) -> Tensor:
        """Equation 2 over every slice (or volume) of one scope; soft: (B, n, C).

        True positives are sums of q, the probability of all that a voxel may be. Where declarations cross, that is
        less than the probability of this slice's merged background: what the other slice rules out is not right.
        """
        b, n, c = soft.shape
        row = torch.arange(b * n, device=q.device).reshape(b, n)
        index = (scope.spread(row) * c + label).flatten()
        known = label.flatten() >= 0
        index = torch.where(known, index, b * n * c)
        hits = q.new_zeros(b * n * c + 1).index_add(0, index, q.flatten())[:-1].reshape(b, n, c)
        target = torch.bincount(index, minlength=b * n * c + 1)[:-1].reshape(b, n, c).to(q.dtype)
        annotated = scope.annotated
        merged = target.sum(2) - (soft * annotated).sum(2)
        soft = torch.cat([merged[..., None], soft[..., 1:]], 2)
        dice = (2 * hits + self.epsilon) / (soft + target + self.epsilon)
        averaged = annotated & (target > 0) if self.dice_over == "present" else annotated.clone()
        averaged[..., 0] = True
        used = annotated.any(2)
        per_slice = 1 - (dice * averaged).sum(2) / averaged.sum(2)
        return (per_slice * used).sum() / used.sum().clamp(min=1)


def focal_cross_entropy(log_q: Tensor, supervised: Tensor, gamma: float) -> Tensor:
    """Equation 1 with its minus sign: mean over each sample's supervised voxels of -(1 - q)^gamma log q."""
    q = log_q.exp()
    values = -((1 - q) ** gamma) * log_q * supervised
    return (values.flatten(1).sum(1) / supervised.flatten(1).sum(1).clamp(min=1)).mean()


@dataclass(frozen=True)
class _Scope:
    """One kind of unit that completeness is declared for: the volume (axis None) or the slices across an axis."""

    axis: int | None
    annotated: Tensor  # (B, n, C)

    def spread(self, per_slice: Tensor) -> Tensor:
        """(B, n) -> broadcastable to (B, Z, Y, X)."""
        shape = [per_slice.shape[0], 1, 1, 1]
        if self.axis is not None:
            shape[self.axis + 1] = per_slice.shape[1]
        return per_slice.reshape(shape)


def _scopes(supervision: Supervision) -> list[_Scope]:
    candidates = [(None, supervision.volume[:, None]), (0, supervision.z), (1, supervision.y), (2, supervision.x)]
    return [_Scope(axis, table) for axis, table in candidates if table is not None and bool(table.any())]


def _painted_label(candidates: Tensor) -> Tensor:
    """c where the candidate set is {c}, else -1; int64."""
    single = (candidates & (candidates - 1)) == 0
    return torch.where(single, torch.log2(candidates.to(torch.float32)).round().to(torch.int64), -1)


def _merged_label(candidates: Tensor, painted: Tensor, scope: _Scope) -> Tensor:
    """Equation 4: c for a voxel known to be c in Phi_M, 0 for one known to be outside Phi_M, -1 where neither is known.

    Slices (or samples) where nothing is complete give 0 and are left out of the mean by the caller.
    """
    bits = 1 << torch.arange(scope.annotated.shape[2], device=candidates.device, dtype=candidates.dtype)
    annotated = scope.spread((scope.annotated * bits).sum(2).to(candidates.dtype))
    return torch.where((candidates & annotated) == 0, 0, painted)
