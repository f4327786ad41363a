"""What a training method is: which network it trains, what it asks of a batch, what comes out of it.

A method's fields are its settings, written under `method:` in a configuration. The trainer, the data and the networks
are the same for all methods.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from partialseg_training.losses.supervision import Supervision
from PartialSegLib.networks import build_network
from PartialSegLib.structures import LabelSet

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig

# The trainee, under autocast and, with several processes, data-parallel; takes what its forward() takes.
Forward = Callable[..., Tensor]


@dataclass(frozen=True)
class Batch:
    """B patches. image: (B, 1, Z, Y, X) in [0, 1]; supervision: what is known of them.

    learnt: structures that the run learns; all of the label set when None.
    """

    image: Tensor
    supervision: Supervision
    learnt: tuple[int, ...] | None = None


class Stages(Protocol):
    """Runs what a method does before its last training.

    config: of the whole run. output: its folder.
    """

    config: "TrainConfig"
    output: Path

    def train(self, name: str, config: "TrainConfig") -> Path:
        """Train `config` in output/stages/<name>, or resume that, or skip it when finished; returns its bundle."""

    def once(self, work: Callable[[], object]) -> None:
        """Let one of the processes do `work` while the others wait; whatever writes files goes through here."""

    def report(self, stage: str, done: int, total: int) -> None:
        """Show progress."""


class Method(BaseModel):
    """One way to learn. Subclasses add a literal `name`, their settings, and `losses`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: ClassVar[str]
    paper: ClassVar[str]
    name: str

    def network_config(self, network: dict[str, Any], label_set: LabelSet) -> dict[str, Any]:
        """What `build_network` builds for inference; `network` is the configuration's."""
        return {**network, "n_classes": label_set.n_classes}

    def build(self, network: dict[str, Any], label_set: LabelSet) -> nn.Module:
        """The trainee, randomly initialised."""
        return build_network(self.network_config(network, label_set))

    def losses(self, forward: Forward, batch: Batch, step: int) -> dict[str, Tensor]:
        """The loss under "loss" and its parts, scalars connected to the graph; each a mean over the samples."""
        raise NotImplementedError

    def logits(self, trainee: nn.Module, image: Tensor) -> Tensor:
        """What the deployed network will say: (B, 1, Z, Y, X) -> (B, C, Z, Y, X)."""
        return trainee(image)

    def deployed_weights(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """From the trainee's state dict to that of the network of `network_config`."""
        return weights

    def inference(self) -> dict[str, Any]:
        """Further entries of the bundle's configs/inference.json."""
        return {}

    def files(self) -> dict[str, Path]:
        """Further files of the bundle: name inside it -> the file to copy."""
        return {}

    def first_stages(self, stages: Stages) -> "TrainConfig":
        """Do what comes before the last training and return the configuration of that."""
        return stages.config
