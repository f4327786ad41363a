"""Prepared cases in memory with any record, and what a person's word about one voxel justifies, spelt out."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from PartialSegLib.supervision import PAINTED_BACKGROUND, Completeness, State

N_CLASSES = 6
UNIONS = {20: (2, 3), 21: (0, 4, 5)}


def make_case(labels, completeness, unions=None, name="case", modality="ct", dataset="made"):
    """What the store gives for such labels (z, y, x); the image is a ramp that tells every voxel's place."""
    image = np.arange(labels.size, dtype=np.int16).reshape(labels.shape)
    painted = [value for value in np.unique(labels) if value not in (0, PAINTED_BACKGROUND)]
    centres = {int(value): np.argwhere(labels == value).astype(np.int16) for value in painted}
    centres[0] = np.argwhere(labels == 0).astype(np.int16)
    record = SimpleNamespace(name=name, dataset=dataset, modality=modality, shape=labels.shape, synthetic=False)
    return SimpleNamespace(
        folder=Path(name),
        record=record,
        image=image,
        labels=labels,
        tissue=labels,
        centres={value: points for value, points in centres.items() if len(points)},
        completeness=completeness,
        unions=unions or {},
    )


def random_labels(rng, shape):
    """Blocks of structures, unions, painted background and much that is not painted."""
    coarse = rng.choice([0, 0, 0, *range(1, N_CLASSES), *UNIONS, PAINTED_BACKGROUND], [-(-n // 3) for n in shape])
    return coarse.repeat(3, 0).repeat(3, 1).repeat(3, 2)[tuple(map(slice, shape))].astype(np.uint8)


def random_record(rng, shape, axes):
    """Some structures complete in the volume, and in some slices across `axes`."""
    states = list(State)
    tables = {}
    for axis in axes:
        table = rng.choice(states, (shape[axis], N_CLASSES), p=[0.4, 0.2, 0.4]).astype(np.uint8)
        table[rng.random(shape[axis]) < 0.5] = State.NOT_LOOKED_AT
        table[int(rng.integers(shape[axis])), 1] = State.COMPLETE
        tables["zyx"[axis]] = table
    return Completeness(rng.choice(states, N_CLASSES, p=[0.6, 0.2, 0.2]).astype(np.uint8), **tables)


def justified(case, voxel, axes=(0, 1, 2)):
    """The classes that a voxel of the volume may be, by the slices across `axes` and the volume."""
    painted = int(case.labels[voxel])
    if painted == PAINTED_BACKGROUND:
        return {0}
    if painted:
        return set(case.unions.get(painted, (painted,)))
    rows = [case.completeness.volume]
    for axis in axes:
        table = getattr(case.completeness, "zyx"[axis])
        if table is not None:
            rows.append(table[voxel[axis]])
    return {0} | {c for c in range(1, N_CLASSES) if all(row[c] != State.COMPLETE for row in rows)}


def members(bits):
    """The classes of one candidate set."""
    return {c for c in range(N_CLASSES) if int(bits) >> c & 1}
