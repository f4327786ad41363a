"""What methods that ask for one structure at a time can ask for: of a sample, and of a dataset."""

from typing import TYPE_CHECKING

from torch import Tensor

from partialseg_training.losses.bce_dice import declared
from partialseg_training.losses.supervision import Supervision
from PartialSegLib.dataset import CaseEntry, load_dataset
from PartialSegLib.errors import UserError

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig


def annotated(supervision: Supervision) -> Tensor:
    """(B, K) bool for the K structures: those that are declared complete in the patch or in one of its slices.

    Where nothing is declared but something painted (scribbles), all: of every painted voxel it is known which structure
    it is, and which ones it is not.
    """
    complete = declared(supervision)[:, 1:]
    return complete | ~complete.any(1, keepdim=True)


def labelled_and_not(config: "TrainConfig") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the training cases that somebody labelled, and of the volumes that nobody did.

    Raises UserError when there are only such volumes.
    """
    chosen = load_dataset(config.dataset_path).select(config.train or None)
    bare = tuple(entry.name for entry in chosen if isinstance(entry, CaseEntry) and entry.label is None)
    labelled = tuple(entry.name for entry in chosen if entry.name not in bare)
    if not labelled:
        raise UserError(f"method {config.method.name} has no labelled case to learn from: add one to `train`")
    return labelled, bare
