"""Hierarchical sampling: which image a patch is cut from, and which class it surrounds.

Class -> modality -> dataset -> image, or modality -> dataset -> class -> image, or at random: the three strategies of
Chen et al., CVPR 2024, section 3.5 and table 3. All probabilities are worked out before the first draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from PartialSegLib.errors import UserError

_Branch = Annotated[str, Field(pattern="^(class|modality|dataset):.")]
_Weight = Annotated[float, Field(ge=0)]


class SamplingConfig(BaseModel):
    """How images are drawn.

    order: how the tree branches above the images; "random" draws any image and any place in it.
    temper: a branch with n images weighs n^temper: at 0 branches are equal, as published; at 1 images are.
    weights: relative weight of a class ("class:13"), modality ("modality:ct") or dataset ("dataset:btcv") on top of
        that; 1 when left out, 0 for never.
    repeat_cap: no image is shown more than this many times as often as the average image; null for no limit. Without
        one, a class that a modality has in two images only shows these two again and again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Literal["class-modality-dataset", "modality-dataset-class", "random"] = "class-modality-dataset"
    temper: float = Field(default=0.0, ge=0, le=1)
    weights: dict[_Branch, _Weight] = Field(default_factory=dict)
    repeat_cap: float | None = Field(default=10.0, ge=1)

    @model_validator(mode="after")
    def _weights_are_used(self) -> "SamplingConfig":
        by_class = next((branch for branch in self.weights if branch.startswith("class:")), None)
        if self.order == "random" and by_class is not None:
            raise ValueError(f"random order draws no class: leave out the weight of {by_class}")
        return self


@dataclass(frozen=True)
class Source:
    """One image the sampler can draw: its place in the tree and the classes a patch can be centred on."""

    index: int
    modality: str
    dataset: str
    classes: frozenset[int]


class Leaf(NamedTuple):
    """What is drawn: an image and the class to surround (None: any place), with the branches that lead there."""

    value: int | None
    modality: str
    dataset: str
    image: int

    def branch(self, level: str) -> str:
        """Name of the branch it hangs on: "class:13", "modality:ct" or "dataset:btcv"."""
        return f"{level}:{self.value if level == 'class' else getattr(self, level)}"


class HierarchicalSampler:
    """Draws from the tree that a configuration makes of some images.

    leaves, probabilities: everything that can be drawn, and how likely it is. Raises UserError when nothing can be.
    """

    def __init__(self, sources: Sequence[Source], config: SamplingConfig) -> None:
        shares = _tree_shares(_leaves(sources, config), config)
        if not shares:
            raise UserError("there is nothing to train on: the configuration selects no voxel of any case")
        self.leaves = tuple(shares)
        self.probabilities = np.array(list(shares.values()))
        if config.repeat_cap is not None:
            images = np.unique([leaf.image for leaf in self.leaves], return_inverse=True)[1]
            self.probabilities = limit_repeats(self.probabilities, images, config.repeat_cap)
        self._cumulative = np.cumsum(self.probabilities)

    def draw(self, rng: np.random.Generator) -> tuple[int | None, int]:
        """(class the patch is centred on, None for any place; index of the image)."""
        place = np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1], side="right")
        leaf = self.leaves[int(place)]
        return leaf.value, leaf.image


def limit_repeats(probabilities: np.ndarray, images: np.ndarray, cap: float) -> np.ndarray:
    """The nearest probabilities (n,) that show no image more than `cap` times as often as the average image.

    images: number of each leaf's image, 0..m-1. An image of probability P gets min(cap / m, s P), s such that all sum
    to 1: of all distributions within the limit, this has the smallest Kullback-Leibler divergence from the given one.
    """
    given = np.bincount(images, probabilities)
    limit = cap / len(given)
    full = np.zeros(len(given), bool)
    new = given
    # Sharing out what the largest lose may carry others over the limit. Rounding must not: then none would be left.
    while bool((over := (new > limit * (1 + 1e-9)) & ~full).any()):
        full |= over
        rest = 1 - limit * full.sum()
        new = np.where(full, limit, given * rest / given[~full].sum())
    return probabilities * (new / given)[images]


def _leaves(sources: Sequence[Source], config: SamplingConfig) -> list[Leaf]:
    """Every leaf that no weight of 0 excludes: a branch that holds nothing else must not be drawn in vain."""
    leaves: list[Leaf] = []
    for source in sources:
        values: Sequence[int | None] = [None] if config.order == "random" else sorted(source.classes)
        leaves += [Leaf(value, source.modality, source.dataset, source.index) for value in values]
    never = {branch for branch, weight in config.weights.items() if weight == 0}
    return [leaf for leaf in leaves if never.isdisjoint(map(leaf.branch, ("class", "modality", "dataset")))]


def _tree_shares(leaves: list[Leaf], config: SamplingConfig) -> dict[Leaf, float]:
    """Probability of each leaf before any limit."""
    if config.order == "random":
        # Any image of all, unless a modality or dataset has a weight: the tree in which images are equal.
        return _share_out(leaves, ["modality", "dataset"], config.model_copy(update={"temper": 1.0}))
    return _share_out(leaves, config.order.split("-"), config)


def _share_out(leaves: list[Leaf], levels: list[str], config: SamplingConfig, share: float = 1.0) -> dict[Leaf, float]:
    if not levels:
        return {leaf: share / len(leaves) for leaf in leaves}
    groups: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault(leaf.branch(levels[0]), []).append(leaf)
    weights = {}
    for branch, group in groups.items():
        n_images = len({leaf.image for leaf in group})
        weights[branch] = config.weights.get(branch, 1.0) * n_images**config.temper
    total = sum(weights.values())
    shares: dict[Leaf, float] = {}
    for branch, group in groups.items():
        shares |= _share_out(group, levels[1:], config, share * weights[branch] / total)
    return shares
