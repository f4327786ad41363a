"""Selected partially labelled learning: Zhu et al., "Selected Partially Labeled Learning for Abdominal Organ and
Pan-Cancer Segmentation" (FLARE 2023)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor

from partialseg_training.losses.bce_dice import declared, selected_bce_dice
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.annotated import annotated
from partialseg_training.methods.base import Batch, Forward, Method, Stages
from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet, load_label_set

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig


class SelectedPartial(Method):
    """Sigmoid, and BCE + Dice of each structure where it is known; labels of two teachers where these agree.

    Two teachers that differ in seed, and in network if `teacher_networks` says so, are trained on the labels that there
    are. In each case the structures on which they agree are added to what people annotated, and the student, `network`
    of the configuration, learns from both. Voxels that stay unknown count in nothing.

    A class counts in the images that declare it. The mask is that of the image: a patch without lesion of an image
    that declares lesions teaches their absence. Where nothing is declared but something painted, all classes count.

    selected: S of equation 2, label values; the label set's lesions when left out. These count in images that declare
        them and in no others: what is painted as an organ may have a lesion inside that nobody looked for.
    teacher_steps: as many as the run has when left out; 0 trains the student on the given labels alone.
    teachers: folders of two models to take instead of training them, as the paper does.
    agreement: DSC above which the teachers' word on a structure of a case is taken; on selected ones it never is.
    """

    summary: ClassVar[str] = "sigmoid; BCE + Dice of what an image declares, labels of two teachers that agree"
    paper: ClassVar[str] = "Zhu et al., FLARE 2023"
    name: Literal["selected_partial"] = "selected_partial"
    selected: tuple[int, ...] | None = None
    teacher_steps: int | None = Field(default=None, ge=0)
    teacher_networks: tuple[dict[str, Any], ...] = ()
    teachers: tuple[Path, ...] = ()
    agreement: float = Field(default=0.85, ge=0, lt=1)

    @field_validator("teacher_networks", "teachers")
    @classmethod
    def _two_or_none(cls, values: tuple) -> tuple:
        if len(values) not in (0, 2):
            raise ValueError(f"there are two teachers, not {len(values)}: name two or none")
        return values

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """Equation 2 with 1 - Dice for - Dice: "bce", "dice" and their sum "loss".

        The mean over the images of the mean over the classes that count in them: the paper's where these are as many.
        """
        logits, supervision = sigmoid_logits(forward(batch.image)), batch.supervision
        bce, dice = selected_bce_dice(logits, supervision, valid=self.counted(supervision))
        return {"loss": (bce + dice).mean(), "bce": bce.mean(), "dice": dice.mean()}

    def counted(self, supervision: Supervision) -> Tensor:
        """I of equation 2, (B, K) bool: what the image declares, or in a scribbled one all but the selected."""
        masked = torch.zeros(supervision.n_classes, dtype=torch.bool, device=supervision.volume.device)
        masked[list(self.selected or ())] = True
        return annotated(supervision) & (declared(supervision) | ~masked)[:, 1:]

    def inference(self) -> dict[str, Any]:
        """Each structure by itself; sigmoid -> threshold -> resample."""
        return {"resample": "labels", "independent": True}

    def first_stages(self, stages: Stages) -> "TrainConfig":
        """Train the teachers and fuse what they agree on with what people annotated."""
        label_set = load_label_set(stages.config.label_set)
        selected = self._selected(label_set)
        # A model's record has no use for the folders of other models.
        settled = self.model_copy(update={"selected": selected, "teachers": ()})
        config = stages.config.model_copy(update={"method": settled})
        if not self.teachers and self.teacher_steps == 0:
            return config
        from partialseg_training.pseudo import relabelled  # here: it loads the inference engine

        teachers = self.teachers or settled.train_teachers(stages, config)
        organs = [structure.value for structure in label_set if structure.value not in selected]
        return relabelled(stages, "pseudo_labels", config, teachers, self.agreement, organs)

    def train_teachers(self, stages: Stages, config: "TrainConfig") -> tuple[Path, ...]:
        """The bundles of two teachers, trained by this method on the given labels."""
        common = {
            "method": self.model_copy(update={"teacher_steps": 0, "teacher_networks": ()}),
            "steps": self.teacher_steps or config.steps,
            "validation": (),
        }
        networks = self.teacher_networks or (config.network, config.network)
        own = [{"seed": config.seed + number, "network": network} for number, network in enumerate(networks)]
        configs = [config.model_copy(update={**common, **differences}) for differences in own]
        return tuple(stages.train(f"teacher_{number}", teacher) for number, teacher in enumerate(configs, 1))

    def _selected(self, label_set: LabelSet) -> tuple[int, ...]:
        if self.selected is None:
            return label_set.lesions
        strange = [value for value in self.selected if not 1 <= value < label_set.n_classes]
        if strange:
            raise UserError(f"method.selected: {label_set.name} has no structure {strange[0]}; correct it")
        return self.selected


def sigmoid_logits(logits: Tensor) -> Tensor:
    """(B, C, Z, Y, X) -> (B, C - 1, Z, Y, X), z_k = l_k - l_0, in float32 at least.

    The largest of 0, z_1, ..., z_K is where the largest l is: argmax over the network's own output decides as a
    threshold of sigmoid(z) at 0.5 and the strongest above it do, so that any network serves as it is.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return logits[:, 1:] - logits[:, :1]
