"""Turn the cases and label maps of a manifest into the store that training reads; each is prepared once."""

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_labels, read_volume, to_lps
from PartialSegLib.preprocessing import Preprocessing, resample_labels
from partialseg_training.config import TrainConfig
from partialseg_training.data.store import CaseRecord, is_finished, save_case
from partialseg_training.data.tissue import AIR, tissue_from_ct, tissue_from_names

# Voxels kept per class as possible patch centres.
_CENTRES = 4000


def prepare(config: TrainConfig, store: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> list[Path]:
    """Prepare what `config.train` names under `store`; finished cases are left alone. Returns one folder a case.

    Raises UserError when the manifest is missing or malformed, or a named case is not in it.
    """
    entries = manifest_entries(config.manifest)
    unknown = sorted(set(config.train) - set(entries))
    if unknown:
        raise UserError(f"{config.manifest} has no case named {unknown[0]}: correct `train` in the configuration")
    folders = [store / name for name in config.train]
    todo = [folder for folder in folders if not is_finished(folder)]
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(_prepare_one, entries[f.name], config.preprocessing, f, config.manifest.parent) for f in todo]
        for done, job in enumerate(as_completed(jobs), start=1):
            job.result()
            progress(done, len(jobs))
    return folders


def manifest_entries(manifest: Path) -> dict[str, dict]:
    """Cases and label maps of a manifest by name; raises UserError when it cannot be read."""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        return {entry["name"]: entry for entry in [*content["cases"], *content.get("labelmaps", [])]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"manifest {manifest} cannot be read ({error!r}): see README, 'Training data'") from error


def _prepare_one(entry: dict, preprocessing: Preprocessing, folder: Path, root: Path) -> None:
    if "image" in entry:
        record, image, labels, tissue = _annotated_case(entry, preprocessing, root)
    else:
        record, image, labels, tissue = _label_map_case(entry, preprocessing, root)
    rng = np.random.default_rng(0)
    centres = {}
    for value in (0, *record.annotated):
        points = np.argwhere(labels == value)
        if value == 0:
            points = points[image[tuple(points.T)] > 0.1]
        if len(points):
            centres[value] = rng.permutation(points)[:_CENTRES].astype(np.int16)
    save_case(folder, record, image, labels, tissue, centres)


def _annotated_case(entry: dict, preprocessing: Preprocessing, root: Path) -> tuple[CaseRecord, np.ndarray, np.ndarray, np.ndarray]:
    volume = read_volume(root / entry["image"])
    prepared = preprocessing.apply(volume, entry["modality"])
    labels = _labels_on(read_labels(root / entry["label"]), prepared.array.shape)
    low, high = preprocessing.ct_window
    tissue = tissue_from_ct(prepared.array * (high - low) + low, labels)
    return _record(entry, entry["dataset"], entry["modality"], entry["annotated"], labels, False), prepared.array, labels, tissue


def _label_map_case(entry: dict, preprocessing: Preprocessing, root: Path) -> tuple[CaseRecord, np.ndarray, np.ndarray, np.ndarray]:
    source = read_labels(root / entry["labels16"])
    every = read_labels(root / entry["tissues"])
    names = json.loads((root / entry["tissue_names"]).read_text(encoding="utf-8"))
    array, undo = to_lps(source)
    shape = preprocessing.grid_shape(array.shape, undo.spacing)
    labels, tissues = _labels_on(source, shape), _labels_on(every, shape)
    tissue = tissue_from_names(tissues, {int(k): v for k, v in names.items()}, labels, preprocessing.spacing[::-1])
    image = (tissue != AIR).astype(np.float32)
    return _record(entry, "labelmaps", "ct", range(1, 17), labels, True), image, labels, tissue


def _labels_on(labels: Volume, shape: tuple[int, ...]) -> np.ndarray:
    return resample_labels(to_lps(labels)[0], shape).astype(np.uint8)


def _record(entry: dict, dataset: str, modality: str, annotated, labels: np.ndarray, synthetic: bool) -> CaseRecord:
    return CaseRecord(entry["name"], dataset, modality, tuple(annotated), labels.shape, synthetic)
