"""Export for nnU-Net v2: imagesTr, labelsTr and dataset.json, with one ignore label where something is open."""

import json
import re
from pathlib import Path
from typing import Any

from PartialSegLib.dataset import CaseEntry, Dataset, read_case
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.cases import Progress, Run, labelled_structures
from PartialSegLib.exchange.folders import new_folder
from PartialSegLib.exchange.folds import folds_by_patient
from PartialSegLib.exchange.report import ExportReport
from PartialSegLib.exchange.single_valued import SingleValued
from PartialSegLib.image import fit_to_grid, write_volume
from PartialSegLib.structures import LabelSet, load_label_set

REPORT, SPLITS = "partialseg_report.txt", "splits_final.json"
_ENDING = ".nii.gz"
_NO_PLACE = (
    "The record itself (complete, in part, not looked at, per volume and slice), terminology codes and colors: "
    "keep the PartialSeg dataset, from which this one can be made again."
)


def export_nnunet(
    dataset: Dataset,
    folder: str | Path,
    label_set: LabelSet | None = None,
    structures: tuple[int, ...] | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write the raw dataset `folder`, whose name nnU-Net wants to be like Dataset501_Abdomen.

    structures: the classes to write, renumbered 1, 2, ...; by default all that are labelled anywhere. Also writes a
    report of what was lost and splits_final.json, a cross-validation by patient. Raises UserError for a wrong name, an
    existing folder, and a dataset of which nothing can be written; a single bad case is only reported.
    """
    folder = Path(folder).absolute()
    if not re.fullmatch(r"Dataset(?!000)\d{3}_\S+", folder.name):
        raise UserError(f"nnU-Net finds no dataset named {folder.name}: name the folder like Dataset501_Abdomen")
    label_set = label_set or load_label_set()
    chosen = structures or labelled_structures(dataset, label_set)
    if not chosen:
        raise UserError(f"no structure is labelled in {dataset.path}: annotate some first")
    writer = SingleValued(label_set, {value: n for n, value in enumerate(chosen, 1)}, ignore=len(chosen) + 1)
    run = Run(dataset, progress)
    with new_folder(folder) as target:
        for name in ("imagesTr", "labelsTr"):
            (target / name).mkdir()
        run.each(lambda entry: _write_case(target, entry, label_set, writer))
        entries = [dataset.cases[name] for name in run.written]
        lost = [
            *writer.losses(),
            *_about_choice(writer),
            *_about_modality(entries),
            *_about_patients(entries),
            _NO_PLACE,
        ]
        report = ExportReport("nnU-Net v2", folder, tuple(run.written), tuple(lost), run.failed, run.left_out)
        _write_json(target / "dataset.json", _description(folder.name, entries, writer))
        _write_splits(target / SPLITS, entries)
        (target / REPORT).write_text(report.words(), encoding="utf-8")
    return report


def _write_case(target: Path, entry: CaseEntry, label_set: LabelSet, writer: SingleValued) -> str | None:
    image, labels, record = read_case(entry, label_set)
    if labels is None:
        return "nobody annotated it"
    flat = writer.flatten(entry.name, labels.array, record, entry.unions)
    # nnU-Net compares shape and spacing axis by axis, so the label map takes the image's own axes.
    write_volume(target / "imagesTr" / f"{entry.name}_0000{_ENDING}", image)
    write_volume(target / "labelsTr" / f"{entry.name}{_ENDING}", fit_to_grid(labels.like(flat), image))
    return None


def _description(name: str, entries: list[CaseEntry], writer: SingleValued) -> dict[str, Any]:
    """dataset.json; `labels` must count from 0 without gaps, the ignore label last."""
    labels = {"background": 0} | {writer.label_set.by_value(s).key: n for s, n in writer.values.items()}
    if writer.ignored:
        labels["ignore"] = writer.ignore
    modalities = sorted({entry.modality.upper() for entry in entries})
    return {
        "channel_names": {"0": " or ".join(modalities)},
        "labels": labels,
        "numTraining": len(entries),
        "file_ending": _ENDING,
        "name": name.partition("_")[2],
        "description": f"Exported by PartialSeg; {REPORT} says what was lost.",
        "converted_by": "PartialSeg",
    }


def _about_choice(writer: SingleValued) -> list[str]:
    keys = [writer.label_set.by_value(value).key for value in sorted(writer.always_complete)]
    if not writer.ignored or not keys or len(keys) == len(writer.values):
        return []
    option = f"--structures {','.join(keys)} on the command line"
    return [f"Less is ignored when only what is complete in every case is exported ({option})."]


def _about_modality(entries: list[CaseEntry]) -> list[str]:
    if len({entry.modality for entry in entries}) < 2:
        return []
    return ["CT and MR are mixed in one channel: nnU-Net will normalize both per image, not CT by Hounsfield units."]


def _about_patients(entries: list[CaseEntry]) -> list[str]:
    patients = [entry.patient for entry in entries if entry.patient]
    if len(set(patients)) == len(patients):
        return []
    return [f"Which cases are of one patient: copy {SPLITS} to nnUNet_preprocessed, or nnU-Net splits patients."]


def _write_splits(path: Path, entries: list[CaseEntry]) -> None:
    folds = folds_by_patient(entries)
    n = len(set(folds.values()))
    if n > 1:
        splits = [{"train": [c for c, f in folds.items() if f != k], "val": [c for c, f in folds.items() if f == k]}
                  for k in range(n)]  # fmt: skip
        _write_json(path, splits)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
