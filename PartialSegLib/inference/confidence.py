"""How sure the network is of each structure: its mean softmax probability over the structure's own voxels.

Measured on the network's grid, where the probabilities are; interpolated ones would only say the same again.

Networks that decide each structure by itself, P_k = sigmoid(z_k), have the logits 0, z_1, ..., z_K. Their softmax is
the probability of structure k given that a voxel is one structure at most, as it is in a label map:

    P_k prod_{j != k} (1 - P_j) / (prod_j (1 - P_j) + sum_i P_i prod_{j != i} (1 - P_j)) = e^z_k / (1 + sum_i e^z_i)
"""

from concurrent.futures import Executor
from typing import Any

import numpy as np

Array = Any


class ConfidenceMeter:
    """Collects probabilities slice by slice, so that logits need not be kept."""

    def __init__(self, n_classes: int) -> None:
        self._sum = np.zeros(n_classes)
        self._count = np.zeros(n_classes, np.int64)

    def add(self, logits: Array, threads: Executor) -> None:
        """Take in logits (C, n, y, x), an array or a tensor."""
        planes = (logits[:, index].reshape(logits.shape[0], -1) for index in range(logits.shape[1]))
        for labels, probability in threads.map(_winners, planes):
            self._sum += np.bincount(labels, probability, len(self._sum))
            self._count += np.bincount(labels, minlength=len(self._count))

    def mean(self) -> dict[int, float]:
        """Confidence (0 to 1) of every structure that was found; background is left out."""
        return {
            int(value): float(self._sum[value] / self._count[value]) for value in np.flatnonzero(self._count) if value
        }


def _winners(logits: Array) -> tuple[np.ndarray, np.ndarray]:
    """Of the voxels where a structure wins in logits (C, N): which one, and its softmax probability."""
    if not isinstance(logits, np.ndarray):
        best, labels = logits.max(0)
        chosen = labels > 0
        probability = 1 / (logits[:, chosen] - best[chosen]).exp().sum(0)
        return labels[chosen].cpu().numpy(), probability.cpu().numpy()
    best = logits[0].copy()
    labels = np.zeros(len(best), np.int64)
    for index in range(1, len(logits)):
        better = logits[index] > best
        labels[better] = index
        np.maximum(best, logits[index], out=best)
    chosen = np.flatnonzero(labels)
    return labels[chosen], 1 / np.exp(logits[:, chosen] - best[chosen]).sum(0)
