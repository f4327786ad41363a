"""From what a source says to a part of it, never more.

Everything happens on the patient's axes (left, posterior, superior), so that "axial" means axial whatever the order of
the file's own axes. What is said only grows from nothing, and each statement copies from the source: a structure is
declared complete where the source says so and all voxels of it there are painted too; the candidate set of every voxel
is therefore a superset of the source's.
"""

from typing import NamedTuple

import numpy as np

from partialseg_training.simulation.choice import choose_structures, draw_rows, evenly_spaced
from partialseg_training.simulation.draft import Draft
from partialseg_training.simulation.rule import AXES, Rule, Slices
from partialseg_training.simulation.scribble import scribble
from partialseg_training.simulation.source import Source, Unions
from PartialSegLib.annotation import reorient
from PartialSegLib.image import Volume
from PartialSegLib.image.orientation import LpsView, lps_view
from PartialSegLib.supervision import Completeness


class Simulated(NamedTuple):
    """What a simulated case says: labels on the source's grid (uint8), record and unions of these labels."""

    labels: Volume
    completeness: Completeness
    unions: dict[int, tuple[int, ...]]


def simulate(
    labels: Volume, completeness: Completeness, rule: Rule, rng: np.random.Generator, unions: Unions | None = None
) -> Simulated:
    """The annotation that `rule` leaves of `labels` and their record; unpainted where it says nothing.

    Voxels keep their place and the record its array axes. The result depends on the arguments alone. Raises UserError
    for label values that stand for no structure.
    """
    view = lps_view(labels)
    source = Source.of(view.apply(labels.array).astype(np.uint8), reorient(completeness, view), unions or {})
    structures = choose_structures(rule, source.known, rng)
    draft = Draft(source)
    whole = rule.whole
    if whole is None:
        whole = () if rule.slices or rule.scribbles else structures
    _say_whole(draft, tuple(value for value in whole if value in structures))
    if rule.slices:
        _say_slices(draft, structures, rule.slices, rng)
    if rule.scribbles:
        scribble(draft, structures, rule.scribbles, view.spacing[::-1], rng)
    array, record, used_unions = draft.finished()
    return Simulated(labels.like(np.ascontiguousarray(view(array))), reorient(record, _inverse(view)), used_unions)


def _say_whole(draft: Draft, structures: tuple[int, ...]) -> None:
    """Everything the source says about `structures`."""
    source = draft.source
    said = np.zeros((1, source.completeness.n_classes), bool)
    said[0, list(structures)] = True
    draft.declare_volume(np.where(said[0], source.completeness.volume, 0).astype(np.uint8))
    for axis, table in enumerate(source.tables):
        if table is not None:
            draft.declare_slices(axis, np.where(said, table, 0).astype(np.uint8))
    if structures:
        draft.paint((), source.mentioned(said)[0][source.labels])


def _say_slices(draft: Draft, structures: tuple[int, ...], slices: Slices, rng: np.random.Generator) -> None:
    source = draft.source
    for name in slices.axes:
        axis = AXES.index(name)
        states = source.states(axis)
        chosen = evenly_spaced(len(states), slices.fraction, rng)
        said = np.zeros(states.shape, bool)
        said[chosen] = draw_rows(len(chosen), structures, slices.share, states.shape[1], rng)
        draft.declare_slices(axis, np.where(said, states, 0).astype(np.uint8))
        values = source.mentioned(said)
        for index in chosen if structures else ():
            where = (slice(None),) * axis + (index,)
            draft.paint(where, values[index][source.labels[where]])


def _inverse(view: LpsView) -> LpsView:
    """The view that takes an LPS array, and what belongs to its axes, back to the volume's own axes."""
    z, y, x = np.argsort(view.axes).tolist()
    return LpsView((z, y, x), (view.flips[z], view.flips[y], view.flips[x]), view.spacing)
