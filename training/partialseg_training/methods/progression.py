"""The stages of progressive weakly supervised learning (PWS-Seg, algorithm 1)."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partialseg_training.pseudo import relabelled
from PartialSegLib.dataset import CaseEntry, Dataset, load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.structures import LabelSet, load_label_set

if TYPE_CHECKING:
    from partialseg_training.config import TrainConfig
    from partialseg_training.methods.base import Stages
    from partialseg_training.methods.progressive import Progressive


class Progression:
    """Runs the stages of one run. Raises UserError where the label sets do not fit each other."""

    def __init__(self, method: "Progressive", stages: "Stages") -> None:
        self._method, self._stages = method, stages
        self._label_set = load_label_set(stages.config.label_set)
        self._lesions = self._label_set.lesions if method.lesions is None else method.lesions
        if self._lesions:
            _require_organs(self._label_set, self._lesions, load_label_set(method.organs))

    def last_config(self) -> "TrainConfig":
        """Train everything but the last stage; returns the configuration of that."""
        organs = self._stages.config
        if self._lesions and (self._method.self_training or self._method.coarse_spacing):
            organs = self._of_organs(organs)
        alone = self._alone(organs)
        config = self._stages.config.model_copy(update={"method": alone})
        if not self._method.self_training:
            return config
        organs = organs.model_copy(update={"method": alone})
        again = relabelled(self._stages, "organs_1_labels", organs, [self._train("organs_1", organs)])
        if not self._lesions:
            return again
        known = [s.value for s in self._label_set if s.value not in self._lesions]
        models = [self._train("organs_2", again)]
        lesions = relabelled(self._stages, "organs_2_labels", config, models, None, known, self._lesions)
        models = [self._train("lesions_1", lesions)]
        return relabelled(self._stages, "lesions_1_labels", config, models, required=self._lesions)

    def _train(self, name: str, config: "TrainConfig") -> Path:
        steps = self._method.stage_steps or config.steps
        return self._stages.train(name, config.model_copy(update={"steps": steps, "validation": ()}))

    def _alone(self, organs: "TrainConfig") -> "Progressive":
        """The method without stages before it, and with the coarse network, which learns the organs."""
        update: dict[str, Any] = {"self_training": False, "lesions": self._lesions, "coarse_spacing": None}
        alone = self._method.model_copy(update=update)
        if self._method.coarse_spacing is None or self._method.coarse is not None:
            return alone
        config = self._method.coarse_config(organs.model_copy(update={"method": alone}))
        return alone.model_copy(update={"coarse": self._train("coarse", config)})

    def _of_organs(self, config: "TrainConfig") -> "TrainConfig":
        """The same cases for the organ label set."""
        path = self._stages.output / "stages" / "organs.json"
        dataset, organs = load_dataset(config.dataset_path), load_label_set(self._method.organs)
        self._stages.once(lambda: write_organ_manifest(path, dataset, self._lesions, organs))
        return config.model_copy(update={"dataset": path, "label_set": self._method.organs, "store": None})


def write_organ_manifest(path: Path, dataset: Dataset, lesions: Collection[int], organs: LabelSet) -> None:
    """The cases of `dataset` as someone would declare them who knows no lesions.

    A voxel painted as a lesion may be any organ, or none: the paper assigns it to the organ that the model sees there.
    """
    content: dict[str, list] = {"cases": [], "labelmaps": []}
    for entry in dataset.entries.values():
        is_case = isinstance(entry, CaseEntry)
        told = _without_lesions(entry, set(lesions), organs.n_classes) if isinstance(entry, CaseEntry) else entry
        content["cases" if is_case else "labelmaps"].append(told.model_dump(mode="json", exclude_defaults=True))
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _without_lesions(entry: CaseEntry, lesions: set[int], n_classes: int) -> CaseEntry:
    def organs(values: Collection[int]) -> tuple[int, ...]:
        return tuple(value for value in values if value not in lesions)

    anything = tuple(range(n_classes))
    unions = {value: anything if lesions & set(members) else members for value, members in entry.unions.items()}
    slices = {axis: {text: organs(values) for text, values in ranges.items()} for axis, ranges in entry.slices.items()}
    changes = {
        "annotated": organs(entry.annotated),
        "in_part": organs(entry.in_part),
        "slices": slices,
        "unions": unions | dict.fromkeys(sorted(lesions), anything),
    }
    return entry.model_copy(update=changes)


def _require_organs(label_set: LabelSet, lesions: Collection[int], organs: LabelSet) -> None:
    strange = [value for value in lesions if not 1 <= value < label_set.n_classes]
    if strange:
        raise UserError(f"method.lesions: {label_set.name} has no structure {strange[0]}; correct it")
    left = [(s.value, s.key) for s in label_set if s.value not in lesions]
    if left != [(s.value, s.key) for s in organs]:
        raise UserError(
            f"method.organs: {organs.name} is not {label_set.name} without its lesions: name a label set that is"
        )
