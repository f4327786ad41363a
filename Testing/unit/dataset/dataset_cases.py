"""Small cases of known content for the tests of datasets."""

import json

import numpy as np

from PartialSegLib.image import Volume, write_volume

SHAPE = (6, 7, 8)
SPACING = (1.0, 2.0, 3.0)


def volume(array, direction=None):
    return Volume(array, SPACING, (5.0, -6.0, 7.0), np.eye(3) if direction is None else direction)


def image(seed=0):
    return volume(np.random.default_rng(seed).integers(-500, 500, SHAPE).astype(np.int16))


def labels(*values):
    """A label map with one voxel of each value."""
    array = np.zeros(SHAPE, np.uint8)
    array.ravel()[: len(values)] = values
    return volume(array)


def write_manifest(folder, *cases, labelmaps=None):
    """Write image, labels (2 and 6) and manifest of cases that differ from the usual as given; returns its path."""
    write_volume(folder / "image.nii.gz", image())
    write_volume(folder / "labels.nii.gz", labels(2, 6))
    usual = {"name": "p1", "dataset": "d", "modality": "ct", "image": "image.nii.gz", "label": "labels.nii.gz"}
    entries = [{key: value for key, value in {**usual, **case}.items() if value != "left out"} for case in cases]
    content = {"cases": entries} if labelmaps is None else {"cases": entries, "labelmaps": labelmaps}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "manifest.json"
