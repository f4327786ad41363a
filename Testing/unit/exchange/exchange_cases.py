"""Small annotated cases of known content, and the candidate sets of anything that was written."""

import numpy as np

from PartialSegLib.dataset import CaseEntry, load_dataset, read_annotation, write_case
from PartialSegLib.image import Volume
from PartialSegLib.supervision import candidate_sets

SHAPE = (6, 7, 8)
SPACING = (1.5, 2.0, 3.0)
ORIGIN = (5.0, -6.0, 7.0)
OBLIQUE = np.array([[0.9659258, -0.25, 0.0669873], [0.2588190, 0.9330127, -0.25], [0.0, 0.2588190, 0.9659258]])


def volume(array, direction=None):
    return Volume(array, SPACING, ORIGIN, np.eye(3) if direction is None else direction)


def image(seed=0, direction=None):
    return volume(np.random.default_rng(seed).integers(-500, 500, SHAPE).astype(np.int16), direction)


def painted(*values, shape=SHAPE):
    """A label map whose first voxels have these values."""
    array = np.zeros(shape, np.uint8)
    array.ravel()[: len(values)] = values
    return array


def add_case(folder, name, labels=None, *, direction=None, seed=0, **fields):
    """Write a case; returns its entry."""
    entry = CaseEntry(name=name, dataset="d", modality=fields.pop("modality", "ct"), image="x", label="x", **fields)
    if labels is None:
        entry = entry.model_copy(update={"label": None})
    return write_case(folder, entry, image(seed, direction), None if labels is None else volume(labels, direction))


def sets_of(entry, label_set=None):
    """Candidate sets of a case on disk."""
    labels, record = read_annotation(entry, label_set)
    return candidate_sets(labels.array, record, entry.unions)


def only_case(folder):
    (entry,) = load_dataset(folder).cases.values()
    return entry


def bits(*classes):
    return sum(1 << c for c in classes)


EVERYTHING = bits(*range(17))
