"""Model self-disambiguation: Chen et al., "Versatile Medical Image Segmentation Learned from Multi-Source Datasets via
Model Self-Disambiguation" (CVPR 2024)."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator
from torch import Tensor

from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from partialseg_training.losses.chen2024 import Chen2024Loss
from partialseg_training.methods.base import Batch, Forward, Method


class SelfDisambiguation(Method):
    """Ambiguity-aware focal cross entropy and Dice, and entropy minimisation; defaults are the paper's.

    gamma: focal exponent of equation 1. epsilon: smoothing of equation 2.
    entropy: lambda of equation 6; entropy_unannotated: lambda for samples about which nothing is known.
    dice_over: "annotated" averages Dice over {0} and Phi_M as equation 2 does, "present" leaves out structures that are
        known to be absent from the slice or patch, whose Dice would otherwise drown the small ones that are there.
    compat: "paper" follows the equations on candidate sets; "chen2024" gives the numbers of the published code
        (see `losses/chen2024.py`; its Dice is over what is present, whatever dice_over says).
    """

    summary: ClassVar[str] = "softmax; classes that nobody annotated are merged, entropy is minimised"
    paper: ClassVar[str] = "Chen et al., CVPR 2024"
    name: Literal["self_disambiguation"] = "self_disambiguation"
    gamma: float = Field(default=2.0, ge=0)
    epsilon: float = Field(default=1.0, gt=0)
    entropy: float = Field(default=1.0, ge=0)
    entropy_unannotated: float = Field(default=3.0, ge=0)
    dice_over: Literal["annotated", "present"] = "annotated"
    compat: Literal["paper", "chen2024"] = "paper"

    @field_validator("gamma")
    @classmethod
    def _finite_gradients(cls, gamma: float) -> float:
        if 0 < gamma < 1:
            raise ValueError("must be 0 or at least 1: gradients diverge in between")
        return gamma

    @property
    def loss(self) -> SelfDisambiguationLoss | Chen2024Loss:
        """The loss with these settings."""
        if self.compat == "chen2024":
            return Chen2024Loss(self.gamma, self.epsilon, self.entropy, self.entropy_unannotated)
        return SelfDisambiguationLoss(self.gamma, self.epsilon, self.entropy, self.entropy_unannotated, self.dice_over)

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """The terms of equation 6: "focal_ce", "dice", "entropy" (weighted by lambda) and "loss"."""
        return self.loss(forward(batch.image), batch.supervision)
