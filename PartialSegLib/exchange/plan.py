"""An import plan: what the labels of a source mean in our label set, and what the source declares complete."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from PartialSegLib.annotation.record import SliceRanges
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.names import classes_of_name
from PartialSegLib.exchange.source import Source
from PartialSegLib.files import atomic_path
from PartialSegLib.mappings import Mapping as LabelMapping
from PartialSegLib.structures import LabelSet, normalise

IGNORED = "ignored"


@dataclass(frozen=True)
class ImportPlan:
    """How to read a source; a plan never changes, its methods give new ones.

    targets: source value -> the classes such a voxel may be, ascending, 0 for background; several values may have one
    target, one value several ("kidney, side unknown"), and every class means ignored. names: source value -> what the
    source calls it; a name without target is not mapped yet. complete: structures whose every voxel carries a label
    that may be it, so that anything unlabelled is known not to be it. in_part, slices: as in CaseEntry, for sources
    that say so. is_record: whether these three are what a person declared of this very file. why: where the plan is
    from, one line for people.
    """

    label_set: LabelSet
    targets: Mapping[int, tuple[int, ...]]
    names: Mapping[int, str]
    complete: tuple[int, ...] = ()
    in_part: tuple[int, ...] = ()
    slices: SliceRanges = field(default_factory=dict)
    is_record: bool = False
    why: str = ""

    @classmethod
    def from_mapping(cls, mapping: LabelMapping) -> "ImportPlan":
        """The plan of a mapping that ships with PartialSeg or that a user wrote."""
        return cls(mapping.target, mapping.targets, mapping.names, mapping.annotated, why=f"mapping {mapping.name}")

    @property
    def unmapped(self) -> tuple[int, ...]:
        """Source values that nothing is assigned to yet."""
        return tuple(sorted(set(self.names) - set(self.targets) - {0}))

    @property
    def unlabelled(self) -> tuple[int, ...]:
        """What a voxel without label may be: background or a structure that is not complete."""
        return (0, *(s.value for s in self.label_set if s.value not in self.complete))

    @property
    def everything(self) -> tuple[int, ...]:
        """The classes of a voxel about which nothing is known."""
        return tuple(range(self.label_set.n_classes))

    def assign(self, value: int, structures: Iterable[str | int]) -> "ImportPlan":
        """With `value` meaning one or several structures, by name or value; "background" and "ignored" are allowed.

        Raises UserError for a name that the label set does not have, and for none at all.
        """
        wanted = list(structures)
        if not wanted:
            raise UserError(f"label {value} is assigned to nothing: choose structures, background or {IGNORED}")
        classes = self.everything if wanted == [IGNORED] else tuple(sorted({self._class(name) for name in wanted}))
        names = {value: str(value), **self.names}
        return replace(self, targets={**self.targets, value: classes}, names=names)

    def declare(self, structures: Iterable[str | int]) -> "ImportPlan":
        """With these structures, and no others, declared complete by the source."""
        return replace(self, complete=tuple(sorted({self.label_set.find(name).value for name in structures})))

    def _class(self, name: str | int) -> int:
        return 0 if name in (0, "background") else self.label_set.find(name).value

    def classes_in(self, source: Source) -> dict[int, tuple[int, ...]]:
        """Source value -> classes for the values of this source; segments are found by their names.

        Raises UserError for labels and segments that the plan does not know.
        """
        found = {value: self._classes(value, source) for value in source.single_values}
        strange = [value for value, classes in found.items() if classes is None]
        if strange:
            raise UserError(_strange([source.names.get(v) or self.names.get(v) or str(v) for v in strange]))
        known = {value: classes for value, classes in found.items() if classes is not None}
        for value, parts in source.overlaps.items():
            known[value] = tuple(sorted({c for part in parts for c in known[part]}))
        return known

    def _classes(self, value: int, source: Source) -> tuple[int, ...] | None:
        name = source.names.get(value)
        if name is None:
            return self.targets.get(value)
        rules = {normalise(self.names[mine]): classes for mine, classes in self.targets.items() if mine in self.names}
        return rules.get(normalise(name)) or classes_of_name(name, self.label_set)

    def save(self, path: str | Path) -> None:
        """Write the plan as a mapping file, for `load_mapping` and --mapping. Raises UserError when it has gaps."""
        path = Path(path)
        keys = ["background", *(s.key for s in self.label_set)]
        if self.unmapped:
            raise UserError(f"label {self.names[self.unmapped[0]]!r} has no structure yet: assign one, or {IGNORED}")
        if self.slices or self.in_part:
            raise UserError("a mapping cannot hold what is complete in single slices: keep the label table beside it")
        reached = {c for classes in self.targets.values() for c in classes}
        if lacking := [c for c in self.complete if c not in reached]:
            raise UserError(f"{keys[lacking[0]]} is declared complete, but no label leads to it: do not declare it")
        labels = [{"value": value, "name": self.names.get(value, str(value)), "targets": [keys[c] for c in classes]}
                  for value, classes in sorted(self.targets.items())]  # fmt: skip
        record = {
            "name": path.stem,
            "title": path.stem,
            "target": self.label_set.name,
            "source": [self.why or "made by hand"],
            "annotated": [keys[c] for c in self.complete],
            "labels": labels,
        }
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _strange(names: list[str]) -> str:
    called = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"label {called} is not in the mapping: add it, as a structure, background or {IGNORED}"
