"""Binary cross entropy and Dice of structures that are decided one by one (sigmoid), where they are known.

For structure c a voxel's target is 1 where S(v) = {c}, 0 where S(v) has no c, and it counts in nothing otherwise. So
the "-1" masks of DoDNet (CVPR 2021), the masked back-propagation of the Universal Model and the selected classes of
"Selected Partially Labeled Learning" (FLARE 2023, equation 2) are the same lines.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from partialseg_training.losses.supervision import Supervision
from partialseg_training.losses.targets import structure_targets


def selected_bce_dice(
    logits: Tensor,
    supervision: Supervision,
    structures: Tensor | Sequence[int] | None = None,
    valid: Tensor | None = None,
    average: Literal["valid", "all"] = "valid",
    epsilon: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """(bce, dice), each a per-sample vector (B,) connected to the graph; their sum's mean is the loss.

    logits: (B, K, Z, Y, X), any float type; arithmetic is float32 (float64 for float64 logits).
    structures: the class number of each channel, (K,) or (B, K); 1 to K when None.
    valid: (B, K) bool, the pairs that may count, e.g. `declared(supervision)[:, structures]`; all when None. A pair
        without any known voxel never counts. A sample in which no pair counts gives 0.
    average: "valid" divides a sample's sum by the number of its pairs that count (Universal Model: mean over valid
        pairs); "all" divides by K, so that every pair of the batch has the same weight (equation 2 of Selected
        Partially Labeled Learning, times the fraction of pairs that count; K times it is MultiTalent's sum).
    epsilon: smoothing of Dice, 1 - (2 sum(p t) + epsilon) / (sum p + sum t + epsilon), over the known voxels of one
        sample. The papers' "- Dice" is this minus 1.

    BCE is the mean over a pair's known voxels.
    """
    dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
    z = logits.to(dtype)
    asked = torch.arange(1, z.shape[1] + 1) if structures is None else torch.as_tensor(structures)
    target, known = structure_targets(supervision.candidates, asked.to(z.device))
    n_known = known.flatten(2).sum(2)
    counts = n_known > 0 if valid is None else (n_known > 0) & valid.to(z.device)
    truth = target.to(dtype)
    voxels = functional.binary_cross_entropy_with_logits(z, truth, known.to(dtype), reduction="none")
    bce = voxels.flatten(2).sum(2) / n_known.clamp(min=1)
    p = torch.sigmoid(z) * known
    hits, soft = (p * target).flatten(2).sum(2), p.flatten(2).sum(2)
    dice = 1 - (2 * hits + epsilon) / (soft + truth.flatten(2).sum(2) + epsilon)
    divisor = counts.sum(1).clamp(min=1) if average == "valid" else counts.shape[1]
    return (bce * counts).sum(1) / divisor, (dice * counts).sum(1) / divisor


def declared(supervision: Supervision) -> Tensor:
    """(B, C) bool: the structures that are complete in the whole patch, or in at least one of its slices."""
    tables = [table.any(1) for table in (supervision.z, supervision.y, supervision.x) if table is not None]
    return torch.stack([supervision.volume, *tables]).any(0)
