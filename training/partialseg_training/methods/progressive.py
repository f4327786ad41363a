"""Progressive weakly supervised learning: Jia and Wang, "Partial annotation-based organs and tumor segmentation with
progressive weakly supervised learning" (PWS-Seg, FLARE 2023)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from partialseg_training.losses.dice_ce import dice_focal
from partialseg_training.losses.supervision import Supervision
from partialseg_training.losses.targets import known_label
from partialseg_training.methods.base import Batch, Forward, Method, Stages
from PartialSegLib.bundle import COARSE_WEIGHTS, WEIGHTS, Bundle
from PartialSegLib.structures import LabelSet

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig


class Pair(nn.Module):
    """Two networks of one kind, each with a random start of its own; (B, 1, Z, Y, X) -> (2 B, C, Z, Y, X)."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def require_window(self, size: Sequence[int]) -> None:
        """Raise UserError where the networks cannot take a window of `size` (z, y, x)."""
        self.first.require_window(size)  # type: ignore[operator]

    def forward(self, image: Tensor) -> Tensor:
        """Both networks' logits, one batch after the other."""
        return torch.cat([self.first(image), self.second(image)])


class Progressive(Method):
    """Two networks that learn from the labels and, where these leave it open, from each other; in stages.

    Each network's loss is C_s + `cross` * C_u: C_s for what is known of each voxel, C_u for the voxels that may be
    several classes, with the likeliest of these in the other network's eyes as label. Both are Dice + focal loss
    (alpha, gamma). Labels of a person are never replaced.

    Stages (algorithm 1 of the paper), each but the last trained for `stage_steps` steps: organs; organs again, with
    the first model's labels where there are none; then, where the label set has `lesions`, organs and lesions in
    cases with lesion annotations, filled with organs; and again in all cases, filled with what that model finds. With
    `coarse_spacing`, a coarse network is trained before and deployed together with the fine one.

    self_training: False trains once, without stages. stage_steps: as many as the run has when left out.
    lesions: label values, which must be the last; the label set's own when left out.
    organs: label set of the organ stages where there are lesions.
    coarse_spacing: (x, y, z) in mm; no coarse network when left out. coarse: the bundle of one that is trained already.
    margin_mm: how far beyond what the coarse network finds the fine one looks.
    """

    summary: ClassVar[str] = "two networks teach each other where labels are missing; organs first, then lesions"
    paper: ClassVar[str] = "Jia and Wang, FLARE 2023 (PWS-Seg)"
    name: Literal["progressive"] = "progressive"
    cross: float = Field(default=1.0, ge=0)
    alpha: float = Field(default=0.5, gt=0)
    gamma: float = Field(default=2.0, ge=0)
    self_training: bool = True
    stage_steps: int | None = Field(default=None, ge=1)
    lesions: tuple[int, ...] | None = None
    organs: str = "abdomen16"
    coarse_spacing: tuple[float, float, float] | None = None
    coarse: Path | None = None
    margin_mm: float = Field(default=20.0, ge=0)

    @field_validator("gamma")
    @classmethod
    def _gradients_are_finite(cls, gamma: float) -> float:
        if 0 < gamma < 1:
            raise ValueError("gamma must be 0 or at least 1")
        return gamma

    @field_validator("coarse_spacing")
    @classmethod
    def _spacing_is_positive(cls, spacing: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if spacing is not None and min(spacing) <= 0:
            raise ValueError("coarse_spacing must be positive")
        return spacing

    def build(self, network: dict[str, Any], label_set: LabelSet) -> nn.Module:
        """The pair."""
        return Pair(super().build(network, label_set), super().build(network, label_set))

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """Equation 3, summed over the networks: "supervised", "cross" (weighted) and "loss"."""
        first, second = forward(batch.image).chunk(2)
        one = self.per_sample(first, second, batch.supervision, batch.learnt)
        other = self.per_sample(second, first, batch.supervision, batch.learnt)
        means = {name: (one[name] + other[name]).mean() for name in one}
        return {"loss": means["supervised"] + means["cross"], **means}

    def per_sample(
        self, logits: Tensor, others: Tensor, supervision: Supervision, learnt: tuple[int, ...] | None = None
    ) -> dict[str, Tensor]:
        """C_s and the weighted C_u of the network that said `logits` (B, C, Z, Y, X), each (B,).

        On complete labels C_s is Dice + focal loss; what may be several classes is merged as in Chen et al.
        """
        merged = SelfDisambiguationLoss(self.gamma, entropy=0, entropy_unannotated=0)
        known = merged.per_sample(logits, supervision)
        labels = open_labels(others, supervision.candidates, learnt)
        dice, focal = dice_focal(logits, labels, None, self.alpha, self.gamma)
        return {"supervised": self.alpha * known["focal_ce"] + known["dice"], "cross": self.cross * (dice + focal)}

    def logits(self, trainee: nn.Module, image: Tensor) -> Tensor:
        """What the first of the pair says."""
        assert isinstance(trainee, Pair)
        return trainee.first(image)

    def deployed_weights(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Those of the first of the pair."""
        return {name[len("first.") :]: tensor for name, tensor in weights.items() if name.startswith("first.")}

    def inference(self) -> dict[str, Any]:
        """The settings of the coarse network, if there is one."""
        if self.coarse is None:
            return {}
        bundle = Bundle.load(self.coarse)
        settings = {
            "label_set": bundle.metadata["label_set"],
            "network": bundle.network_config,
            "patch_size": bundle.patch_size,
            "preprocessing": bundle.preprocessing.to_json(),
            "margin_mm": self.margin_mm,
        }
        return {"coarse": settings}

    def files(self) -> dict[str, Path]:
        """The weights of the coarse network."""
        return {} if self.coarse is None else {COARSE_WEIGHTS: self.coarse / WEIGHTS}

    def first_stages(self, stages: Stages) -> "TrainConfig":
        """Train the coarse network and all stages but the last."""
        from partialseg_training.methods.progression import Progression  # here: it loads the inference engine

        return Progression(self, stages).last_config()

    def coarse_config(self, config: "TrainConfig") -> "TrainConfig":
        """`config` at the coarse network's resolution."""
        assert self.coarse_spacing is not None
        coarse = replace(config.preprocessing, spacing=self.coarse_spacing)
        return config.model_copy(update={"preprocessing": coarse, "store": None})


def open_labels(logits: Tensor, candidates: Tensor, learnt: tuple[int, ...] | None = None) -> Tensor:
    """For each voxel that may be several classes, the likeliest of them; -1 where it is known what a voxel is.

    logits: (B, C, Z, Y, X); no gradient goes back into them. candidates: (B, Z, Y, X) bit sets. learnt: only these
    and background are chosen, where there is a choice: two networks would teach each other structures that nobody ever
    showed them. Returns int64.
    """
    if learnt is not None:
        among = candidates & sum(1 << value for value in (0, *learnt))
        candidates = torch.where(among == 0, candidates, among)
    bits = 1 << torch.arange(logits.shape[1], device=candidates.device, dtype=candidates.dtype)
    barred = (candidates[:, None] & bits[:, None, None, None]) == 0
    best = logits.detach().masked_fill(barred, float("-inf")).argmax(1)
    return torch.where(known_label(candidates) >= 0, -1, best)
