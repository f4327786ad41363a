"""One structure per pass: Zhang et al., "DoDNet: Learning to segment multi-organ and tumors from multiple partially
labeled datasets" (CVPR 2021), as Chen et al. (CVPR 2024) compare with it."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from partialseg_training.losses.bce_dice import selected_bce_dice
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.annotated import annotated, labelled_and_not
from partialseg_training.methods.base import Batch, Forward, Method, Stages
from PartialSegLib.structures import LabelSet

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig


class DoDNet(Method):
    """Each sample is asked for one of its annotated structures; BCE + Dice of that one, where it is known.

    `network` of the configuration is the backbone. Volumes that nobody labelled are left out.

    seed: of the draw. What is drawn depends on the seed, the step and the sample alone: the same in a resumed run, and
        however a batch is split over processes.
    """

    summary: ClassVar[str] = "one-hot conditioned dynamic head, one structure per pass; BCE + Dice where it is known"
    paper: ClassVar[str] = "Zhang et al., CVPR 2021; baseline of Chen et al., CVPR 2024"
    name: Literal["dodnet"] = "dodnet"
    seed: int = Field(default=0, ge=0)

    def network_config(self, network: dict[str, Any], label_set: LabelSet) -> dict[str, Any]:
        """The dynamic head on the configuration's network."""
        return {"name": "dodnet", "n_classes": label_set.n_classes, "backbone": network}

    def first_stages(self, stages: Stages) -> "TrainConfig":
        """Leave out what nothing can be asked of."""
        return stages.config.model_copy(update={"train": labelled_and_not(stages.config)[0]})

    def inference(self) -> dict[str, Any]:
        """Each structure by itself."""
        return {"independent": True}

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """ "bce", "dice" and their sum "loss"; a sample of which nothing is known counts as 0."""
        supervision = batch.supervision
        may_ask = annotated(supervision)
        values = self.draw(may_ask, supervision, step)
        asked = values[:, None]
        logits = forward(batch.image, values)
        bce, dice = selected_bce_dice(logits, supervision, asked, may_ask.gather(1, asked - 1))
        return {"loss": (bce + dice).mean(), "bce": bce.mean(), "dice": dice.mean()}

    def draw(self, may_ask: Tensor, supervision: Supervision, step: int) -> Tensor:
        """(B,) label values: for each sample one of those that it may be asked for (B, K), all equally likely."""
        # The sum of the bit sets stands for the sample.
        keys = supervision.candidates.flatten(1).sum(1, dtype=torch.int64).abs().tolist()
        choices = [np.flatnonzero(row) + 1 for row in may_ask.cpu().numpy()]
        drawn = [
            np.random.default_rng([self.seed, step, key]).choice(choice)
            for key, choice in zip(keys, choices, strict=True)
        ]
        return torch.tensor(np.array(drawn), device=may_ask.device)
