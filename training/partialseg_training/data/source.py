"""What a prepared case was made from, so that a changed file or annotation is noticed and nothing is made twice."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PartialSegLib.dataset.entries import Entry
from PartialSegLib.errors import UserError
from PartialSegLib.files import sha256
from PartialSegLib.image.kinds import files_in

_ROLES = ("image", "label", "labels16", "tissues", "tissue_names")


def source_of(entry: Entry) -> dict[str, Any]:
    """What the entry says, and size, time and a hash of its files; plain values."""
    files = {role: {**_stat(path), "hash": _hash(path)} for role, path in _files(entry)}
    return {"says": _says(entry), "files": files}


def is_source(saved: dict[str, Any], entry: Entry) -> bool:
    """Whether `saved` was made of this entry with these files; a file is only read when its time has changed."""
    if saved["says"] != _says(entry) or set(saved["files"]) != {role for role, _ in _files(entry)}:
        return False
    return all(_is_file(saved["files"][role], path) for role, path in _files(entry))


def check_files(entry: Entry) -> None:
    """Raise UserError when a file of the entry is not there, before hours of work on the others."""
    missing = [f"{role} {path}" for role, path in _files(entry) if not path.exists()]
    if missing:
        raise UserError(f"case {entry.name}: {missing[0]} does not exist: correct the dataset")


def _says(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(mode="json", exclude={*_ROLES, "labels_by"})


def _files(entry: Entry) -> Iterator[tuple[str, Path]]:
    return ((role, path) for role in _ROLES if (path := getattr(entry, role, None)) is not None)


def _is_file(saved: dict[str, Any], path: Path) -> bool:
    now = _stat(path)
    return saved["size"] == now["size"] and (saved["mtime_ns"] == now["mtime_ns"] or saved["hash"] == _hash(path))


def _parts(path: Path) -> list[Path]:
    """The file, or those of a DICOM folder."""
    return files_in(path) if path.is_dir() else [path]


def _stat(path: Path) -> dict[str, int]:
    stats = [part.stat() for part in _parts(path)]
    return {"size": sum(s.st_size for s in stats), "mtime_ns": max((s.st_mtime_ns for s in stats), default=0)}


def _hash(path: Path) -> str:
    return hashlib.sha256("".join(map(sha256, _parts(path))).encode()).hexdigest()
