"""One patch under each kind of supervision."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from partialseg_training.losses.supervision import Supervision
from PartialSegLib.phantom import make_phantom
from PartialSegLib.supervision import PAINTED_BACKGROUND, Completeness, State, candidate_sets
from Testing.benchmarks.losses.names import AXIAL, PARTIAL, SCRIBBLES, THREE_AXES

N_CLASSES = 17

_PHANTOM_DEPTH_MM = 264.0
_PARTIAL = (1, 2, 3, 4, 6, 8, 9, 10)  # the eight structures that most public data sets have
_SCRIBBLED = 0.01
_EVERY = {AXIAL: (5, 0, 0), THREE_AXES: (15, 15, 15)}


@dataclass(frozen=True)
class LossCase:
    """logits (1, C, Z, Y, X), a leaf that wants its gradient. labels: complete, (1, Z, Y, X) int64, for plain DiceCE.

    painted (Z, Y, X) uint8 and completeness: what the person said; supervision: the same for our loss.
    """

    logits: Tensor
    labels: Tensor
    painted: np.ndarray
    completeness: Completeness
    supervision: Supervision


def make_case(kind: str, size: int) -> LossCase:
    """A cube of `size` voxels from the middle of the phantom, annotated as `kind` says; equal for equal arguments."""
    labels = _labels(size)
    rng = np.random.default_rng(0)
    if kind == PARTIAL:
        completeness = Completeness.of_volume(_PARTIAL, N_CLASSES)
        painted = np.where(np.isin(labels, _PARTIAL), labels, 0).astype(np.uint8)
    elif kind == SCRIBBLES:
        completeness = Completeness.of_volume((), N_CLASSES)
        stroke = rng.random(labels.shape) < _SCRIBBLED
        painted = np.where(stroke, np.where(labels == 0, PAINTED_BACKGROUND, labels), 0).astype(np.uint8)
    else:
        completeness, painted = _annotated_slices(labels, _EVERY[kind])
    logits = torch.from_numpy(rng.standard_normal((1, N_CLASSES, *labels.shape), dtype=np.float32)).mul_(2)
    target = torch.from_numpy(labels.astype(np.int64))[None]
    return LossCase(logits.requires_grad_(), target, painted, completeness, _supervision(painted, completeness))


@cache
def _labels(size: int) -> np.ndarray:
    spacing = _PHANTOM_DEPTH_MM / (size + 1)
    labels = make_phantom((spacing, spacing, spacing))[1].array
    return labels[tuple(slice((n - size) // 2, (n - size) // 2 + size) for n in labels.shape)]


def _annotated_slices(labels: np.ndarray, every: tuple[int, int, int]) -> tuple[Completeness, np.ndarray]:
    """All structures are complete in every n-th slice across each axis (0: in none), and painted only there."""
    painted = np.zeros_like(labels)
    tables: list[np.ndarray | None] = []
    for axis, step in enumerate(every):
        if step == 0:
            tables.append(None)
            continue
        chosen = np.arange(labels.shape[axis]) % step == step // 2
        table = np.zeros((labels.shape[axis], N_CLASSES), np.uint8)
        table[chosen, 1:] = State.COMPLETE
        place = tuple(chosen if a == axis else slice(None) for a in range(3))
        painted[place] = labels[place]
        tables.append(table)
    return Completeness(np.zeros(N_CLASSES, np.uint8), *tables), painted


def _supervision(painted: np.ndarray, record: Completeness) -> Supervision:
    tables = (record.volume, record.z, record.y, record.x)
    volume, z, y, x = (None if t is None else torch.from_numpy(t == State.COMPLETE)[None] for t in tables)
    assert volume is not None
    return Supervision(torch.from_numpy(candidate_sets(painted, record))[None], volume, z, y, x)
