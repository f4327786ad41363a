"""Hierarchical sampling: class -> modality -> dataset -> image (Chen et al., CVPR 2024, section 3.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from PartialSegLib.errors import UserError

_Name = TypeVar("_Name", int, str)


@dataclass(frozen=True)
class Source:
    """One image the sampler can draw: its place in the tree and the classes a patch can be centred on."""

    index: int
    modality: str
    dataset: str
    classes: frozenset[int]


class HierarchicalSampler:
    """Draws a class, then a modality that has it, then a dataset of that modality, then an image of that dataset.

    weights: relative weight of a class ("class:13"), modality ("modality:ct") or dataset ("dataset:btcv"); 1 when left
    out, 0 for never. Weights temper the tree where a branch holds very few images, which would else be shown again and
    again. Raises UserError when nothing is left to draw.
    """

    def __init__(self, sources: Sequence[Source], weights: Mapping[str, float]) -> None:
        self.weights = weights
        self.tree: dict[int, dict[str, dict[str, list[int]]]] = {}
        for source in sources:
            for value in source.classes:
                branch = (("class", value), ("modality", source.modality), ("dataset", source.dataset))
                if all(self._weight(level, name) > 0 for level, name in branch):
                    datasets = self.tree.setdefault(value, {}).setdefault(source.modality, {})
                    datasets.setdefault(source.dataset, []).append(source.index)
        if not self.tree:
            raise UserError("there is nothing to train on: the configuration selects no voxel of any case")

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        """(class the patch is centred on, index of the image)."""
        value = self._pick("class", sorted(self.tree), rng)
        modality = self._pick("modality", sorted(self.tree[value]), rng)
        dataset = self._pick("dataset", sorted(self.tree[value][modality]), rng)
        images = self.tree[value][modality][dataset]
        return value, images[int(rng.integers(len(images)))]

    def _pick(self, level: str, names: list[_Name], rng: np.random.Generator) -> _Name:
        weights = np.array([self._weight(level, name) for name in names])
        return names[int(rng.choice(len(names), p=weights / weights.sum()))]

    def _weight(self, level: str, name: int | str) -> float:
        return self.weights.get(f"{level}:{name}", 1.0)
