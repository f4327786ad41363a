"""From the label values of a public data set to ours: what each voxel of its label maps may be.

A data set names some structures, merges others ("kidney" for both sides) and leaves the rest out. A mapping keeps the
three apart: a labelled voxel may be any of its label's targets, an unlabelled voxel may be background or any structure
that the data set does not annotate.

>>> mapping = load_mapping("word")
>>> mapping.targets[12]  # WORD's adrenal: right or left
(11, 12)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet, load_label_set, locate, names_in, only, read_record, take

if TYPE_CHECKING:
    import numpy as np

MAX_VALUE = 65535  # the largest source value; label maps are 16-bit at most
BLOCK = 1 << 20  # voxels looked up at a time, so that no index array as large as the volume is made


@dataclass(frozen=True)
class Mapping:
    """How a data set's label values read in a label set of ours.

    source: where the values come from. target: our label set. targets: source value -> the target values it may be,
    ascending, 0 for background. names: source value -> the data set's own name for it. annotated: target values whose
    every voxel carries a label with that target, on its own or in a union; the others are unknown wherever nothing
    else is labelled.
    """

    name: str
    title: str
    source: tuple[str, ...]
    target: LabelSet
    targets: dict[int, tuple[int, ...]]
    names: dict[int, str]
    annotated: tuple[int, ...]
    note: str = ""

    @property
    def unlisted(self) -> tuple[int, ...]:
        """What a voxel with a value outside `targets` may be: background or a structure that is not annotated."""
        return (0, *(s.value for s in self.target if s.value not in self.annotated))


def mapping_names() -> list[str]:
    """Names of the mappings that ship with PartialSeg."""
    return names_in("mappings")


def load_mapping(name: str | Path) -> Mapping:
    """Read a mapping that ships with PartialSeg, or the user's own from the path of a .json file.

    Raises UserError when there is none of that name or the file is malformed.
    """
    path = locate("mappings", name, "mapping")
    record = read_record(path)
    only(record, {"name", "title", "target", "source", "note", "annotated", "labels"}, path.name)
    target = load_label_set(take(record, "target", str, path.name))
    source = take(record, "source", list, path.name)
    if not source or not all(isinstance(line, str) for line in source):
        raise UserError(f"{path.name}: 'source' must say in a list of texts where the values come from")
    targets, names = _labels(record, target, path.name)
    annotated = _values(take(record, "annotated", list, path.name), target, f"{path.name}, annotated")
    _check_annotated(annotated, targets, target, path.name)
    return Mapping(
        name=take(record, "name", str, path.name),
        title=take(record, "title", str, path.name),
        source=tuple(source),
        target=target,
        targets=targets,
        names=names,
        annotated=annotated,
        note=take(record, "note", str, path.name, default=""),
    )


def apply_mapping(array: np.ndarray, mapping: Mapping) -> np.ndarray:
    """Candidate sets of a label map: uint32 of the same shape, bit c set where the voxel may be class c (0 background).

    Raises UserError unless `array` holds integers.
    """
    import numpy as np

    if array.dtype.kind not in "iub":
        raise UserError(f"a label map holds whole numbers, this one {array.dtype}: convert it to an integer type first")
    table = np.full(max(mapping.targets, default=0) + 2, _bits(mapping.unlisted), np.uint32)
    for value, targets in mapping.targets.items():
        table[value] = _bits(targets)
    flat = array.reshape(-1)
    if flat.dtype.kind == "u" and flat.itemsize == 8:  # the one integer type that numpy below 2 does not index with
        flat = flat.clip(max=table.size - 1).astype(np.int64)
    candidates = np.empty(flat.size, np.uint32)
    for start in range(0, flat.size, BLOCK):
        # Both ends of the table are unlisted values, so clipping sends every other value, negative too, to one.
        np.take(table, flat[start : start + BLOCK], mode="clip", out=candidates[start : start + BLOCK])
    return candidates.reshape(array.shape)


def _bits(values: tuple[int, ...]) -> int:
    return sum(1 << value for value in values)


def _labels(record: dict[str, Any], target: LabelSet, file: str) -> tuple[dict[int, tuple[int, ...]], dict[int, str]]:
    """The file's list of labels, ranges written out: source value -> targets and source value -> name."""
    targets: dict[int, tuple[int, ...]] = {}
    names: dict[int, str] = {}
    for i, label in enumerate(take(record, "labels", list, file), 1):
        where = f"{file}, label {i}"
        if not isinstance(label, dict):
            raise UserError(f"{where}: expected an object with value or range, name and targets")
        only(label, {"value", "range", "name", "targets"}, where)
        for value in _source_values(label, where):
            if value in targets:
                raise UserError(f"{where}: value {value} is listed twice; give each value one label")
            targets[value] = _values(take(label, "targets", list, where), target, where)
            names[value] = take(label, "name", str, where)
    return targets, names


def _source_values(label: dict[str, Any], where: str) -> range:
    """The values of "value": 63 or of "range": [55, 70], both ends included."""
    if ("value" in label) == ("range" in label):
        raise UserError(f"{where}: a label needs either 'value' or 'range'")
    ends = [take(label, "value", int, where)] * 2 if "value" in label else take(label, "range", list, where)
    if len(ends) != 2 or not all(type(end) is int for end in ends) or not 1 <= ends[0] <= ends[1] <= MAX_VALUE:
        raise UserError(f"{where}: a value lies between 1 and {MAX_VALUE}, a range is [first, last]; not {ends}")
    return range(ends[0], ends[1] + 1)


def _values(keys: list[Any], target: LabelSet, where: str) -> tuple[int, ...]:
    """Target values of keys such as "right_kidney" or "background", ascending."""
    known = {"background": 0} | {s.key: s.value for s in target}
    unknown = [key for key in keys if not isinstance(key, str) or key not in known]
    if unknown or not keys or len(set(keys)) != len(keys):
        problem = f"{target.name} has no {unknown[0]!r}" if unknown else "the list is empty or repeats a name"
        raise UserError(f"{where}: {problem}; use {', '.join(known)}")
    return tuple(sorted(known[key] for key in keys))


def _check_annotated(
    annotated: tuple[int, ...], targets: dict[int, tuple[int, ...]], target: LabelSet, file: str
) -> None:
    if 0 in annotated:
        raise UserError(f"{file}: background cannot be annotated; remove it from 'annotated'")
    reached = {value for group in targets.values() for value in group}
    missing = [target.by_value(value).name for value in annotated if value not in reached]
    if missing:
        raise UserError(f"{file}: {missing[0]} is annotated, but no label leads to it; add the label or remove it")
