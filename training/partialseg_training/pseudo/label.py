"""A dataset in which models fill what people left open."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from partialseg_training.pseudo.fusion import agreement, fuse
from partialseg_training.pseudo.record import PseudoRecord
from PartialSegLib.bundle import INFERENCE, WEIGHTS, Bundle
from PartialSegLib.dataset import CaseEntry, Dataset, read_case, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.files import sha256
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.image.orientation import lps_view
from PartialSegLib.inference import Engine
from PartialSegLib.structures import LabelSet, load_label_set
from PartialSegLib.supervision import State


def pseudo_label(
    bundles: Sequence[Path],
    dataset: Dataset,
    names: Sequence[str],
    output: Path,
    agreement: float | None = None,
    *,
    label_set: LabelSet | None = None,
    structures: Collection[int] | None = None,
    required: Collection[int] = (),
    device: str = "auto",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Fill what people left open in the cases `names` with what one or two models say; returns the new manifest.

    agreement: with two models, the DSC above which a structure of a case is kept; the first model's voxels are used
        (Zhu et al., FLARE 2023: DSC > 0.85). A structure that no model finds is never declared absent: finding
        nothing is what poor models agree on most easily.
    structures: label values that predictions may fill; all when None. Models know them by their keys.
    required: label values of which the fused record must hold at least one; a case without is left out (PWS-Seg,
        "case selection": lesions). Cases of which nothing is known in the end are left out in any case.
    label_set: of the dataset's labels; the one that ships when None.

    The manifest, output/dataset.json, lists the cases that are left, each in a folder of `output`, and with them all
    label maps and all cases of `dataset` that `names` does not name, as they were. Finished cases are not done again.
    Raises UserError for unknown names, models that do not fit, an `output` made otherwise, and when nothing is left.
    """
    label_set = label_set or load_label_set()
    entries = [entry for entry in dataset.select(names) if isinstance(entry, CaseEntry)]
    filling = set(structures) if structures is not None else {s.value for s in label_set}
    labeller = _Labeller(bundles, agreement, label_set, filling, device)
    settings = {**labeller.settings, "dataset": str(dataset.path), "required": sorted(required)}
    record = PseudoRecord(output, settings)
    for done, entry in enumerate(entries):
        progress(done, len(entries))
        if not record.has(entry.name):
            labelled = labeller.label(entry)
            reason = _reason_to_drop(labelled.entry, labelled.labels.array, required)
            if reason is None:
                record.discard_unfinished(entry.name)
                write_case(output, labelled.entry, entry.image, labelled.labels)
            record.add(entry.name, labelled.filled, reason)
    progress(len(entries), len(entries))
    return record.write_manifest(dataset, [entry.name for entry in entries])


@dataclass(frozen=True)
class _Labelled:
    """A case after fusion, and the DSC (None with one model) of each structure that a model filled, by value."""

    entry: CaseEntry
    labels: Volume
    filled: dict[int, float | None]


class _Labeller:
    """One or two loaded models that label one case after the other."""

    def __init__(
        self, bundles: Sequence[Path], agreement: float | None, label_set: LabelSet, filling: set[int], device: str
    ) -> None:
        if len(bundles) not in (1, 2) or (len(bundles) == 2) != (agreement is not None):
            raise UserError("pseudo-labels need one model, or two models and the agreement to ask of them")
        opened = [Bundle.load(path) for path in bundles]
        self._engines = [Engine(bundle, device) for bundle in opened]
        self._tables = [_values(bundle, label_set, filling) for bundle in opened]
        self._agreement, self._label_set = agreement, label_set
        self._name = " and ".join(f"{b.metadata.get('name')} {b.metadata.get('version')}" for b in opened)
        self.settings = {
            "models": [[sha256(bundle.path / name) for name in (INFERENCE, WEIGHTS)] for bundle in opened],
            "agreement": agreement,
            "structures": sorted(filling),
        }

    def label(self, entry: CaseEntry) -> _Labelled:
        image, labels, completeness = read_case(entry, self._label_set)
        found = [
            image.like(table[engine.segment(image, entry.modality).labels.array])
            for engine, table in zip(self._engines, self._tables, strict=True)
        ]
        if labels is None:
            labels = image.like(np.zeros(image.array.shape, np.uint8))
        predictions = [_along(labels, prediction) for prediction in found]
        believed = self._believed(predictions)
        painted, fused = fuse(labels.array, completeness, predictions[0], believed, entry.unions)
        filled = {value: dsc for value, dsc in believed.items() if completeness.volume[value] != State.COMPLETE}
        changes = {
            "annotated": tuple(np.flatnonzero(fused.volume == State.COMPLETE).tolist()),
            "in_part": tuple(np.flatnonzero(fused.volume == State.IN_PART).tolist()),
            "labels_by": self._told(entry, filled),
        }
        return _Labelled(entry.model_copy(update=changes), labels.like(painted), filled)

    def _believed(self, predictions: list[np.ndarray]) -> dict[int, float | None]:
        """The structures to keep, and how well the models agree on them."""
        n_classes = self._label_set.n_classes
        if self._agreement is None:
            counts = sum(np.bincount(plane.ravel(), minlength=n_classes) for plane in predictions[0])
            return {int(value): None for value in np.flatnonzero(counts) if value}
        dsc = agreement(predictions[0], predictions[1], n_classes)
        return {int(value): float(dsc[value]) for value in np.flatnonzero(dsc > self._agreement) if value}

    def _told(self, entry: CaseEntry, filled: Collection[int]) -> str | None:
        by_model = ", ".join(self._label_set.by_value(value).name for value in sorted(filled))
        told = [entry.labels_by or ("people" if entry.label else ""), by_model and f"{by_model} by {self._name}"]
        return "; ".join(filter(None, told)) or None


def _values(bundle: Bundle, label_set: LabelSet, filling: set[int]) -> np.ndarray:
    """uint8 (256,): a model's label value -> the dataset's, 0 for what is not to be filled."""
    table = np.zeros(256, np.uint8)
    by_key = {structure.key: structure.value for structure in label_set if structure.value in filling}
    for structure in bundle.label_set:
        table[structure.value] = by_key.get(structure.key, 0)
    if not table.any():
        raise UserError(f"model {bundle.path} knows none of the structures to fill: use one for {label_set.name}")
    return table


def _along(labels: Volume, prediction: Volume) -> np.ndarray:
    """A prediction on the image's grid, in the axes of the label file."""
    return lps_view(labels)(to_lps(prediction)[0])


def _reason_to_drop(entry: CaseEntry, labels: np.ndarray, required: Collection[int]) -> str | None:
    declared = {*entry.annotated, *entry.in_part}
    declared |= {value for ranges in entry.slices.values() for values in ranges.values() for value in values}
    if required and not declared & set(required) and not np.isin(labels, list(required)).any():
        return "nothing required is annotated"
    if not declared and not labels.any():
        return "nothing is known"
    return None
