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
from partialseg_training.losses.targets import as_bits, known_label, merged_label


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
        """The means over the samples of `per_sample`: scalars connected to the graph."""
        return {name: values.mean() for name, values in self.per_sample(logits, supervision).items()}

    def per_sample(self, logits: Tensor, supervision: Supervision) -> dict[str, Tensor]:
        """The terms "focal_ce", "dice", "entropy" (weighted) and their sum "loss", each (B,).

        No sample has a part in another's loss, so that a batch may be split over processes. A sample about which
        nothing is known has focal_ce and dice 0.
        """
        scopes = _scopes(supervision)
        known = known_label(supervision.candidates)
        decided = [
            merged_label(supervision.candidates, known, scope.spread(as_bits(scope.annotated))) for scope in scopes
        ]
        # Voxels whose merged label is open (unions, the outside of the image) count in no Dice.
        counted = torch.stack([label >= 0 for label in decided]).all(0) if decided else None
        if counted is not None and bool(counted.all()):
            counted = None
        log_q, entropy, *volumes = softmax_statistics(logits, supervision.candidates, counted)
        supervised = supervision.supervised
        focal_ce = focal_cross_entropy(log_q, supervised, self.gamma)
        dice = self._dice(log_q.exp(), volumes, scopes, decided, counted)
        weight = torch.where(supervised.flatten(1).any(1), self.entropy, self.entropy_unannotated)
        regulariser = weight * entropy.flatten(1).mean(1)
        return {"loss": focal_ce + dice + regulariser, "focal_ce": focal_ce, "dice": dice, "entropy": regulariser}

    def _dice(
        self, q: Tensor, volumes: list[Tensor], scopes: list["_Scope"], decided: list[Tensor], counted: Tensor | None
    ) -> Tensor:
        """(B,): the mean over a sample's own scopes of the mean over their slices."""
        total, n_scopes = q.flatten(1).sum(1) * 0, torch.zeros(len(q), dtype=torch.int64, device=q.device)
        for scope, label in zip(scopes, decided, strict=True):
            soft = volumes[0].sum(2, keepdim=True) if scope.axis is None else volumes[scope.axis]
            label = label if counted is None else torch.where(counted, label, -1)
            used = scope.annotated.any(2)
            per_slice = self._scope_dice(q, soft.transpose(1, 2), scope, label)
            total = total + (per_slice * used).sum(1) / used.sum(1).clamp(min=1)
            n_scopes = n_scopes + used.any(1)
        return total / n_scopes.clamp(min=1)

    def _scope_dice(self, q: Tensor, soft: Tensor, scope: "_Scope", label: Tensor) -> Tensor:
        """Equation 2 for every slice (or volume) of one scope, (B, n); soft: (B, n, C).

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
        merged = target.sum(2) - (soft * scope.annotated).sum(2)
        soft = torch.cat([merged[..., None], soft[..., 1:]], 2)
        dice = (2 * hits + self.epsilon) / (soft + target + self.epsilon)
        averaged = scope.annotated & (target > 0) if self.dice_over == "present" else scope.annotated.clone()
        averaged[..., 0] = True
        return 1 - (dice * averaged).sum(2) / averaged.sum(2)


def focal_cross_entropy(log_q: Tensor, supervised: Tensor, gamma: float) -> Tensor:
    """Equation 1 with its minus sign, (B,): mean over each sample's supervised voxels of -(1 - q)^gamma log q."""
    q = log_q.exp()
    values = -((1 - q) ** gamma) * log_q * supervised
    return values.flatten(1).sum(1) / supervised.flatten(1).sum(1).clamp(min=1)


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
