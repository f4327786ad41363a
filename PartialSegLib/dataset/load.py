"""Datasets: a manifest file, or a folder with one folder for each case."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from PartialSegLib.annotation.reading_files import ReadingFiles, readers
from PartialSegLib.dataset.declared import DECLARED, declared_in
from PartialSegLib.dataset.entries import CaseEntry, Entry, LabelMapEntry
from PartialSegLib.errors import UserError
from PartialSegLib.image import is_volume_file

CASE_FILE = "case.json"
_PATHS = ("image", "label", "labels16", "tissues", "tissue_names")


@dataclass(frozen=True)
class Dataset:
    """Cases and label maps by name, in the order they were listed; their paths are absolute."""

    path: Path
    entries: dict[str, Entry]

    @property
    def cases(self) -> dict[str, CaseEntry]:
        """Only what has an image."""
        return {name: entry for name, entry in self.entries.items() if isinstance(entry, CaseEntry)}

    def select(self, names: Sequence[str] | None) -> list[Entry]:
        """The entries of these names, in this order; None for all. Raises UserError for a name that is not there."""
        unknown = [name for name in names or () if name not in self.entries]
        if unknown:
            near = get_close_matches(unknown[0], self.entries, 1)
            advice = f"did you mean {near[0]}?" if near else f"it has {_some(self.entries)}"
            raise UserError(f"{self.path} has no case named {unknown[0]}: {advice}")
        return [self.entries[name] for name in (self.entries if names is None else names)]


def load_dataset(path: str | Path) -> Dataset:
    """Read a dataset: a manifest {"cases": [...], "labelmaps": [...]} with paths relative to it, or a folder of cases.

    A folder of cases holds FOLDER/<name>/case.json, a CaseEntry, beside image.* and labels.* of any format; `name`,
    `dataset`, `image` and `label` may be left out of it. Where it declares nothing and the label is a .seg.nrrd file
    that carries a record, such as a reading, what is declared there counts. Nothing but these JSON files and headers is
    read here. Raises UserError for what cannot be read, misspelt keys, a name used twice, and datasets without cases.
    """
    path = Path(path).absolute()
    if not path.exists():
        raise UserError(f"dataset {path} does not exist: give a manifest file or a folder of cases")
    entries: dict[str, Entry] = {}
    for entry in _folder_entries(path) if path.is_dir() else _manifest_entries(path):
        if entry.name in entries:
            raise UserError(f"{path} has two cases named {entry.name}: give each its own name")
        entries[entry.name] = entry
    if not entries:
        where = f"put a {CASE_FILE} beside each image" if path.is_dir() else "list some under `cases`"
        raise UserError(f"dataset {path} holds no cases: {where}")
    return Dataset(path, entries)


def _manifest_entries(path: Path) -> Iterator[Entry]:
    content = _object(path)
    surplus = sorted(set(content) - {"cases", "labelmaps"})
    if surplus or "cases" not in content:
        problem = f"unknown entry {surplus[0]!r}" if surplus else "`cases` is missing"
        raise UserError(f"{path}: {problem}; a manifest holds `cases` and `labelmaps`")
    for key in ("cases", "labelmaps"):
        items = content.get(key, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise UserError(f"{path}: `{key}` must be a list of JSON objects; correct it")
        for number, item in enumerate(items, 1):
            yield _entry(item, path.parent, f"{path}, {item.get('name') or f'{key} number {number}'}")


def _folder_entries(folder: Path) -> Iterator[Entry]:
    for file in sorted(folder.glob(f"[!.]*/{CASE_FILE}")):
        yield _folder_entry(file)


def load_case(file: Path) -> CaseEntry:
    """The case of one case.json of a folder of cases; raises UserError as `load_dataset` does."""
    entry = _folder_entry(file.absolute())
    if not isinstance(entry, CaseEntry):
        raise UserError(f"{file} describes a label map without an image: there is nothing to annotate")
    return entry


def _folder_entry(file: Path) -> Entry:
    values = {"name": file.parent.name, "dataset": file.parent.parent.name, **_object(file)}
    if "labels16" in values:
        del values["dataset"]
    else:
        for key, stem in (("image", "image"), ("label", "labels")):
            if key not in values and (found := _beside(file.parent, stem)):
                values[key] = found
        if not values.get("label") and (names := readers(file.parent)):
            values["label"] = str(ReadingFiles(file.parent, names[0]).now.labels)
        if isinstance(values.get("label"), str) and not set(values) & set(DECLARED):
            values |= declared_in(file.parent / values["label"])
    return _entry(values, file.parent, str(file))


def _beside(folder: Path, stem: str) -> str | None:
    """The one volume file named `stem`.* in `folder`."""
    found = sorted(path.name for path in folder.glob(f"{stem}.*") if is_volume_file(path))
    if len(found) > 1:
        raise UserError(f"{folder} has {found[0]} and {found[1]}: keep one of them or name it in {CASE_FILE}")
    return found[0] if found else None


def _entry(values: dict[str, Any], root: Path, where: str) -> Entry:
    """A checked entry whose relative paths start from `root`."""
    kind: type[Entry] = LabelMapEntry if "labels16" in values else CaseEntry
    paths = {key: str(root / values[key]) for key in _PATHS if isinstance(values.get(key), str)}
    try:
        return kind.model_validate({**values, **paths})
    except ValidationError as error:
        raise UserError(f"{where}: {_reason(error, kind)}") from error


def _reason(error: ValidationError, kind: type[Entry]) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = get_close_matches(key, kind.model_fields, 1)
        advice = f"did you mean {near[0]!r}?" if near else f"use {_some(kind.model_fields)}"
        return f"unknown entry {key!r}; {advice}"
    if first["type"] == "missing":
        return f"{key!r} is missing; add it"
    if key == "name":
        return '`name` must be usable as the name of a folder; leave out / \\ : * ? " < > | and dots at its ends'
    return f"{key + ': ' if key else ''}{first['msg'].removeprefix('Value error, ')}"


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path and the permissions") from error
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}): correct the file, or give a folder of cases") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} must hold one JSON object: correct the file")
    return content


def _some(names: "dict[str, Any]") -> str:
    listed = list(names)
    return ", ".join(listed[:12]) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "")
