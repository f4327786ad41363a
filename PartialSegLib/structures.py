"""Label sets: which structures there are, and what the field calls them.

A label set is a JSON file of structures with their label values, colours, left/right pairs and Slicer terminology
strings, which carry the SNOMED CT codes. Label 0 is always background and is not a structure.

>>> label_set = load_label_set("abdomen16")
>>> label_set.find("inferior vena cava").value
9
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from PartialSegLib.errors import UserError
from PartialSegLib.resources import resource_path

RIGHT, LEFT = "24028007", "7771000"  # SNOMED CT laterality
LESION = "49755003"  # SNOMED CT category Morphologically Altered Structure
MAX_STRUCTURES = 31  # with background, one bit each in a 32-bit candidate set

T = TypeVar("T")


class Code(NamedTuple):
    """One coded concept as DICOM writes it, e.g. Code("SCT", "64033007", "Kidney")."""

    scheme: str
    value: str
    meaning: str


class Terminology(NamedTuple):
    """The seven parts of Slicer's TerminologyEntry tag; a part that is left open is None."""

    context: str
    category: Code
    type: Code
    modifier: Code | None
    region_context: str
    region: Code | None
    region_modifier: Code | None


@dataclass(frozen=True)
class Structure:
    """One class of a label set.

    value: label value, 1 and up. key: name for files and code. color: red, green, blue, 0 to 255, as Slicer shows it.
    category, type, modifier: SNOMED CT codes, read from `terminology`. pair: value of the same structure on the
    other side. aliases: other names a person may type. note: what the codes or colour leave out.
    """

    value: int
    name: str
    key: str
    color: tuple[int, int, int]
    category: Code
    type: Code
    modifier: Code | None
    terminology: str
    pair: int | None = None
    aliases: tuple[str, ...] = ()
    note: str = ""

    @property
    def segment_id(self) -> str:
        """Identifier of this structure's segment in a .seg.nrrd file; it never changes with the display name."""
        return self.key


@dataclass(frozen=True)
class LabelSet:
    """Structures with the values 1, 2, ... in this order; iterating gives the structures."""

    name: str
    title: str
    version: str
    structures: tuple[Structure, ...]

    def __iter__(self) -> Iterator[Structure]:
        return iter(self.structures)

    @property
    def n_classes(self) -> int:
        """Number of classes with background."""
        return len(self.structures) + 1

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Values (right, left) of every structure that exists on both sides."""
        return [(s.value, s.pair) for s in self if s.pair and s.modifier and s.modifier.value == RIGHT]

    @property
    def lesions(self) -> tuple[int, ...]:
        """Values of the structures that are no anatomy but something wrong with it."""
        return tuple(s.value for s in self if s.category.value == LESION)

    def by_value(self, value: int) -> Structure:
        """The structure with this label value; raises UserError for background and unknown values."""
        if not 1 <= value < self.n_classes:
            raise UserError(f"{self.name} has no structure with value {value}: use 1 to {self.n_classes - 1}")
        return self.structures[value - 1]

    def find(self, query: str | int) -> Structure:
        """The structure with this name, key, alias or value ("right kidney", "right_kidney", "Kidney_Right", "2", 2).

        Raises UserError that lists the closest names when there is none.
        """
        if isinstance(query, int) or query.strip().isdecimal():
            return self.by_value(int(query))
        found = self._by_name.get(normalise(query))
        if found is None:
            raise UserError(f"{self.name} has no structure {query!r}: {self._suggestion(normalise(query))}")
        return found

    @cached_property
    def _by_name(self) -> dict[str, Structure]:
        return {normalise(name): s for s in self for name in (s.name, s.key, *s.aliases)}

    def _suggestion(self, query: str) -> str:
        from difflib import get_close_matches  # only for an error, and slow to import

        near = get_close_matches(query, self._by_name) + [name for name in self._by_name if query and query in name]
        names = list(dict.fromkeys(self._by_name[name].name for name in near))
        return f"did you mean {' or '.join(names)}?" if names else f"use one of {', '.join(s.name for s in self)}"


def normalise(name: str) -> str:
    """A name without case and punctuation, so that "Right_Kidney" and "right kidney" are the same."""
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def label_set_names() -> list[str]:
    """Names of the label sets that ship with PartialSeg."""
    return names_in("label_sets")


def load_label_set(name: str | Path = "abdomen16") -> LabelSet:
    """Read a label set that ships with PartialSeg, or the user's own from the path of a .json file.

    Raises UserError when there is none of that name or the file is malformed.
    """
    path = locate("label_sets", name, "label set")
    record = read_record(path)
    only(record, {"name", "title", "version", "source", "structures"}, path.name)
    structures = [_structure(item, f"{path.name}, structure {i}") for i, item in enumerate(_items(record, path), 1)]
    take(record, "source", list, path.name)
    label_set = LabelSet(
        name=take(record, "name", str, path.name),
        title=take(record, "title", str, path.name),
        version=take(record, "version", str, path.name),
        structures=tuple(structures),
    )
    _check(label_set, path.name)
    return label_set


def parse_terminology(text: str, where: str = "terminology") -> Terminology:
    """Split Slicer's seven-part string; raises UserError when it is not one."""
    parts = text.split("~")
    if len(parts) != 7:
        raise UserError(f"{where}: a terminology string has 7 parts joined by ~, this one has {len(parts)}; correct it")
    codes = {i: _code(parts[i], where) for i in (1, 2, 3, 5, 6)}
    category, kind = codes[1], codes[2]
    if category is None or kind is None:
        raise UserError(f"{where}: the terminology string needs a category and a type; correct it")
    return Terminology(parts[0], category, kind, codes[3], parts[4], codes[5], codes[6])


