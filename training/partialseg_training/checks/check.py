"""The report on a dataset and its split."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from partialseg_training.checks.coverage import Coverage, coverage_of
from partialseg_training.checks.facts import CaseFacts, facts_of
from PartialSegLib.dataset import Dataset
from PartialSegLib.structures import LabelSet

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Report:
    """What was found, one line each. Errors forbid training, warnings deserve a thought, notes are for information.

    coverage: one row per structure, over the cases that are trained on.
    """

    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    coverage: tuple[Coverage, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {key: list(value) for key, value in asdict(self).items()}


def check_dataset(
    dataset: Dataset,
    train: Sequence[str],
    validation: Sequence[str],
    held_out: Sequence[str],
    label_set: LabelSet,
    progress: Progress = lambda done, total, name: None,
) -> Report:
    """Read every named case once, and say what is wrong with them and with the split.

    Raises UserError for a name that the dataset does not have; everything else is in the report.
    """
    sides = {"train": train, "validation": validation, "held_out": held_out}
    todo = [(entry, side) for side, names in sides.items() for entry in dataset.select(names)]
    facts = []
    for done, (entry, side) in enumerate(todo):
        progress(done, len(todo), entry.name)
        facts.append(facts_of(entry, side, label_set))
    progress(len(todo), len(todo), "")
    trained = [case for case in facts if case.side == "train"]
    coverage = coverage_of(trained, label_set)
    repeated = list(_repeated_images(facts))
    return Report(
        errors=(
            *(error for case in facts for error in case.errors),
            *_shared_patients(facts),
            *(line for line, apart in repeated if apart),
        ),
        warnings=(*(line for line, apart in repeated if not apart), *_unscored(facts), *_weak_structures(coverage)),
        notes=tuple(_notes(trained, coverage)),
        coverage=coverage,
    )


def _shared_patients(facts: Sequence[CaseFacts]) -> Iterator[str]:
    groups: dict[str, list[CaseFacts]] = defaultdict(list)
    for case in facts:
        if case.patient is not None:
            groups[case.patient].append(case)
    for group in groups.values():
        for a, b in _pairs_apart(group):
            yield f"{_told(a)} and {_told(b)} are of one patient: put them on one side of the split"


def _repeated_images(facts: Sequence[CaseFacts]) -> Iterator[tuple[str, bool]]:
    """A line for each pair of cases with the same image, and whether they are on different sides."""
    groups: dict[str, list[CaseFacts]] = defaultdict(list)
    for case in facts:
        if case.fingerprint is not None:
            groups[case.fingerprint].append(case)
    for group in groups.values():
        apart = list(_pairs_apart(group))
        for a, b in apart:
            yield f"{_told(a)} and {_told(b)} have the same image: keep one of them", True
        for side in {case.side: None for case in group}:
            first, *others = [case for case in group if case.side == side]
            for other in others:
                yield f"{_told(first)} and {_told(other)} have the same image: it counts twice", False


def _pairs_apart(group: Sequence[CaseFacts]) -> Iterator[tuple[CaseFacts, CaseFacts]]:
    """One pair of cases for each two sides on which there are cases of the group."""
    firsts = {case.side: case for case in reversed(group)}
    yield from combinations(reversed(list(firsts.values())), 2)


def _told(case: CaseFacts) -> str:
    return f"{case.name} ({case.side})"


def _weak_structures(coverage: Sequence[Coverage]) -> Iterator[str]:
    unseen = [row.name for row in coverage if not row.cases]
    absent = [row.name for row in coverage if row.cases and not row.painted_voxels and not row.union_voxels]
    open_ended = [
        row.name
        for row in coverage
        if row.painted_voxels + row.union_voxels and not row.complete_volumes + row.complete_slices
    ]
    if unseen:
        yield f"no supervision at all in `train`, so the model cannot learn it: {', '.join(unseen)}"
    if absent:
        yield f"known absent, but painted nowhere in `train`, so the model learns never to find it: {', '.join(absent)}"
    if open_ended:
        yield f"painted, but nowhere complete in `train`, so only those voxels teach anything: {', '.join(open_ended)}"


def _unscored(facts: Sequence[CaseFacts]) -> Iterator[str]:
    for case in facts:
        if case.side != "train" and not case.labelled and not case.errors:
            yield f"{_told(case)} has no labels: there is nothing to compare a result with"


def _notes(trained: Sequence[CaseFacts], coverage: Sequence[Coverage]) -> Iterator[str]:
    unlabelled = [case.name for case in trained if not case.labelled and not case.errors]
    if unlabelled:
        yield f"{len(unlabelled)} of {len(trained)} cases of `train` are unlabelled: only some methods learn from them"
    empty = sum(row.empty_slices for row in coverage)
    if empty:
        yield f"{empty:,} declared slices have nothing of their structure painted: they count as known absent there"
    absent = sum(row.known_absent for row in coverage)
    if absent:
        yield f"structures are known absent in {absent} whole volumes: declared complete, painted nowhere"
