"""Many cases imported into a dataset folder; what a program cannot decide goes on a list for a person."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from PartialSegLib.dataset import CaseEntry, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.cases import Progress, record_fields
from PartialSegLib.exchange.importing import Imported, import_case
from PartialSegLib.exchange.own import import_own
from PartialSegLib.exchange.pairs import Pair
from PartialSegLib.exchange.plan import ImportPlan
from PartialSegLib.exchange.proposal import fitting_presets, propose
from PartialSegLib.exchange.sides import split_sides
from PartialSegLib.exchange.source import Source, read_source
from PartialSegLib.files import atomic_path
from PartialSegLib.image import SUFFIXES, Volume, fit_to_grid, read_labels, read_volume
from PartialSegLib.modality import detect_modality
from PartialSegLib.structures import LabelSet, load_label_set

FOR_A_PERSON = "needs_a_person.csv"


class Question(NamedTuple):
    """What a person should look at in an imported case."""

    case: str
    structure: str
    reason: str


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    plan: for all cases; None to propose one for each file. complete: structures that the source declares complete,
    instead of what the plan says. modality: of all cases whose pair does not say; None to detect it. split: tell right
    and left apart. model_labels: folder of a model's segmentations, by the names of the cases, which helps with that.
    """

    plan: ImportPlan | None = None
    complete: tuple[str, ...] | None = None
    modality: str | None = None
    split: bool = False
    model_labels: Path | None = None


@dataclass
class ImportReport:
    """What became of the cases: imported, there already, failed (name -> reason), and what a person must decide."""

    folder: Path
    imported: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        questions = [question._asdict() for question in self.questions]
        return {
            "output": str(self.folder),
            "imported": self.imported,
            "present": self.present,
            "failed": self.failed,
            "needs_a_person": questions,
        }


def import_all(
    pairs: Sequence[Pair],
    folder: str | Path,
    options: ImportOptions,
    label_set: LabelSet | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Write one case folder of the dataset `folder` for each pair; cases that are there already are left alone.

    A UserError of one case is noted and the others go on. `folder`/needs_a_person.csv lists what was left open.
    """
    folder = Path(folder).absolute()
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: name a folder for the dataset")
    label_set = label_set or (options.plan.label_set if options.plan else load_label_set())
    report = ImportReport(folder, questions=_read_questions(folder / FOR_A_PERSON))
    for number, pair in enumerate(pairs):
        if progress:
            progress(number, len(pairs), pair.name)
        if (folder / pair.name).exists():
            report.present.append(pair.name)
            continue
        try:
            questions = _import_one(pair, folder, options, label_set)
        except UserError as error:
            report.failed[pair.name] = str(error)
            continue
        report.imported.append(pair.name)
        report.questions = [q for q in report.questions if q.case != pair.name] + questions
    if report.imported:
        _write_questions(folder / FOR_A_PERSON, report.questions)
    return report


def _import_one(pair: Pair, folder: Path, options: ImportOptions, label_set: LabelSet) -> list[Question]:
    if pair.label is None:
        raise UserError("no label file goes with this image: add one of the same name, or leave the image out")
    image = read_volume(pair.image)
    imported = _labels_of(pair.label, image, options, label_set)
    guess = detect_modality(image)
    modality = pair.modality or options.modality
    questions = []
    if modality is None and not guess.confident:
        questions.append(Question(pair.name, "", f"modality taken as {guess.modality.upper()}: {guess.reason}"))
    if options.split:
        imported, doubts = split_pairs(imported, label_set, _model_labels(pair, options, label_set))
        questions += [Question(pair.name, structure, reason) for structure, reason in doubts.items()]
    entry = _entry(pair, folder, modality or guess.modality, imported)
    write_case(folder, entry, image if pair.image.is_dir() else pair.image, imported.labels)
    return questions


def split_pairs(
    imported: Imported, label_set: LabelSet, model_labels: Volume | None = None
) -> tuple[Imported, dict[str, str]]:
    """Every union of a right and a left structure told apart as far as sure; and per structure why not, where not.

    model_labels: a model's segmentation on the same voxels.
    """
    array, unions, doubts = imported.labels.array, dict(imported.unions), {}
    model = None if model_labels is None else fit_to_grid(model_labels, imported.labels).array
    for right, left in label_set.pairs:
        for value in [v for v, members in unions.items() if sorted(set(members)) == sorted((right, left))]:
            array, split = split_sides(array, value, right, left, imported.labels, model)
            if split.sure:
                del unions[value]
            else:
                doubts[f"{label_set.by_value(right).name} or {label_set.by_value(left).name}"] = split.reason
    return Imported(imported.labels.like(array), imported.record, unions), doubts


def _labels_of(path: Path, image: Volume, options: ImportOptions, label_set: LabelSet) -> Imported:
    if options.plan is None and options.complete is None and (own := import_own(image, path, label_set)):
        return own
    source = read_source(path)
    return import_case(image, source, _plan_of(path, source, options, label_set))


def _plan_of(path: Path, source: Source, options: ImportOptions, label_set: LabelSet) -> ImportPlan:
    plan = options.plan or propose(path, label_set, source)
    if options.plan is None and not plan.targets and plan.unmapped:
        fitting = ", ".join(fitting_presets(source, label_set))
        told = f" (these know all of its values: {fitting})" if fitting else ""
        raise UserError(f"{path} does not say what its label values mean: choose a mapping{told}")
    return plan if options.complete is None else plan.declare(options.complete)


def _model_labels(pair: Pair, options: ImportOptions, label_set: LabelSet) -> Volume | None:
    if options.model_labels is None:
        return None
    found = [
        path for suffix in (".seg.nrrd", *SUFFIXES) if (path := options.model_labels / f"{pair.name}{suffix}").exists()
    ]
    if not found:
        raise UserError(f"{options.model_labels} has no segmentation named {pair.name}: segment the image first")
    return read_labels(found[0], label_set)


def _entry(pair: Pair, folder: Path, modality: str, imported: Imported) -> CaseEntry:
    values = {
        "name": pair.name,
        "dataset": folder.name,
        "modality": modality,
        "image": pair.image,
        "label": pair.label,
        "unions": imported.unions,
        "patient": pair.patient,
        **record_fields(imported.record),
    }
    try:
        return CaseEntry.model_validate(values)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise UserError(f"{key} {values.get(key)!r} is not allowed: correct it in the list of cases") from error


def _read_questions(path: Path) -> list[Question]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return [Question(**row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise UserError(f"{path} cannot be read as the list of an earlier import: move it away") from error


def _write_questions(path: Path, questions: Sequence[Question]) -> None:
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(Question._fields)
        table.writerows(questions)
