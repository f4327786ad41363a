"""Pseudo-labels as a step of a run, between two trainings."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from partialseg_training.pseudo.label import pseudo_label
from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig
    from partialseg_training.methods.base import Stages


def relabelled(
    stages: "Stages",
    name: str,
    config: "TrainConfig",
    bundles: Sequence[Path],
    agreement: float | None = None,
    structures: Collection[int] | None = None,
    required: Collection[int] = (),
) -> "TrainConfig":
    """`config` with its training cases filled by the models `bundles` in output/stages/<name>; see `pseudo_label`.

    Raises UserError when no training case is left.
    """
    output = stages.output / "stages" / name
    dataset, label_set = load_dataset(config.dataset_path), load_label_set(config.label_set)

    def label() -> None:
        pseudo_label(
            bundles, dataset, config.train, output, agreement,
            label_set=label_set, structures=structures, required=required,
            progress=lambda done, total: stages.report(f"{name}: pseudo-labels", done, total),
        )  # fmt: skip

    stages.once(label)
    manifest = output / "dataset.json"
    entries = load_dataset(manifest).entries
    left = tuple(case for case in config.train if case in entries)
    if not left:
        wanted = ", ".join(label_set.by_value(value).name for value in required)
        advice = f"annotate {wanted} in some" if wanted else "train the models longer, or ask for less agreement"
        raise UserError(f"no training case is left after pseudo-labelling in {output}: {advice}")
    return config.model_copy(update={"dataset": manifest, "train": left, "store": None})
