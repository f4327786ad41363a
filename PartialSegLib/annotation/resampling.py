"""Labels and their record brought to another grid, so that no voxel gains a certainty it did not have.

Grids share their physical extent. The rules:

1.  A target slice is complete for a structure where both source slices that bracket it are (beyond the centre of the
    first or last slice: that one), or where it is the target slice nearest to a source slice that is; then its labels
    are that source slice's. Of several such slices the one that says most is taken, then the nearest one.
2.  Where a structure was declared complete in the source but is not in the target (beside a lone annotated slice, when
    slices get thinner), its painted voxels are dropped too: kept alone they would say yes where nothing says no.
3.  A voxel painted where unpainted means unknown (a scribble) survives: a target voxel takes the label that the source
    voxels whose centres it holds agree on. If they disagree, or one of them is known not to be that, it stays unknown.

So for every target voxel there is a source voxel, at its place or inside it, whose candidate set lies within its own.
"""

from collections.abc import Mapping

import numpy as np

from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness, State

_NONE, _MANY = 0, 65535


def resample_annotation(
    labels: np.ndarray,
    completeness: Completeness,
    shape: tuple[int, ...],
    unions: Mapping[int, tuple[int, ...]] | None = None,
) -> tuple[np.ndarray, Completeness]:
    """Labels (z, y, x) and their record on a grid of `shape` over the same physical extent.

    labels: uint8, 0 unpainted, 255 painted background; unions: label value -> the classes it may be.
    """
    declared = [_declared(table) for table in (completeness.z, completeness.y, completeness.x)]
    axes = [_Axis(n, m, bits) for n, m, bits in zip(labels.shape, shape, declared, strict=True)]
    target = labels[np.ix_(*(axis.source for axis in axes))]
    tables = [None if axis.declared is None else axis.table(completeness.n_classes) for axis in axes]
    volume = _bits(completeness.volume)
    members = _members(completeness.n_classes, unions or {})
    # Where everything painted is complete in the whole volume, nearest neighbours are all there is to it.
    if any(table is not None for table in tables) or (members[_painted_values(labels)] & volume == 0).any():
        target = _keep_what_is_known(labels, target, axes, volume, members)
    return target, Completeness(completeness.volume, *tables)


def _painted_values(labels: np.ndarray) -> np.ndarray:
    """The values that are not 0; unlike np.unique, without a sorted copy of the volume."""
    present = np.zeros(256, bool)
    for plane in labels:
        present[plane] = True
    present[UNPAINTED] = False
    return np.flatnonzero(present)


class _Axis:
    """One axis of n source slices and m target slices.

    declared: (n,) bit sets of the structures complete in the source slices; None where no slice ever was.
    source: (m,) the source slice that each target slice takes its labels from.
    after: (m,) bit sets of the structures complete in the target slices.
    home: (n,) the target slice that holds each source slice's centre. cover: (m,) what is complete in any source slice
    that a target slice holds or takes its labels from.
    """

    def __init__(self, n: int, m: int, declared: np.ndarray | None) -> None:
        self.declared = declared
        self.home = ((np.arange(n) + 0.5) * m / n).astype(int)
        self.source = ((np.arange(m) + 0.5) * n / m).astype(int)
        bits = np.zeros(n, np.int64) if declared is None else declared
        position = np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
        self.after = bits[np.floor(position).astype(int)] & bits[np.ceil(position).astype(int)]
        if declared is not None:
            self._take_complete_slices(bits, position)
        self.cover = bits[self.source]
        np.bitwise_or.at(self.cover, self.home, bits)

    def _take_complete_slices(self, bits: np.ndarray, position: np.ndarray) -> None:
        for s in np.flatnonzero(bits):
            t = self.home[s]
            gain = _count(bits[s]) - _count(self.after[t])
            if gain > 0 or (gain == 0 and abs(s - position[t]) < abs(self.source[t] - position[t])):
                self.source[t], self.after[t] = s, bits[s]

    def table(self, n_classes: int) -> np.ndarray:
        """(m, C) of State: what is complete in the target slices."""
        complete = self.after[:, None] >> np.arange(n_classes) & 1
        return (complete * int(State.COMPLETE)).astype(np.uint8)


def _keep_what_is_known(
    labels: np.ndarray, target: np.ndarray, axes: list[_Axis], volume: int, members: np.ndarray
) -> np.ndarray:
    """Rules 2 and 3 on nearest-neighbour labels `target`, slice by slice."""
    low, high = _painted_range(labels, axes, target.shape)
    z, y, x = axes
    result = np.empty_like(target)
    for index, base in enumerate(target):
        after = volume | z.after[index] | y.after[:, None] | x.after[None, :]
        cover = volume | z.cover[index] | y.cover[:, None] | x.cover[None, :]
        painted = high[index] > _NONE
        agreed = np.where(painted, high[index], base)
        one = (low[index] == high[index]) | ~painted
        one &= (base == UNPAINTED) | (base == agreed)
        one &= (members[agreed] & cover) == 0
        settled = (members[base] & after) != 0
        result[index] = np.where(settled, base, np.where(one, agreed, UNPAINTED))
    return result


def _painted_range(labels: np.ndarray, axes: list[_Axis], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest label of the painted source voxels with their centre in each target voxel; 65535, 0: none."""
    low, high = np.full(shape, _MANY, np.uint16), np.full(shape, _NONE, np.uint16)
    for plane, row in zip(labels, axes[0].home, strict=True):
        j, i = np.nonzero(plane)
        place = (axes[1].home[j], axes[2].home[i])
        values = plane[j, i].astype(np.uint16)
        np.minimum.at(low[row], place, values)
        np.maximum.at(high[row], place, values)
    return low, high


def _members(n_classes: int, unions: Mapping[int, tuple[int, ...]]) -> np.ndarray:
    """(256,) label value -> bit set of the structures it may be; background, which is never declared, is left out."""
    table = np.zeros(256, np.int64)
    table[1:n_classes] = 1 << np.arange(1, n_classes)
    table[PAINTED_BACKGROUND] = 0
    for value, classes in unions.items():
        table[value] = sum(1 << c for c in set(classes) if c > 0)
    return table


def _declared(table: np.ndarray | None) -> np.ndarray | None:
    """(n, C) of State -> (n,) bit sets of the complete structures."""
    return None if table is None else np.array([_bits(row) for row in table], np.int64)


def _bits(states: np.ndarray) -> int:
    return sum(1 << int(value) for value in np.flatnonzero(states == State.COMPLETE) if value > 0)


def _count(bits: np.integer) -> int:
    return int(bits).bit_count()
