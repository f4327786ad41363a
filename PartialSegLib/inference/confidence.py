"""How sure the network is of each structure: its mean softmax probability over the structure's own voxels.

Measured on the network's grid, where the probabilities are; interpolated ones would only say the same again.

Networks that decide each structure by itself, P_k = sigmoid(z_k), have the logits 0, z_1, ..., z_K. Their softmax is
the probability of structure k given that a voxel is one structure at most, as it is in a label map:

    P_k prod_{j != k} (1 - P_j) / (prod_j (1 - P_j) + sum_i P_i prod_{j != i} (1 - P_j)) = e^z_k / (1 + sum_i e^z_i)
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True, eq=False)
class SliceSums:
    """Of each slice and class (n, C) along one axis: the sum of the winners' probabilities, and their number."""

    probability: np.ndarray
    count: np.ndarray


class ConfidenceMeter:
    """Collects probabilities slice by slice, so that logits need not be kept."""

    def __init__(self, n_classes: int) -> None:
        self._n_classes = n_classes
        self._planes: list[np.ndarray] = []
        self._rows: np.ndarray | None = None
        self._columns: np.ndarray | None = None

    def add(self, logits: Array, threads: Executor) -> None:
        """Take in the next slices: logits (C, n, y, x), an array or a tensor."""
        shape = tuple(logits.shape[2:])
        planes = (logits[:, index].reshape(logits.shape[0], -1) for index in range(logits.shape[1]))
        for plane, rows, columns in threads.map(lambda plane: self._sums(plane, shape), planes):
            self._planes.append(plane)
            self._rows = rows if self._rows is None else self._rows + rows
            self._columns = columns if self._columns is None else self._columns + columns

    def mean(self) -> dict[int, float]:
        """Confidence (0 to 1) of every structure that was found; background is left out."""
        if not self._planes:
            return {}
        probability, count = np.sum(self._planes, axis=0)
        return {int(value): float(probability[value] / count[value]) for value in np.flatnonzero(count) if value}

    def along(self) -> list[SliceSums]:
        """The sums along the axes z, y and x of what was taken in; there must have been something."""
        if self._rows is None or self._columns is None:
            raise ValueError("no slice was taken in")
        return [SliceSums(*sums) for sums in (np.stack(self._planes, axis=1), self._rows, self._columns)]

    def _sums(self, logits: Array, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probability and number of the winners (2, C) of a plane's logits (C, y * x), (2, y, C) and (2, x, C)."""
        place, labels, probability = _winners(logits)
        row, column = np.divmod(place, shape[1])
        rows = self._by_label(row, labels, probability, shape[0])
        return rows.sum(axis=1), rows, self._by_label(column, labels, probability, shape[1])

    def _by_label(self, line: np.ndarray, labels: np.ndarray, probability: np.ndarray, lines: int) -> np.ndarray:
        bins, size = line * self._n_classes + labels, lines * self._n_classes
        both = np.bincount(bins, probability, size), np.bincount(bins, minlength=size)
        return np.stack(both).reshape(2, lines, self._n_classes)


def _winners(logits: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the voxels where a structure wins in logits (C, N): where, which one, and its softmax probability."""
    if not isinstance(logits, np.ndarray):
        best, labels = logits.max(0)
        chosen = labels.nonzero()[:, 0]
        probability = 1 / (logits[:, chosen] - best[chosen]).exp().sum(0)
        return chosen.cpu().numpy(), labels[chosen].cpu().numpy(), probability.cpu().numpy()
    best = logits[0].copy()
    labels = np.zeros(len(best), np.int64)
    for index in range(1, len(logits)):
        better = logits[index] > best
        labels[better] = index
        np.maximum(best, logits[index], out=best)
    chosen = np.flatnonzero(labels)
    return chosen, labels[chosen], 1 / np.exp(logits[:, chosen] - best[chosen]).sum(0)
