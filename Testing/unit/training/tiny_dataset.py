"""A data set of a few thousand voxels, written to disk: two CTs, an MR and a label map, each with some structures."""

import json
from pathlib import Path

import numpy as np
import yaml

from PartialSegLib.image import Volume, write_volume

SHAPE = (20, 24, 28)
SPACING = (4.0, 4.0, 5.0)
RIGHT_KIDNEY, LEFT_KIDNEY, LIVER = 2, 3, 6
_HU = {0: 0, RIGHT_KIDNEY: 200, LEFT_KIDNEY: 200, LIVER: 110}


def write_dataset(folder: Path) -> Path:
    """Write the volumes and their manifest into `folder`; returns the manifest's path.

    ct_a: both kidneys and the liver are complete. ct_b: the liver alone (kidneys are there, unpainted). mr: the liver.
    body: a label map without image.
    """
    cases = []
    for seed, (name, modality, annotated) in enumerate(
        [("ct_a", "ct", [2, 3, 6]), ("ct_b", "ct", [6]), ("mr", "mr", [6])]
    ):
        rng = np.random.default_rng(seed)
        labels = blobs(rng)
        intensity = np.vectorize(_HU.get)(labels) + rng.normal(0, 10, SHAPE)
        if modality == "mr":
            intensity = np.clip(300 - intensity, 1, None)
        intensity[:, :2] = -1000 if modality == "ct" else 0
        write_volume(folder / f"{name}.nii.gz", _volume(intensity.astype(np.int16)))
        painted = np.where(np.isin(labels, annotated), labels, 0).astype(np.uint8)
        write_volume(folder / f"{name}_labels.nii.gz", _volume(painted))
        files = {"image": f"{name}.nii.gz", "label": f"{name}_labels.nii.gz"}
        cases.append({"name": name, "dataset": "tiny", "modality": modality, "annotated": annotated, **files})
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"cases": cases, "labelmaps": [_write_label_map(folder)]}), encoding="utf-8")
    return manifest


def blobs(rng: np.random.Generator) -> np.ndarray:
    """A label map (z, y, x) in LPS axes: low x is the patient's right."""
    labels = np.zeros(SHAPE, np.uint8)
    z, y, x = np.indices(SHAPE)
    shift = rng.uniform(-1, 1, 3)
    for value, centre, radius in (
        (RIGHT_KIDNEY, (6, 16, 6), 4),
        (LEFT_KIDNEY, (6, 16, 21), 4),
        (LIVER, (14, 10, 9), 6),
    ):
        near = sum((axis - c - s) ** 2 for axis, c, s in zip((z, y, x), centre, shift, strict=True))
        labels[near <= radius**2] = value
    return labels


def write_config(path: Path, **settings) -> Path:
    """A training configuration for a tiny network; `settings` (dataset is a must) replace or add to it."""
    values = {
        "name": "tiny",
        "train": ["ct_a", "ct_b", "mr", "body"],
        "preprocessing": {"spacing": list(SPACING)},
        "network": {"name": "unet", "channels": [4, 8], "blocks": [1, 1]},
        "patch_size": [12, 16, 16],
        "steps": 30,
        "warm_up": 5,
        "workers": 0,
    }
    path.write_text(yaml.safe_dump({**values, **settings}), encoding="utf-8")
    return path


def _write_label_map(folder: Path) -> dict[str, str]:
    rng = np.random.default_rng(9)
    labels = blobs(rng)
    tissues = np.where(labels > 0, labels, 0)
    tissues[:, 20:22, 4:24] = 90
    names = {2: "kidney_right", 3: "kidney_left", 6: "liver", 90: "vertebrae_L1"}
    write_volume(folder / "body_labels16.nii.gz", _volume(labels))
    write_volume(folder / "body_tissues.nii.gz", _volume(tissues))
    (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
    files = {"labels16": "body_labels16.nii.gz", "tissues": "body_tissues.nii.gz", "tissue_names": "names.json"}
    return {"name": "body", **files}


def _volume(array: np.ndarray) -> Volume:
    return Volume(array, SPACING, (10.0, -20.0, 30.0), np.eye(3))
