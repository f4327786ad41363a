"""Export for MONAI: a datalist with images, label maps and folds by patient."""

import json
from pathlib import Path
from typing import Any

from PartialSegLib.dataset import CaseEntry, Dataset, read_case
from PartialSegLib.exchange.cases import Progress, Run, labelled_structures, record_fields
from PartialSegLib.exchange.folders import new_folder
from PartialSegLib.exchange.folds import folds_by_patient
from PartialSegLib.exchange.report import ExportReport
from PartialSegLib.exchange.single_valued import SingleValued
from PartialSegLib.image import fit_to_grid, write_volume
from PartialSegLib.structures import LabelSet, load_label_set

DATALIST, REPORT, IGNORE = "datalist.json", "partialseg_report.txt", 255
_HINT = (
    f"MONAI's losses know no ignore value by themselves: mask the voxels with {IGNORE}, "
    "and mind `annotated` of each item where a loss can use it."
)
_NO_PLACE = "What is complete in single slices, terminology codes and colors: keep the PartialSeg dataset."


def export_datalist(
    dataset: Dataset, folder: str | Path, label_set: LabelSet | None = None, progress: Progress | None = None
) -> ExportReport:
    """Write `folder` with images/, labels/ and datalist.json, as load_decathlon_datalist and Auto3DSeg read it.

    Label maps keep the label set's values; 255 is ignored. Annotated cases are `training` with a `fold`, the others
    `testing`. Raises UserError for an existing folder and a dataset of which nothing can be written.
    """
    label_set = label_set or load_label_set()
    labelled = labelled_structures(dataset, label_set) or tuple(s.value for s in label_set)
    writer = SingleValued(label_set, {value: value for value in labelled}, IGNORE)
    run, items = Run(dataset, progress), dict[str, dict[str, Any]]()
    with new_folder(folder) as target:

        def write(entry: CaseEntry) -> None:
            items[entry.name] = _write_case(target, entry, label_set, writer)

        run.each(write)
        lost = (*writer.losses(), *([_HINT] if writer.ignored else []), _NO_PLACE)
        report = ExportReport("MONAI datalist", Path(folder), tuple(run.written), lost, run.failed, run.left_out)
        text = json.dumps(_datalist(dataset, items, label_set), indent=1, ensure_ascii=False)
        (target / DATALIST).write_text(text + "\n", encoding="utf-8")
        (target / REPORT).write_text(report.words(), encoding="utf-8")
    return report


def _write_case(target: Path, entry: CaseEntry, label_set: LabelSet, writer: SingleValued) -> dict[str, Any]:
    image, labels, record = read_case(entry, label_set)
    name = f"{entry.name}.nii.gz"
    item: dict[str, Any] = {"image": f"images/{name}", "modality": entry.modality}
    if labels is not None:
        flat = writer.flatten(entry.name, labels.array, record, entry.unions)
        write_volume(target / "labels" / name, fit_to_grid(labels.like(flat), image))
        item |= {"label": f"labels/{name}", "annotated": record_fields(record)["annotated"]}
    write_volume(target / "images" / name, image)
    return item


def _datalist(dataset: Dataset, items: dict[str, dict[str, Any]], label_set: LabelSet) -> dict[str, Any]:
    training = [name for name, item in items.items() if "label" in item]
    folds = folds_by_patient(dataset.cases[name] for name in training)
    testing = [item for item in items.values() if "label" not in item]
    return {
        "name": dataset.path.stem,
        "description": "Exported by PartialSeg.",
        "labels": {"0": "background", **{str(s.value): s.name for s in label_set}},
        "ignore_label": IGNORE,
        "numTraining": len(training),
        "numTest": len(testing),
        "training": [{**items[name], "fold": folds[name]} for name in training],
        "testing": testing,
    }
