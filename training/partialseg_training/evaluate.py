"""Segment cases that no training saw and compare with what was annotated in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from partialseg_training.metrics import score
from partialseg_training.scores.rows import Row
from PartialSegLib.dataset import CaseEntry, load_dataset, read_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.inference import Engine
from PartialSegLib.supervision import Completeness


@dataclass(frozen=True, eq=False)
class Outcome:
    """All there is about one case, handed on while it is in memory.

    truth and predicted have the label file's axes, as has `completeness`; volume has the image file's.
    """

    entry: CaseEntry
    volume: Volume
    truth: Volume
    predicted: Volume
    completeness: Completeness
    rows: list[Row]


def evaluate(
    engine: Engine,
    dataset: Path,
    names: Sequence[str],
    progress: Callable[[int, int, str], None] = lambda *_: None,
    watch: Callable[[Outcome], None] = lambda _: None,
) -> list[Row]:
    """Score the named cases of `dataset` (manifest or folder), each on its own grid and only where truth is declared.

    The modality is the data set's. Structures that the model has never learnt are left out. watch: called with the
    outcome of each case, e.g. to draw it. Raises UserError for a name the data set does not have, and for a case in
    which nothing can be scored.
    """
    cases = _named(load_dataset(dataset).cases, names, dataset)
    rows: list[Row] = []
    for done, entry in enumerate(cases):
        progress(done, len(cases), entry.name)
        outcome = _evaluate_case(engine, entry)
        rows += outcome.rows
        watch(outcome)
    progress(len(cases), len(cases), "")
    return rows


def why_not(entry: CaseEntry) -> str | None:
    """Why no score of this case can mean anything; None when it can be scored."""
    if entry.label is None:
        return "it has no labels"
    in_slices = any(values for ranges in entry.slices.values() for values in ranges.values())
    if not entry.annotated and not in_slices:
        return "no structure is declared complete in it"
    return None


def _named(cases: Mapping[str, CaseEntry], names: Sequence[str], dataset: Path) -> list[CaseEntry]:
    missing = [name for name in names if name not in cases]
    if missing:
        raise UserError(f"{dataset} has no image named {missing[0]}: check the names given to evaluate")
    chosen = [cases[name] for name in names]
    for entry in chosen:
        if reason := why_not(entry):
            raise UserError(f"case {entry.name} cannot be scored, {reason}: leave it out")
    return chosen


def _evaluate_case(engine: Engine, entry: CaseEntry) -> Outcome:
    label_set = engine.bundle.label_set
    volume, truth, completeness = read_case(entry, label_set)
    if truth is None:
        raise UserError(f"case {entry.name} has no labels: leave it out")
    result = engine.segment(volume, entry.modality).labels
    # The label file may order and flip its axes in its own way.
    predicted = truth.like(to_lps(truth)[1](to_lps(result)[0]))
    rows = [
        Row(entry.dataset, entry.name, entry.modality, value, label_set.by_value(value).name, scores)
        for value, scores in score(truth, predicted, completeness, entry.unions).items()
        if value not in engine.bundle.unlearnt
    ]
    return Outcome(entry, volume, truth, predicted, completeness, rows)
