"""Scribbles as for WORD (Luo et al., section 4.3.5): thin strokes in some slices, each structure once at least."""

import numpy as np
from scipy import ndimage

from partialseg_training.simulation.choice import evenly_spaced
from partialseg_training.simulation.draft import Draft
from partialseg_training.simulation.rule import AXES, Scribbles
from partialseg_training.simulation.stroke import stroke
from PartialSegLib.supervision import UNPAINTED, State

# How far from the structures a background stroke runs round them, drawn per slice. Nearer, it would tell their shape.
_NEAREST_MM, _FARTHEST_MM = 8.0, 50.0

Pixel = tuple[float, float]


def scribble(
    draft: Draft,
    structures: tuple[int, ...],
    scribbles: Scribbles,
    spacing: tuple[float, float, float],
    rng: np.random.Generator,
) -> None:
    """Add strokes of `structures`; `spacing` is (z, y, x) in mm. Nothing is declared complete.

    Where structures are complete in the source, a background stroke says "none of these": background when they are
    all there are, else a union of background and the others.
    """
    source = draft.source
    said = np.zeros((1, source.completeness.n_classes), bool)
    said[0, list(structures)] = True
    foreground = source.mentioned(said)[0] & ~source.members[:, 0]
    foreground[UNPAINTED] = False
    for name in scribbles.axes if structures else ():
        axis = AXES.index(name)
        pixel = _pixel(spacing, axis)
        chosen = evenly_spaced(source.labels.shape[axis], scribbles.fraction, rng)
        for index in chosen:
            _scribble_slice(draft, _slice(axis, index), foreground, pixel)
        if scribbles.background:
            _scribble_background(draft, axis, chosen, said[0], pixel, rng)
    if structures:
        _scribble_missed(draft, AXES.index(scribbles.axes[0]), foreground, spacing)


def _slice(axis: int, index: int) -> tuple:
    return (slice(None),) * axis + (int(index),)


def _pixel(spacing: tuple[float, float, float], axis: int) -> Pixel:
    rows, columns = [size for i, size in enumerate(spacing) if i != axis]
    return rows, columns


def _scribble_slice(draft: Draft, where: tuple, foreground: np.ndarray, pixel: Pixel) -> None:
    """A stroke in each painted region of one slice whose label value is in `foreground` (256,) bool."""
    labels = draft.source.labels[where]
    for value in np.flatnonzero(np.bincount(labels.ravel(), minlength=256)):
        if foreground[value]:
            draft.paint(where, stroke(labels == value, pixel))


def _scribble_missed(draft: Draft, axis: int, foreground: np.ndarray, spacing: tuple[float, float, float]) -> None:
    """A stroke in the largest slice of every label value that has none yet."""
    labels = draft.source.labels
    there, drawn = (np.bincount(array.ravel(), minlength=256) > 0 for array in (labels, draft.labels))
    for value in np.flatnonzero(there & foreground & ~drawn):
        areas = (labels == value).sum(axis=tuple(other for other in range(3) if other != axis))
        only = np.arange(256) == value
        _scribble_slice(draft, _slice(axis, int(areas.argmax())), only, _pixel(spacing, axis))


def _scribble_background(
    draft: Draft, axis: int, chosen: np.ndarray, said: np.ndarray, pixel: Pixel, rng: np.random.Generator
) -> None:
    """In each chosen slice a stroke round what is painted, or along the outline of all organs where nothing is."""
    source = draft.source
    complete = (source.states(axis) == State.COMPLETE) & said
    for index in chosen:
        draw = rng.random()
        structures = complete[index]
        if not structures.any():
            continue
        where = _slice(axis, index)
        inside = np.any(source.members[:, structures], axis=1)
        here = inside[source.labels[where]]
        if here.any():
            line = _ring(here, _NEAREST_MM, draw, pixel)
        else:
            line = _ring(inside[source.labels].any(axis=axis), -np.inf, draw, pixel)
        draft.paint_none_of(where, line & ~here, structures)


def _ring(region: np.ndarray, nearest: float, draw: float, pixel: Pixel) -> np.ndarray:
    """A line one pixel wide at one distance outside the border of `region`, inside it where negative.

    draw: 0 to 1, from `nearest` (mm) to the farthest or the slice's end. Nothing where the region is nowhere.
    """
    if not region.any():
        return region
    outside = ndimage.distance_transform_edt(~region, sampling=pixel)
    outside -= ndimage.distance_transform_edt(region, sampling=pixel)
    farthest = min(_FARTHEST_MM, outside.max() - min(pixel))
    nearest = min(max(nearest, outside.min()), farthest)
    beyond = outside > nearest + draw * (farthest - nearest)
    return beyond & ndimage.binary_dilation(~beyond)
