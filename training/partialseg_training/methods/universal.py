"""The CLIP-driven Universal Model: Liu et al., "CLIP-Driven Universal Model for Partially Labeled Organ and Pan-cancer
Segmentation" (FLARE 2023)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr
from torch import Tensor, nn

from partialseg_training.losses.bce_dice import selected_bce_dice
from partialseg_training.methods.annotated import annotated, labelled_and_not
from partialseg_training.methods.base import Batch, Forward, Method, Stages
from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.networks.conditioned import TextHead
from PartialSegLib.structures import LabelSet, load_label_set
from PartialSegLib.text import DEFAULT_ENCODER, encode, load_embeddings, made_of, save_embeddings, sentences

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig


class Universal(Method):
    """Every structure has a head of its own, computed from a sentence that names it; masked back-propagation.

    `network` of the configuration is the backbone; the paper's is a SegResNet. Only structures that are annotated in a
    sample count: BCE + Dice, the mean over them. Unlabelled volumes get the labels of a teacher, the same method
    trained on the labelled ones before. After inference the largest part of each organ is kept.

    encoder: "minilm", or a folder with the files of a text encoder, such as CLIP or BiomedCLIP; see
        `PartialSegLib.text.encoders`.
    prompt: "ct" (the paper's "a computerized tomography of a [CLS]"), "neutral" (a medical image), "name", or a
        sentence with [CLS] in it.
    embeddings: safetensors file of one row per structure, "embeddings" (K, E), instead of an encoder.
    embedding_size: E; found out when left out.
    teacher_steps: as many as the run has when left out; 0 leaves the unlabelled volumes out.
    largest_component: label values, or "organs" for all structures but lesions.
    """

    summary: ClassVar[str] = "text-conditioned dynamic heads (sigmoid); masked BCE + Dice, pseudo-labels for the rest"
    paper: ClassVar[str] = "Liu et al., FLARE 2023 (CLIP-driven Universal Model)"
    name: Literal["universal"] = "universal"
    encoder: str = DEFAULT_ENCODER
    prompt: str = "ct"
    embeddings: Path | None = None
    embedding_size: int | None = Field(default=None, ge=1)
    teacher_steps: int | None = Field(default=None, ge=0)
    largest_component: tuple[int, ...] | Literal["organs"] = "organs"
    # Where a run keeps what the encoder said. No setting: a bundle's record has no use for a path.
    _kept: Path | None = PrivateAttr(default=None)

    def network_config(self, network: dict[str, Any], label_set: LabelSet) -> dict[str, Any]:
        """The text-conditioned head on the configuration's network."""
        size = self.embedding_size or self.class_embeddings(label_set).shape[1]
        return {
            "name": "text_head",
            "n_classes": label_set.n_classes,
            "backbone": network,
            "embedding_size": size,
        }

    def build(self, network: dict[str, Any], label_set: LabelSet) -> nn.Module:
        """The trainee with its class embeddings."""
        trainee = super().build(network, label_set)
        assert isinstance(trainee, TextHead)
        embeddings = self.class_embeddings(label_set)
        if embeddings.shape != trainee.conditions.shape:
            raise UserError(f"method.embedding_size is {self.embedding_size}, not {embeddings.shape[1]}: leave it out")
        trainee.set_embeddings(embeddings)
        return trainee

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """ "bce", "dice" and their sum "loss": unweighted means over the (sample, structure) pairs that count."""
        supervision = batch.supervision
        logits = forward(batch.image)[:, 1:]
        bce, dice = selected_bce_dice(logits, supervision, valid=annotated(supervision))
        return {"loss": (bce + dice).mean(), "bce": bce.mean(), "dice": dice.mean()}

    def inference(self) -> dict[str, Any]:
        """Each structure by itself; connected components."""
        return {"largest_component": self.largest_component, "independent": True}

    def first_stages(self, stages: Stages) -> "TrainConfig":
        """Embed the names once, and label the unlabelled volumes."""
        label_set = load_label_set(stages.config.label_set)
        path = stages.output / "embeddings.safetensors"
        stages.once(lambda: self._keep(path, label_set))
        size = load_embeddings(path, label_set.n_classes - 1).shape[1]
        settled = self.model_copy(update={"embedding_size": size})
        settled._kept = path
        config = stages.config.model_copy(update={"method": settled})
        labelled, bare = labelled_and_not(config)
        if self.teacher_steps == 0 or not bare:
            return config.model_copy(update={"train": labelled})
        return settled.label_the_rest(stages, config, labelled, bare)

    def label_the_rest(
        self, stages: Stages, config: "TrainConfig", labelled: tuple[str, ...], bare: tuple[str, ...]
    ) -> "TrainConfig":
        """Train the teacher and let it label the volumes that are `bare`; the configuration with them.

        Volumes in which the teacher finds nothing are left out.
        """
        from partialseg_training.pseudo import pseudo_label  # here: it loads the inference engine

        dataset, label_set = load_dataset(config.dataset_path), load_label_set(config.label_set)
        teacher = stages.train("teacher", self._teacher(config, labelled))
        output = stages.output / "stages" / "pseudo_labels"

        def label() -> None:
            def tell(done: int, total: int) -> None:
                stages.report("pseudo-labels", done, total)

            pseudo_label([teacher], dataset, bare, output, label_set=label_set, progress=tell)

        stages.once(label)
        manifest = output / "dataset.json"
        found = tuple(name for name in bare if name in load_dataset(manifest).entries)
        return config.model_copy(update={"dataset": manifest, "train": (*labelled, *found), "store": None})

    def _teacher(self, config: "TrainConfig", labelled: tuple[str, ...]) -> "TrainConfig":
        method = self.model_copy(update={"teacher_steps": 0})
        steps = self.teacher_steps or config.steps
        return config.model_copy(update={"method": method, "train": labelled, "steps": steps, "validation": ()})

    def class_embeddings(self, label_set: LabelSet) -> Tensor:
        """(K, E), one row per structure: from a file, or else from the encoder."""
        path = self._kept or self.embeddings
        if path is not None:
            return load_embeddings(path, label_set.n_classes - 1)
        return encode(self.encoder, self._texts(label_set))

    def _keep(self, path: Path, label_set: LabelSet) -> None:
        """Write the embeddings into the run's folder, unless they are there: a resumed run needs no encoder."""
        texts = self._texts(label_set)
        source = self.encoder if self.embeddings is None else str(self.embeddings)
        if not made_of(path, source, texts):
            save_embeddings(path, self.class_embeddings(label_set), source, texts)

    def _texts(self, label_set: LabelSet) -> list[str]:
        return sentences(self.prompt, [structure.name for structure in label_set])
