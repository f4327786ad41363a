"""Ways to choose the slices of a plan, along any array axis ("k", "j", "i") of an image."""

from collections.abc import Mapping, Sequence

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.label_slices import held_by_slices
from PartialSegLib.ranking.plan import AXES, PlannedSlice
from PartialSegLib.structures import LabelSet

_MOST_STRUCTURES = 19  # in label arrays the values from 20 on are unions


def every_nth(shape: Sequence[int], axis: str, n: int) -> list[PlannedSlice]:
    """Every n-th slice of an image of `shape` (z, y, x), with as much left before the first as after the last.

    Raises UserError when n is no positive number.
    """
    size = shape[_number(axis)]
    _require_some(n, "step")
    first = (size - 1) % n // 2
    return [
        PlannedSlice(axis, index, f"every {n}. slice" if n > 1 else "every slice") for index in range(first, size, n)
    ]


def organ_range(labels: np.ndarray, values: Sequence[int] | None, axis: str) -> tuple[int, int] | None:
    """First and last slice along `axis` that hold one of the structures' values (None: any) in `labels` (z, y, x).

    None where there is none.
    """
    held = np.flatnonzero(_held(labels, axis)[:, _chosen(values)].any(axis=1))
    return (int(held[0]), int(held[-1])) if len(held) else None


def evenly(n: int, span: tuple[int, int], axis: str) -> list[PlannedSlice]:
    """`n` slices evenly over `span` (first and last slice), each in the middle of its share; all where n is more.

    Raises UserError when n is no positive number.
    """
    _number(axis)
    _require_some(n, "number of slices")
    first, last = span
    size = last - first + 1
    n = min(n, size)
    places = (first + int((index + 0.5) * size / n) for index in range(n))
    return [PlannedSlice(axis, place, f"{index + 1} of {n} evenly spaced") for index, place in enumerate(places)]


def random_foreground(
    n: int, labels: np.ndarray, axis: str, seed: int, label_set: LabelSet, values: Sequence[int] | None = None
) -> list[PlannedSlice]:
    """`n` random slices that hold a structure in `labels` (z, y, x), or in a prediction, in the order of the image.

    The structures take turns, so that small ones get slices too. Equal seeds give equal slices; fewer than n where
    there are not as many. Raises UserError when nothing is labelled.
    """
    _require_some(n, "number of slices")
    rng = np.random.default_rng(seed)
    held = _held(labels, axis)
    chosen = [value for value in _chosen(values, label_set.n_classes - 1) if held[:, value].any()]
    if not chosen:
        raise UserError("nothing is labelled that slices could be chosen by: segment the image first, or space evenly")
    waiting = {value: list(rng.permutation(np.flatnonzero(held[:, value]))) for value in rng.permutation(chosen)}
    picked: dict[int, int] = {}
    while len(picked) < n and any(waiting.values()):
        for value, places in waiting.items():
            while places and places[-1] in picked:
                places.pop()
            if places and len(picked) < n:
                picked[int(places.pop())] = int(value)
    return [PlannedSlice(axis, k, f"random, with {_name(label_set, picked[k])}") for k in sorted(picked)]


def least_sure(
    n: int, confidence: Mapping[int, np.ndarray], axis: str, label_set: LabelSet, distance: int = 1
) -> list[PlannedSlice]:
    """`n` slices at least `distance` apart in which the model is least sure of a structure, the least sure first.

    confidence: value -> probability (n_slices,) along `axis`, NaN where the structure is not
    (`SegmentResult.confidence_along[axis]`). Fewer than n where there are not as many. Raises UserError.
    """
    _number(axis)
    _require_some(n, "number of slices")
    _require_some(distance, "distance")
    values = [value for value, slices in confidence.items() if np.isfinite(slices).any()]
    if not values:
        raise UserError("the model found nothing that it could be unsure of: space the slices evenly instead")
    table = np.stack([np.nan_to_num(confidence[value], nan=np.inf) for value in values])
    worst = table.min(axis=0)
    picked: list[int] = []
    for place in np.argsort(worst, kind="stable").tolist():
        if len(picked) < n and np.isfinite(worst[place]) and all(abs(place - other) >= distance for other in picked):
            picked.append(place)
    why = {place: values[int(table[:, place].argmin())] for place in picked}
    return [PlannedSlice(axis, place, f"{_name(label_set, why[place])}: {worst[place]:.0%} sure") for place in picked]


def _held(labels: np.ndarray, axis: str) -> np.ndarray:
    return held_by_slices(labels)[_number(axis)]


def _chosen(values: Sequence[int] | None, n_structures: int = _MOST_STRUCTURES) -> list[int]:
    return list(range(1, n_structures + 1)) if values is None else [int(value) for value in values]


def _number(axis: str) -> int:
    if axis not in AXES:
        raise UserError(f"slices along {axis!r} cannot be planned: use {', '.join(AXES)}")
    return AXES.index(axis)


def _require_some(n: int, what: str) -> None:
    if n < 1:
        raise UserError(f"a {what} of {n} gives no slices: use 1 or more")


def _name(label_set: LabelSet, value: int) -> str:
    return label_set.by_value(value).name
