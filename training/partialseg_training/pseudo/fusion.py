"""Where two models agree, and how what they say is joined with what people said."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from PartialSegLib.supervision import UNPAINTED, Completeness, State, candidate_sets


def agreement(first: np.ndarray, second: np.ndarray, n_classes: int) -> np.ndarray:
    """DSC between two predictions (z, y, x) uint8 for each class, (n_classes,); NaN where neither found any of it."""
    hits, sizes = np.zeros(n_classes), np.zeros(n_classes)
    for a, b in zip(first, second, strict=True):  # slice by slice: bincount makes int64 of what it gets
        sizes += np.bincount(a.ravel(), minlength=n_classes) + np.bincount(b.ravel(), minlength=n_classes)
        hits += np.bincount(a[a == b], minlength=n_classes)
    return np.divide(2 * hits, sizes, out=np.full(n_classes, np.nan), where=sizes > 0)


def fuse(
    labels: np.ndarray,
    completeness: Completeness,
    prediction: np.ndarray,
    kept: Collection[int],
    unions: Mapping[int, tuple[int, ...]] | None = None,
) -> tuple[np.ndarray, Completeness]:
    """Class-wise fusion (PWS-Seg, equation 5): y~_k = y_k where a person declared k complete, else the prediction.

    labels: painted (z, y, x) uint8 with its record and unions. prediction: (z, y, x) uint8 of classes. kept: the
    structures whose predictions are believed; they become complete in the whole volume.

    A person's word wins voxel by voxel: what is painted stays, and a prediction only fills a voxel that may be what it
    says. So no candidate set of the result holds anything that it did not hold before.
    """
    believed = np.zeros(256, bool)
    believed[list(kept)] = True
    open_to = candidate_sets(labels, completeness, unions)
    fill = (labels == UNPAINTED) & believed[prediction]
    fill &= (open_to >> prediction.astype(np.int32)) & 1 == 1
    volume = completeness.volume.copy()
    volume[list(kept)] = State.COMPLETE
    return np.where(fill, prediction, labels), replace(completeness, volume=volume)
