"""One case as training reads it: image, labels, tissue, patch centres and record on the network's grid."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from partialseg_training.data.store import CaseRecord
from partialseg_training.data.tissue import AIR, tissue_from_ct, tissue_from_names
from PartialSegLib.annotation import reorient, resample_annotation
from PartialSegLib.dataset import CaseEntry, LabelMapEntry, content_hash, read_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_labels, to_lps
from PartialSegLib.modality import detect_modality
from PartialSegLib.preprocessing import Preprocessing, resample_labels
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import UNPAINTED, Completeness, State

# Record, completeness, image in [0, 1], labels, tissue, centres: what save_case takes.
CaseArrays = tuple[CaseRecord, Completeness, np.ndarray, np.ndarray, np.ndarray, dict[int, np.ndarray]]

# Voxels kept per class as possible patch centres: they are in memory for every case, and patches are shifted anyway.
_CENTRES = 1000
# What is darker is air, or outside the body.
_BODY = 0.1


def arrays_of_case(entry: CaseEntry, preprocessing: Preprocessing, label_set: LabelSet) -> CaseArrays:
    """Read a case and bring it to the network's grid; labels and record go there together."""
    volume, painted, given = read_case(entry, label_set)
    # As in inference: a CT may be stored with 1024 added.
    offset = detect_modality(replace(volume, modality=entry.modality)).offset
    image = preprocessing.apply(volume, entry.modality, offset).array
    if painted is None:
        labels, completeness = np.zeros(image.shape, np.uint8), given
    else:
        array, view = to_lps(painted)
        labels, completeness = resample_annotation(array, reorient(given, view), image.shape, entry.unions)
    z, y, x = image.shape
    record = CaseRecord(
        name=entry.name,
        dataset=entry.dataset,
        modality=entry.modality,
        annotated=_whole(completeness),
        shape=(z, y, x),
        synthetic=False,
        patient=entry.patient,
        unions=entry.unions,
        source_hash=content_hash(volume),
    )
    tissue = _tissue(image, labels, record, preprocessing)
    return record, completeness, image, labels, tissue, _centres(image, labels, label_set.n_classes, entry.unions)


def arrays_of_label_map(entry: LabelMapEntry, preprocessing: Preprocessing, label_set: LabelSet) -> CaseArrays:
    """Read a label map without an image; its image is 1 in the body and 0 outside."""
    source, every, names = _read_label_map(entry, label_set)
    array, view = to_lps(source)
    shape = preprocessing.grid_shape(array.shape, view.spacing)
    labels = resample_labels(array, shape).astype(np.uint8)
    tissues = resample_labels(view.apply(every.array), shape)
    tissue = tissue_from_names(tissues, names, labels, preprocessing.spacing[::-1])
    image = (tissue != AIR).astype(np.float32)
    n_classes = label_set.n_classes
    z, y, x = image.shape
    completeness = Completeness.of_volume(list(range(1, n_classes)), n_classes)
    record = CaseRecord(
        name=entry.name,
        dataset="labelmaps",
        modality="ct",
        annotated=_whole(completeness),
        shape=(z, y, x),
        synthetic=True,
        source_hash=content_hash(source),
    )
    return record, completeness, image, labels, tissue, _centres(image, labels, n_classes, {})


def _whole(completeness: Completeness) -> tuple[int, ...]:
    return tuple(np.flatnonzero(completeness.volume == State.COMPLETE).tolist())


def _tissue(image: np.ndarray, labels: np.ndarray, record: CaseRecord, preprocessing: Preprocessing) -> np.ndarray:
    """Tissue map of structures that are complete, and of a CT's other voxels by their HU.

    A structure that is only painted here and there is left out: an image synthesised from the map would show where.
    Intensities do not tell the tissues of an MR apart; no image is synthesised from it.
    """
    values = [value for value in record.annotated if value not in record.unions]
    structures = np.where(np.isin(labels, values), labels, UNPAINTED).astype(np.uint8)
    if record.modality != "ct":
        return structures
    low, high = preprocessing.ct_window
    return tissue_from_ct(image * (high - low) + low, structures)


def _centres(
    image: np.ndarray, labels: np.ndarray, n_classes: int, unions: Mapping[int, tuple[int, ...]]
) -> dict[int, np.ndarray]:
    """Voxels (n, 3) that patches can surround: of each painted structure, also in a union; 0: unpainted body."""
    painted = np.flatnonzero(labels)
    values = labels.reshape(-1)[painted]
    centres = {}
    for structure in range(n_classes):
        if structure == 0:
            places = np.flatnonzero((labels == UNPAINTED) & (image > _BODY))
        else:
            may_be = np.array([structure in unions.get(value, (value,)) for value in range(256)])
            places = painted[may_be[values]]
        if len(places):
            rng = np.random.default_rng(structure)
            chosen = rng.choice(places, min(len(places), _CENTRES), replace=False)
            centres[structure] = np.stack(np.unravel_index(chosen, labels.shape), 1).astype(np.int16)
    return centres


def _read_label_map(entry: LabelMapEntry, label_set: LabelSet) -> tuple[Volume, Volume, dict[int, str]]:
    source = read_labels(entry.labels16, label_set)
    every, names = source, {}
    if entry.tissues is not None and entry.tissue_names is not None:
        every, names = read_labels(entry.tissues), _tissue_names(entry.tissue_names)
    if not every.same_grid(source):
        raise UserError(f"case {entry.name}: labels16 and tissues do not lie on the same grid: correct its files")
    strange = np.unique(source.array[source.array >= label_set.n_classes])
    if strange.size:
        raise UserError(f"case {entry.name}: label {strange[0]} stands for no structure: map it to one, or remove it")
    return source, every, names


def _tissue_names(path: Path) -> dict[int, str]:
    try:
        return {int(value): name for value, name in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(
            f"tissue names {path} cannot be read ({error}): give a JSON object of value and name"
        ) from error
