"""A dataset of simulated cases: ordinary case folders, which training cannot tell from what a person annotated."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from partialseg_training.simulation.amount import Amount, amount_said
from partialseg_training.simulation.choice import choose_structures
from partialseg_training.simulation.rule import Rule
from partialseg_training.simulation.simulate import simulate
from partialseg_training.simulation.source import Source
from PartialSegLib.annotation import ranges_of, reorient
from PartialSegLib.dataset import CaseEntry, Dataset, read_annotation, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import UNPAINTED, Completeness, State

RECORD_FILE = "simulation.json"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SimulatedCase:
    """One case as it was written, and how much it says on its own grid, axes turned to (axial, coronal, sagittal)."""

    entry: CaseEntry
    amount: Amount


def simulate_dataset(
    dataset: Dataset,
    names: Sequence[str] | None,
    rules: Rule | Mapping[str, Rule],
    seed: int,
    folder: Path,
    label_set: LabelSet | None = None,
    overwrite: bool = False,
    progress: Progress = lambda done, total, name: None,
) -> list[SimulatedCase]:
    """Write `folder`/<name> for the named cases (None: all with a label file) of `dataset`, each under its rule.

    rules: one for all cases, or case name -> rule. Images are hard-linked or copied, geometry and patient are kept. A
    case's result depends on its files, its rule, the seed and its name (its dataset's too with per="dataset"), not on
    the other cases. Cases of earlier calls stay, so that a hybrid dataset is made by several. `folder`/simulation.json
    tells rule, seed and amount of each case. Raises UserError before anything is written when a case exists already
    and `overwrite` is False, or is missing or has no labels in `dataset`.
    """
    entries = _entries(dataset, names)
    _make_room(folder, entries, overwrite)
    written = []
    for done, entry in enumerate(entries):
        progress(done, len(entries), entry.name)
        rule = rules if isinstance(rules, Rule) else rules[entry.name]
        written.append(_simulate_case(entry, folder, rule, seed, label_set))
        _record(folder, dataset, written[-1], rule, seed)
    progress(len(entries), len(entries), "")
    return written


def _settled(entry: CaseEntry, rule: Rule, seed: int, labels: Volume, completeness: Completeness) -> Rule:
    """The rule with the draw of structures done, where it is one for the whole dataset."""
    if rule.per == "case":
        return rule
    known = Source.of(labels.array, completeness, entry.unions).known
    chosen = choose_structures(rule, known, _generator(seed, f"dataset {entry.dataset}"))
    return rule.model_copy(update={"structures": chosen, "groups": (), "share": 1.0, "per": "case"})


def _simulate_case(entry: CaseEntry, folder: Path, rule: Rule, seed: int, label_set: LabelSet | None) -> SimulatedCase:
    source, completeness = read_annotation(entry, label_set)
    if source is None:
        raise UserError(f"case {entry.name} has no label file: nothing can be simulated from it, leave it out")
    rule = _settled(entry, rule, seed, source, completeness)
    rng = _generator(seed, f"case {entry.name}")
    labels, completeness, unions = simulate(source, completeness, rule, rng, entry.unions)
    array, view = to_lps(labels)
    amount = amount_said(array, reorient(completeness, view), unions)
    volume = completeness.volume
    said = {
        "annotated": _values(volume == State.COMPLETE),
        "in_part": _values(volume == State.IN_PART),
        "slices": {axis: ranges for axis, ranges in ranges_of(completeness).items() if ranges},
        "unions": unions,
    }
    nothing = not (volume.any() or said["slices"] or (labels.array != UNPAINTED).any())
    kept = {key: getattr(entry, key) for key in ("name", "dataset", "modality", "image", "patient", "labels_by")}
    label = None if nothing else entry.label
    simulated_entry = CaseEntry.model_validate({**kept, **said, "label": label})
    return SimulatedCase(write_case(folder, simulated_entry, entry.image, None if nothing else labels), amount)


def _entries(dataset: Dataset, names: Sequence[str] | None) -> list[CaseEntry]:
    if names is None:
        entries = [entry for entry in dataset.cases.values() if entry.label is not None]
    else:
        entries = [entry for entry in dataset.select(names) if isinstance(entry, CaseEntry)]
        maps = sorted(set(names) - {entry.name for entry in entries})
        if maps:
            raise UserError(f"{maps[0]} is a label map without an image: name cases with an image only")
    if not entries:
        raise UserError(f"{dataset.path} has no labelled case to simulate from: give a dataset with labels")
    return entries


def _make_room(folder: Path, entries: Sequence[CaseEntry], overwrite: bool) -> None:
    for entry in entries:
        target = (folder / entry.name).absolute()
        if target in entry.image.absolute().parents or (entry.label and target in entry.label.absolute().parents):
            raise UserError(f"{target} is where case {entry.name} comes from: choose another folder")
        if target.exists() and not overwrite:
            raise UserError(f"{target} exists already: choose another folder or pass --overwrite")
        if target.exists() and not (target / "case.json").is_file():
            raise UserError(f"{target} is no case folder and is left alone: choose another folder")
    for entry in entries:
        shutil.rmtree(folder / entry.name, ignore_errors=True)


def _record(folder: Path, dataset: Dataset, case: SimulatedCase, rule: Rule, seed: int) -> None:
    path = folder / RECORD_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): remove it or choose another folder") from error
    settings = rule.model_dump(mode="json", exclude_defaults=True)
    record[case.entry.name] = {"source": str(dataset.path), "rule": settings, "seed": seed, **asdict(case.amount)}
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one case or dataset alone: the same whatever else is simulated, and in which order."""
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u4")
    return np.random.default_rng([seed, *words.tolist()])


def _values(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(value) for value in np.flatnonzero(mask) if value > 0)