def _code(part: str, where: str) -> Code | None:
    triplet = part.split("^")
    if len(triplet) != 3 or any(triplet) != all(triplet):
        raise UserError(f"{where}: {part!r} is not scheme^value^meaning; correct the terminology string")
    return Code(*triplet) if all(triplet) else None


def _items(record: dict[str, Any], path: Path) -> list[Any]:
    items = take(record, "structures", list, path.name)
    if not 1 <= len(items) <= MAX_STRUCTURES:
        raise UserError(f"{path.name}: a label set has 1 to {MAX_STRUCTURES} structures, this one has {len(items)}")
    return items


def _structure(record: Any, where: str) -> Structure:
    if not isinstance(record, dict):
        raise UserError(f"{where}: expected an object with value, name, key, color and terminology")
    only(record, {"value", "name", "key", "color", "pair", "terminology", "aliases", "note"}, where)
    color = take(record, "color", list, where)
    if len(color) != 3 or not all(type(c) is int and 0 <= c <= 255 for c in color):
        raise UserError(f"{where}: 'color' must be three whole numbers from 0 to 255, not {color}")
    aliases = take(record, "aliases", list, where, default=[])
    if not all(isinstance(alias, str) for alias in aliases):
        raise UserError(f"{where}: 'aliases' must be a list of names")
    text = take(record, "terminology", str, where)
    terms = parse_terminology(text, where)
    return Structure(
        value=take(record, "value", int, where),
        name=take(record, "name", str, where),
        key=take(record, "key", str, where),
        color=(color[0], color[1], color[2]),
        category=terms.category,
        type=terms.type,
        modifier=terms.modifier,
        terminology=text,
        pair=take(record, "pair", int, where) if "pair" in record else None,
        aliases=tuple(aliases),
        note=take(record, "note", str, where, default=""),
    )


def _check(label_set: LabelSet, where: str) -> None:
    """Raise UserError unless values count from 1, names are unique and pairs are the two sides of one structure."""
    values = [s.value for s in label_set]
    if values != list(range(1, label_set.n_classes)):
        raise UserError(f"{where}: the values must be 1 to {len(values)} in this order, not {values}")
    owners: dict[str, int] = {}
    for structure in label_set:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", structure.key) or structure.key == "background":
            raise UserError(f"{where}: key {structure.key!r} must be lower case letters, digits and _, not background")
        for name in (structure.name, structure.key, *structure.aliases):
            if owners.setdefault(normalise(name), structure.value) != structure.value:
                raise UserError(f"{where}: {name!r} names two structures; give each name to one")
        if structure.pair is not None:
            _check_pair(label_set, structure, where)


def _check_pair(label_set: LabelSet, structure: Structure, where: str) -> None:
    other = next((s for s in label_set if s.value == structure.pair and s.pair == structure.value), None)
    sides = {s.modifier.value for s in (structure, other) if s and s.modifier}
    if other is None or other.type != structure.type or sides != {RIGHT, LEFT}:
        raise UserError(
            f"{where}: {structure.name} and its pair {structure.pair} must name each other, "
            "with one type and the modifiers Right and Left"
        )


def names_in(folder: str) -> list[str]:
    """Names of the JSON files in a folder of shipped resources."""
    return sorted(path.stem for path in resource_path(folder).glob("*.json"))


def locate(folder: str, name: str | Path, what: str) -> Path:
    """Path of the shipped `folder`/`name`.json, or `name` itself when it is the path of a .json file."""
    if Path(name).suffix == ".json":
        return Path(name)
    names = names_in(folder)
    if name not in names:
        raise UserError(f"there is no {what} {str(name)!r}: use {', '.join(names)} or the path of a .json file")
    return resource_path(folder, f"{name}.json")


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a file; raises UserError when it cannot be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; check the path") from error
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}); correct the file") from error
    if not isinstance(record, dict):
        raise UserError(f"{path} must hold one JSON object; correct the file")
    return record


def take(record: dict[str, Any], key: str, kind: type[T], where: str, default: T | None = None) -> T:
    """`record[key]`, which must be of type `kind`; a key without default must be there. Raises UserError."""
    if key not in record:
        if default is None:
            raise UserError(f"{where}: {key!r} is missing; add it")
        return default
    value = record[key]
    if type(value) is not kind:  # not isinstance: true is no whole number
        raise UserError(f"{where}: {key!r} must be a {_KINDS[kind]}, not {json.dumps(value)[:40]}")
    return value


def only(record: dict[str, Any], allowed: set[str], where: str) -> None:
    """Raise UserError for a key that nobody would read, most likely a typing error."""
    surplus = sorted(set(record) - allowed)
    if surplus:
        raise UserError(f"{where}: unknown entry {surplus[0]!r}; use {', '.join(sorted(allowed))}")


_KINDS: dict[type, str] = {str: "text", int: "whole number", list: "list"}
