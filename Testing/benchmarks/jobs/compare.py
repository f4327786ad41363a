"""How far label maps agree."""

import numpy as np

from PartialSegLib.image import read_labels


def run(reference: str, others: dict[str, str]) -> dict:
    """For each of `others` the fraction of voxels with the label of `reference`: of all, and of those labelled by
    either. Files are label maps or .npy arrays.
    """
    ours = _read(reference)
    result = {}
    for name, path in others.items():
        theirs = _read(path)
        same, labelled = ours == theirs, (ours > 0) | (theirs > 0)
        result[name] = {"all": float(same.mean()), "labelled": float(same[labelled].mean()) if labelled.any() else 1.0}
    return result


def _read(path: str) -> np.ndarray:
    return np.load(path) if path.endswith(".npy") else read_labels(path).array
