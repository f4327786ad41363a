"""The draws of a simulation: which slices, which structures."""

from collections.abc import Iterable

import numpy as np

from partialseg_training.simulation.rule import Rule


def evenly_spaced(count: int, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Ascending indices of round(fraction * count) of `count` slices, at least one, from a first one that is drawn.

    Their distances differ by at most one.
    """
    kept = max(1, round(fraction * count))
    return ((np.arange(kept) + rng.random()) * count / kept).astype(int)


def choose_structures(rule: Rule, known: Iterable[int], rng: np.random.Generator) -> tuple[int, ...]:
    """The label values of `known`, ascending, that the rule keeps for one case or data set."""
    kept = set(known) if rule.structures is None else set(known) & set(rule.structures)
    if rule.groups:
        kept &= set(rule.groups[rng.integers(len(rule.groups))])
    # Every value has its place in the order, known or not, so that cases of one data set agree as far as they can.
    order = rng.permutation(256)
    ranked = sorted(kept, key=lambda value: order[value])
    return tuple(sorted(ranked[: at_least_one(rule.share, len(ranked))]))


def draw_rows(
    rows: int, structures: tuple[int, ...], share: float, n_classes: int, rng: np.random.Generator
) -> np.ndarray:
    """(rows, n_classes) bool: the structures, or in each row its own draw of a share of them."""
    said = np.zeros((rows, n_classes), bool)
    if not structures:
        return said
    for row in said:
        row[rng.permutation(structures)[: at_least_one(share, len(structures))]] = True
    return said


def at_least_one(share: float, count: int) -> int:
    """round(share * count), but one of what there is at least."""
    return min(count, max(1, round(share * count)))
