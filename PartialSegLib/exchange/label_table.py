"""The table beside a label map: what each value means and what is complete, as CSV, and as ITK-SNAP reads labels.

With its table a label map loses nothing: the import reads both back to the same candidate sets.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PartialSegLib.annotation import AXES, parse_range, ranges_of
from PartialSegLib.annotation.record import Axis
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.single_valued import union_name
from PartialSegLib.files import atomic_path
from PartialSegLib.structures import LabelSet, load_label_set
from PartialSegLib.supervision import PAINTED_BACKGROUND, Completeness, State

_COLUMNS = ("value", "name", "members", "state", "complete_slices", "red", "green", "blue", "code", "label_set")
_STATES = {State.NOT_LOOKED_AT: "not looked at", State.IN_PART: "in part", State.COMPLETE: "complete"}
_UNION_COLOR, _BACKGROUND_COLOR = (250, 200, 60), (90, 90, 90)


@dataclass(frozen=True)
class LabelTable:
    """members: value -> the classes such a voxel may be; annotated, in_part, slices: as in CaseEntry."""

    label_set: LabelSet
    names: dict[int, str]
    members: dict[int, tuple[int, ...]]
    annotated: tuple[int, ...] = ()
    in_part: tuple[int, ...] = ()
    slices: dict[Axis, dict[str, tuple[int, ...]]] = field(default_factory=dict)


def write_label_table(
    path: Path, label_set: LabelSet, record: Completeness, unions: Mapping[int, tuple[int, ...]], overwrite: bool
) -> None:
    """Write the CSV table; UserError when it cannot be written."""
    ranges = ranges_of(record)
    with (
        atomic_path(path, overwrite) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        table = csv.DictWriter(file, _COLUMNS)
        table.writeheader()
        for value, members in _all_members(label_set, unions).items():
            row = _appearance(value, members, label_set)
            if 1 <= value < label_set.n_classes:
                row["state"] = _STATES[State(int(record.volume[value]))]
                row["complete_slices"] = _slices_of(value, ranges)
            table.writerow(row)


def write_itksnap_labels(
    path: Path, label_set: LabelSet, unions: Mapping[int, tuple[int, ...]], overwrite: bool
) -> None:
    """Write names and colors as ITK-SNAP's label description file."""
    lines = ["# ITK-SnAP Label Description File", "# IDX -R- -G- -B- -A-- VIS MSH LABEL"]
    lines.append('    0     0    0    0        0  0  0    "Clear Label"')
    for value, members in _all_members(label_set, unions).items():
        row = _appearance(value, members, label_set)
        color = f"{row['red']:>5}{row['green']:>5}{row['blue']:>5}"
        lines.append(f'{value:>5} {color}        1  1  1    "{row["name"]}"')
    with atomic_path(path, overwrite) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_label_table(path: Path) -> LabelTable | None:
    """The table in a CSV file; None when it is no table of ours. Raises UserError when it is one, but damaged."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != _COLUMNS:
                return None
            rows = list(reader)
        label_set = load_label_set(rows[0]["label_set"])
        return _parse(rows, label_set)
    except (OSError, UnicodeDecodeError):
        return None
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration, UserError) as error:
        raise UserError(f"{path} is a damaged label table ({error}): export it again, or remove it") from error


def _all_members(label_set: LabelSet, unions: Mapping[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    single = {s.value: (s.value,) for s in label_set}
    several = {value: tuple(sorted(set(members))) for value, members in sorted(unions.items())}
    return {**single, **several, PAINTED_BACKGROUND: (0,)}


def _appearance(value: int, members: tuple[int, ...], label_set: LabelSet) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_COLUMNS, "")
    color = _BACKGROUND_COLOR if value == PAINTED_BACKGROUND else _UNION_COLOR
    name = union_name(members, label_set)
    if 1 <= value < label_set.n_classes:
        structure = label_set.by_value(value)
        color, row["code"] = structure.color, f"{structure.type.scheme} {structure.type.value}"
    keys = ["background" if c == 0 else label_set.by_value(c).key for c in members]
    return row | {
        "value": value,
        "name": name,
        "members": ";".join(keys),
        "label_set": label_set.name,
        **dict(zip(("red", "green", "blue"), color, strict=True)),
    }


def _slices_of(value: int, ranges: Mapping[Any, Mapping[str, Sequence[int]]]) -> str:
    """ "k 12 20-31;i 40": the slices, per axis, in which a structure is complete."""
    texts = {axis: [text for text, values in found.items() if value in values] for axis, found in ranges.items()}
    return ";".join(" ".join([axis, *found]) for axis, found in texts.items() if found)


def _parse(rows: list[dict[str, str]], label_set: LabelSet) -> LabelTable:
    classes = {"background": 0} | {s.key: s.value for s in label_set}
    table = LabelTable(label_set, {}, {})
    annotated, in_part = [], []
    for row in rows:
        value = int(row["value"])
        table.names[value] = row["name"]
        table.members[value] = tuple(sorted(classes[key] for key in row["members"].split(";")))
        annotated += [value] * (row["state"] == _STATES[State.COMPLETE])
        in_part += [value] * (row["state"] == _STATES[State.IN_PART])
        for text in filter(None, row["complete_slices"].split(";")):
            letter, *found = text.split(" ")
            axis = next(axis for axis in AXES if axis == letter)
            ranges = table.slices.setdefault(axis, {})
            for name in found:
                parse_range(name)
                ranges[name] = (*ranges.get(name, ()), value)
    return LabelTable(label_set, table.names, table.members, tuple(annotated), tuple(in_part), table.slices)
