"""Plain supervised learning on complete labels: the reference that learning from less is compared with."""

from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from partialseg_training.losses.dice_ce import dice_ce
from partialseg_training.losses.supervision import Supervision
from partialseg_training.losses.targets import as_bits, known_label, merged_label
from partialseg_training.methods.base import Batch, Forward, Method, Stages
from PartialSegLib.dataset import CaseEntry, load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig


class Supervised(Method):
    """Dice + cross entropy, MONAI's DiceCELoss, of the structures that are complete in every training case.

    structures: what to learn; when left out, everything that each training case annotates in its whole volume. All
        else is background, as it is to whoever has only these labels: its channels have no Dice of their own, and
        cross entropy teaches the network never to choose them. A case in which one of the structures is not complete
        is refused, for its unpainted voxels would be taken for background.

    Voxels that are open, that is unions with one of the structures and the outside of the image, count in nothing.
    """

    summary: ClassVar[str] = "softmax; Dice + cross entropy on complete labels, the upper bound"
    paper: ClassVar[str] = "reference (MONAI DiceCELoss)"
    name: Literal["supervised"] = "supervised"
    structures: tuple[int, ...] | None = Field(default=None, min_length=1)

    def first_stages(self, stages: Stages) -> "TrainConfig":
        """Settle `structures`. UserError where the training cases have no complete structure in common."""
        config = stages.config
        everything = range(1, load_label_set(config.label_set).n_classes)
        strange = sorted(set(self.structures or ()) - set(everything))
        if strange:
            raise UserError(f"method.structures: {config.label_set} has no structure {strange[0]}; correct it")
        if self.structures is not None:
            return config
        common = set(everything)
        for entry in load_dataset(config.dataset_path).select(config.train or None):
            # A label map is complete.
            common &= set(entry.annotated if isinstance(entry, CaseEntry) else everything)
            if not common:
                raise UserError(
                    f"no structure is complete in all training cases, at the latest with {entry.name}: name only "
                    "completely labelled cases in `train`, or choose another method"
                )
        settled = self.model_copy(update={"structures": tuple(sorted(common))})
        return config.model_copy(update={"method": settled})

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """ "dice", "ce" and their sum "loss"."""
        learned = self._learned(batch.supervision)
        dice, ce = dice_ce(forward(batch.image), complete_labels(batch.supervision, learned), learned)
        return {"loss": (dice + ce).mean(), "dice": dice.mean(), "ce": ce.mean()}

    def _learned(self, supervision: Supervision) -> Tensor:
        """(C,) bool: the structures and background. Without `structures`, all of the label set."""
        n_classes = supervision.n_classes
        learned = torch.zeros(n_classes, dtype=torch.bool, device=supervision.volume.device)
        learned[list(self.structures or range(n_classes))] = True
        learned[0] = True
        return learned


def complete_labels(supervision: Supervision, learned: Tensor) -> Tensor:
    """Labels (B, Z, Y, X) int64: the learned structures, 0 for all else, -1 where a voxel is open.

    learned: (C,) bool, background included. UserError where a structure is not complete in the volume of a sample.
    """
    wanted = learned.clone()
    wanted[0] = False
    missing = (wanted & ~supervision.volume).any(0).nonzero().flatten().tolist()
    if missing:
        raise UserError(
            f"method supervised needs complete labels, but structure {missing[0]} is not complete in every training "
            "case: leave it out of `method.structures`, or choose another method"
        )
    return merged_label(supervision.candidates, known_label(supervision.candidates), as_bits(wanted))
