"""Cross-validation by patient: cases of one patient never stand on both sides."""

from collections import defaultdict
from collections.abc import Iterable

from PartialSegLib.dataset import CaseEntry

MOST_FOLDS = 5


def folds_by_patient(entries: Iterable[CaseEntry]) -> dict[str, int]:
    """Case -> fold, at most five folds of nearly equal size; a case without a patient counts as its own.

    The same cases get the same folds, in whatever order they come.
    """
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in entries:
        groups[("patient", entry.patient) if entry.patient else ("case", entry.name)].append(entry.name)
    sizes = [0] * min(MOST_FOLDS, max(1, len(groups)))
    folds: dict[str, int] = {}
    for names in sorted((sorted(group) for group in groups.values()), key=lambda names: (-len(names), names)):
        fold = sizes.index(min(sizes))
        sizes[fold] += len(names)
        folds |= dict.fromkeys(names, fold)
    return dict(sorted(folds.items()))
