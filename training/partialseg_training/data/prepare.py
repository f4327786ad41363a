"""Turn the cases and label maps of a manifest into the store that training reads; each is prepared once."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from partialseg_training.config import TrainConfig
from partialseg_training.data.store import CaseRecord, is_finished, save_case
from partialseg_training.data.tissue import AIR, tissue_from_ct, tissue_from_names
from partialseg_training.processes import end_with_parent
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_labels, read_volume, to_lps
from PartialSegLib.preprocessing import Preprocessing, resample_labels
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import PAINTED_BACKGROUND

# Voxels kept per class as possible patch centres.
_CENTRES = 4000
_CASE_KEYS = ("dataset", "modality", "label", "annotated")
_LABEL_MAP_KEYS = ("labels16", "tissues", "tissue_names")
_Arrays = tuple[CaseRecord, np.ndarray, np.ndarray, np.ndarray]


def prepare(
    config: TrainConfig, store: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Path]:
    """Prepare what `config.train` names under `store`; finished cases are left alone. Returns one folder a case.

    Raises UserError when the manifest is missing or malformed, a named case is not in it, or its files do not fit.
    """
    entries = manifest_entries(config.manifest)
    n_classes = load_label_set(config.label_set).n_classes
    unknown = sorted(set(config.train) - set(entries))
    if unknown:
        raise UserError(f"{config.manifest} has no case named {unknown[0]}: correct `train` in the configuration")
    folders = [store / name for name in config.train]
    todo = [folder for folder in folders if not is_finished(folder)]
    root, preprocessing = config.manifest.parent, config.preprocessing
    with ProcessPoolExecutor(initializer=end_with_parent) as pool:
        jobs = [pool.submit(_prepare_one, entries[f.name], preprocessing, f, root, n_classes) for f in todo]
        for done, job in enumerate(as_completed(jobs), start=1):
            job.result()
            progress(done, len(jobs))
    return folders


def manifest_entries(manifest: Path) -> dict[str, dict]:
    """Cases and label maps of a manifest by name; raises UserError when it cannot be read."""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        return {entry["name"]: entry for entry in [*content["cases"], *content.get("labelmaps", [])]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"manifest {manifest} cannot be read ({error!r}): see README, 'Training data'") from error


def _prepare_one(entry: dict, preprocessing: Preprocessing, folder: Path, root: Path, n_classes: int) -> None:
    keys = _CASE_KEYS if "image" in entry else _LABEL_MAP_KEYS
    missing = [key for key in keys if key not in entry]
    if missing:
        raise UserError(f"case {entry['name']}: the manifest does not give its {missing[0]}")
    if "image" in entry:
        record, image, labels, tissue = _annotated_case(entry, preprocessing, root)
    else:
        record, image, labels, tissue = _label_map_case(entry, preprocessing, root, n_classes)
    known = {*range(n_classes), PAINTED_BACKGROUND}
    strange = ({int(value) for value in np.unique(labels)} | set(record.annotated)) - known
    if strange:
        advice = f"label {min(strange)} stands for no structure: map it to one, or remove it"
        raise UserError(f"case {entry['name']}: {advice}")
    save_case(folder, record, image, labels.astype(np.uint8), tissue, _centres(image, labels, record.annotated))


def _centres(image: np.ndarray, labels: np.ndarray, annotated: tuple[int, ...]) -> dict[int, np.ndarray]:
    """Voxels of each annotated structure, and of what is not painted but not air either, that patches can surround."""
    rng = np.random.default_rng(0)
    centres = {}
    for value in (0, *annotated):
        points = np.argwhere(labels == value)
        if value == 0:
            points = points[image[tuple(points.T)] > 0.1]
        if len(points):
            centres[value] = rng.permutation(points)[:_CENTRES].astype(np.int16)
    return centres


def _annotated_case(entry: dict, preprocessing: Preprocessing, root: Path) -> _Arrays:
    volume, painted = read_volume(root / entry["image"]), read_labels(root / entry["label"])
    if not painted.same_grid(volume):
        raise UserError(f"case {entry['name']}: image and label do not lie on the same grid: correct its files")
    prepared = preprocessing.apply(volume, entry["modality"])
    labels = _labels_on(painted, prepared.array.shape)
    record = _record(entry, entry["dataset"], entry["modality"], entry["annotated"], labels, False)
    structures = np.where(labels == PAINTED_BACKGROUND, 0, labels)
    if record.modality != "ct":
        # Intensities do not tell the unlabelled tissues of an MR apart: no image is synthesised from it.
        return record, prepared.array, labels, structures.astype(np.uint8)
    low, high = preprocessing.ct_window
    return record, prepared.array, labels, tissue_from_ct(prepared.array * (high - low) + low, structures)


def _label_map_case(entry: dict, preprocessing: Preprocessing, root: Path, n_classes: int) -> _Arrays:
    source = read_labels(root / entry["labels16"])
    every = read_labels(root / entry["tissues"])
    if not every.same_grid(source):
        raise UserError(f"case {entry['name']}: labels16 and tissues do not lie on the same grid: correct its files")
    array, undo = to_lps(source)
    shape = preprocessing.grid_shape(array.shape, undo.spacing)
    labels, tissues = _labels_on(source, shape), _labels_on(every, shape)
    names = _tissue_names(root / entry["tissue_names"])
    tissue = tissue_from_names(tissues, names, labels, preprocessing.spacing[::-1])
    image = (tissue != AIR).astype(np.float32)
    return _record(entry, "labelmaps", "ct", range(1, n_classes), labels, True), image, labels, tissue


def _tissue_names(path: Path) -> dict[int, str]:
    try:
        return {int(value): name for value, name in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(
            f"tissue names {path} cannot be read ({error}): give a JSON object of value and name"
        ) from error


def _labels_on(labels: Volume, shape: tuple[int, ...]) -> np.ndarray:
    return resample_labels(to_lps(labels)[0], shape)


def _record(
    entry: dict, dataset: str, modality: str, annotated: Iterable[int], labels: np.ndarray, synthetic: bool
) -> CaseRecord:
    z, y, x = labels.shape
    return CaseRecord(entry["name"], dataset, modality, tuple(annotated), (z, y, x), synthetic)
