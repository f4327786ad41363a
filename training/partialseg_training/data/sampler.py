"""Hierarchical sampling: class -> modality -> dataset -> image (Chen et al., CVPR 2024, section 3.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from PartialSegLib.errors import UserError


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
    out. Weights temper the tree where a branch holds very few images, which would else be shown again and again.
    """

    def __init__(self, sources: Sequence[Source], weights: Mapping[str, float]) -> None:
        if not sources:
            raise UserError("there is nothing to train on: the configuration selects no case")
        self.weights = weights
        self.tree: dict[int, dict[str, dict[str, list[int]]]] = {}
        for source in sources:
            for value in source.classes:
                images = self.tree.setdefault(value, {}).setdefault(source.modality, {}).setdefault(source.dataset, [])
                images.append(source.index)

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        """(class the patch is centred on, index of the image)."""
        value = self._pick("class", sorted(self.tree), rng)
        modality = self._pick("modality", sorted(self.tree[value]), rng)
        dataset = self._pick("dataset", sorted(self.tree[value][modality]), rng)
        images = self.tree[value][modality][dataset]
        return value, images[int(rng.integers(len(images)))]

    def _pick(self, level: str, names: list, rng: np.random.Generator):
        weights = np.array([self.weights.get(f"{level}:{name}", 1.0) for name in names])
        return names[int(rng.choice(len(names), p=weights / weights.sum()))]
