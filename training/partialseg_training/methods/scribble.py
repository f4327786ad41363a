"""Learning from scribbles: Luo et al., "WORD: A large scale dataset, benchmark and clinical applicable study for
abdominal organ segmentation from CT image" (Medical Image Analysis 2022), section 4.3."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from partialseg_training.losses.crf import crf_loss
from partialseg_training.losses.intensity_variance import Variant, intensity_variance
from partialseg_training.losses.statistics import softmax_statistics
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.base import Batch, Forward, Method


class Scribble(Method):
    """Partial cross entropy, and terms that reach every voxel; the defaults are the paper's best (pCE + EM + IVM).

    Partial cross entropy is the mean of -log q over the voxels about which something is known, q the probability of all
    that a voxel may be: painted voxels, and the background of complete slices or volumes, may be mixed.

    entropy: weight of entropy minimisation (equation 2; the mean over voxels). 0 leaves a term out.
    intensity_variance: weight of intensity variance minimisation, of the `variance` that is chosen (see
        `losses/intensity_variance.py`; the paper's numbers are those of its listing).
    crf: weight of the CRF loss, which the paper only compares with; it does not say the weight.
    crf_radius, crf_sigma_position: voxels; crf_sigma_intensity: of the image in [0, 1] (15 of 255 grey values).
    """

    summary: ClassVar[str] = "softmax; painted voxels, and entropy and intensity variance of all others"
    paper: ClassVar[str] = "Luo et al., Medical Image Analysis 2022 (WORD)"
    name: Literal["scribble"] = "scribble"
    entropy: float = Field(default=0.1, ge=0)
    intensity_variance: float = Field(default=0.1, ge=0)
    variance: Variant = "listing"
    crf: float = Field(default=0.0, ge=0)
    crf_radius: int = Field(default=2, ge=1)
    crf_sigma_intensity: float = Field(default=0.06, gt=0)
    crf_sigma_position: float = Field(default=6.0, gt=0)

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """Equation 5: "partial_ce", the other terms that have a weight (weighted), and "loss"."""
        terms = self.per_sample(forward(batch.image), batch.image, batch.supervision)
        means = {name: values.mean() for name, values in terms.items()}
        return {"loss": torch.stack(list(means.values())).sum(), **means}

    def per_sample(self, logits: Tensor, image: Tensor, supervision: Supervision) -> dict[str, Tensor]:
        """The weighted terms of equation 5, each (B,)."""
        log_q, entropy, *_ = softmax_statistics(logits, supervision.candidates)
        supervised = supervision.supervised.flatten(1)
        terms = {"partial_ce": -(log_q.flatten(1) * supervised).sum(1) / supervised.sum(1).clamp(min=1)}
        if self.entropy:
            terms["entropy"] = self.entropy * entropy.flatten(1).mean(1)
        if self.intensity_variance or self.crf:
            p = torch.softmax(logits.to(log_q.dtype), 1)
        if self.intensity_variance:
            terms["intensity_variance"] = self.intensity_variance * intensity_variance(image, p, self.variance)
        if self.crf:
            gaps = (self.crf_radius, self.crf_sigma_intensity, self.crf_sigma_position)
            terms["crf"] = self.crf * crf_loss(image, p, *gaps)
        return terms
