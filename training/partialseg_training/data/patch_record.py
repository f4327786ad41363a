"""What is known about a patch: no voxel may gain certainty on its way from the volume into it.

A voxel of a patch is read from its nearest voxel in the volume, and may be what that one may be: true for whatever was
painted, and for structures that are complete in the whole volume. A record of slices says more: that a structure is
complete all over a plane. Turned in space, a plane of the patch would cross slices that nobody looked at. So where a
case has records of slices, the patch is moved in the planes across one recorded axis only, by whole slices along it:
each of its planes is then one slice of the volume and keeps that slice's record. The records of the other axes do not
fit their turned planes; in that patch they are unknown.
"""

from collections.abc import Mapping

import numpy as np

from PartialSegLib.supervision import Completeness, State, candidate_sets, everything

AXES = "zyx"


def recorded_axes(completeness: Completeness) -> list[int]:
    """The axes across which some slice is complete for some structure."""
    return [axis for axis in range(3) if bool(complete(_table(completeness, axis)).any())]


def draw_axis(completeness: Completeness, voxel: np.ndarray, rng: np.random.Generator) -> int | None:
    """The axis whose record the patch around `voxel` (z, y, x) keeps; None where the case has no records of slices.

    Axes with a complete slice through the voxel come first: what was painted there is best seen with its own record.
    """
    axes = recorded_axes(completeness)
    if not axes:
        return None
    through = [axis for axis in axes if complete(_table(completeness, axis)[voxel[axis]]).any()]
    return int(rng.choice(through or axes))


def record_of_patch(completeness: Completeness, points: np.ndarray, across: int | None) -> Completeness:
    """The record of a patch whose voxels are read at `points` (Z, Y, X, 3); see above. across: from `draw_axis`.

    Slices that lie outside the volume are complete for nothing.
    """
    tables = {}
    if across is not None:
        table = _table(completeness, across)
        slices = np.rint(np.moveaxis(points[..., across], across, 0)[:, 0, 0]).astype(int)
        inside = (slices >= 0) & (slices < len(table))
        tables[AXES[across]] = np.where(inside[:, None], table[slices.clip(0, len(table) - 1)], State.NOT_LOOKED_AT)
    return Completeness(completeness.volume, **tables)


def candidates_of_patch(
    labels: np.ndarray, outside: np.ndarray, record: Completeness, unions: Mapping[int, tuple[int, ...]]
) -> np.ndarray:
    """S(v), int32 (Z, Y, X), of a patch's labels (uint8) and record; outside the volume nothing is known."""
    candidates = candidate_sets(labels, record, unions)
    candidates[outside] = everything(record.n_classes)
    return candidates


def complete_in_slices(record: Completeness, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """{"z": (Z, C), "y": (Y, C), "x": (X, C)}: whether a structure is complete in a slice of a patch of this shape."""
    tables = {}
    for axis, n in enumerate(shape):
        table = _table(record, axis)
        tables[AXES[axis]] = complete(table) if len(table) else np.zeros((n, record.n_classes), bool)
    return tables


def complete(states: np.ndarray) -> np.ndarray:
    """Which structures are complete, bool (..., C); the background (column 0) never is."""
    return (states == State.COMPLETE) & (np.arange(states.shape[-1]) > 0)


def _table(completeness: Completeness, axis: int) -> np.ndarray:
    """The record of the slices across one axis; without rows where it was never used."""
    table = getattr(completeness, AXES[axis])
    return np.zeros((0, completeness.n_classes), np.uint8) if table is None else table
