"""The models of this computer: those that ship, and those that its user installed from a file."""

import hashlib
import json
import os
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from PartialSegLib.bundle import METADATA, SHIPPED, SUMS, Bundle
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path, sha256
from PartialSegLib.resources import resource_path

_PARTIAL = ".partial-"
_REMOVED = ".removed-"
_BLOCK = 1 << 20
_LONGEST_LIST = 1 << 20


@dataclass(frozen=True)
class ModelInfo:
    """A model as a person chooses it. metrics: one line, empty where the model says nothing. shipped: not removable."""

    path: Path
    name: str
    version: str
    date: str
    metrics: str
    shipped: bool = False


def user_models_dir() -> Path:
    """Where this user's models live, e.g. ~/.local/share/partialseg/models on Linux; not created here."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "partialseg" / "models"


def installed_models(folder: Path | None = None) -> list[ModelInfo]:
    """All models, the default first, then by name and the newest first; nothing is hashed, so this is quick.

    folder: takes the place of `user_models_dir()`. A folder that is no model is left out.
    """
    default = resource_path(*SHIPPED)
    shipped = [info for path in _folders(default.parent) if (info := _info(path, shipped=True))]
    installed = [info for path in _folders(folder or user_models_dir()) if (info := _info(path))]
    shipped.sort(key=lambda info: (info.path != default, info.name))
    installed.sort(key=lambda info: info.date, reverse=True)
    installed.sort(key=lambda info: info.name)
    return shipped + installed


def install_model(source: Path, sha256: str | None = None, folder: Path | None = None) -> ModelInfo:
    """Install the model in a .zip file or a folder, whole or not at all; what is installed already is left as it is.

    sha256: of the .zip file (of SHA256SUMS for a folder), where its source names one. folder: see `installed_models`.
    An installation that was killed goes on where it stopped when it is started again. Only files that the model's list
    of hashes names are taken. Raises UserError when the file is damaged, is no model, or cannot be written.
    """
    root = folder or user_models_dir()
    _check_hash(Path(source), sha256)
    try:
        with _Source(Path(source)) as files:
            digest = hashlib.sha256(files.sums).hexdigest()[:12]
            partial = root / f"{_PARTIAL}{digest}"
            try:
                return _install(files, partial, root, digest)
            except Exception:
                shutil.rmtree(partial, ignore_errors=True)
                raise
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{source} cannot be installed ({reason}): get the file again, or free some space") from error


def remove_model(path: Path, folder: Path | None = None) -> None:
    """Remove an installed model. Raises UserError for one that ships, and while it cannot be removed."""
    root = (folder or user_models_dir()).resolve()
    path = Path(path).resolve()
    if path.parent != root or not (path / SUMS).is_file():
        raise UserError(f"{path.name} was not installed by you and cannot be removed: choose another model")
    doomed = root / f"{_REMOVED}{path.name}"
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        path.rename(doomed)  # at once: half a model must never be found
    except OSError as error:
        raise UserError(f"{path.name} cannot be removed ({error.strerror}): close what uses it, try again") from error
    shutil.rmtree(doomed, ignore_errors=True)


class _Source:
    """The files of a model in a folder or .zip file, by their names in its list of hashes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            self._prefix = ""
        elif zipfile.is_zipfile(path):
            self._zip = zipfile.ZipFile(path)
            self._prefix = _prefix(self._zip.namelist())
        else:
            raise UserError(f"{path} is no model: choose the .zip file, or the folder, of a PartialSeg model")
        try:
            with self.open(SUMS) as file:
                self.sums = file.read(_LONGEST_LIST)
        except (KeyError, FileNotFoundError) as error:
            self.__exit__()
            raise UserError(f"{path} is no model: it has no {SUMS}; choose the file of a PartialSeg model") from error

    def __enter__(self) -> "_Source":
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def open(self, name: str) -> IO[bytes]:
        """The file of this name, below the folder of the list."""
        return open(self._path / name, "rb") if self._zip is None else self._zip.open(self._prefix + name)

    def listed(self) -> dict[str, str]:
        """Hash by name of every file. Raises UserError for a name that leads out of the model's folder."""
        lines = self.sums.decode(errors="replace").splitlines()
        entries = {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}
        for name in entries:
            parts = PurePosixPath(name).parts
            if "\\" in name or ":" in name or name.startswith("/") or ".." in parts:
                raise UserError(f"{self._path} lists {name!r}, which lies outside the model: get the file again")
        return entries


def _install(files: _Source, partial: Path, root: Path, digest: str) -> ModelInfo:
    for name, expected in files.listed().items():
        _copy(files, name, expected, partial / name)
    with atomic_path(partial / SUMS) as temporary:
        temporary.write_bytes(files.sums)
    bundle = Bundle.load(partial)
    name, version = (str(bundle.metadata.get(key, "")) for key in ("name", "version"))
    target = root / f"{_file_name(name)}-{_file_name(version)}-{digest}"
    if (target / SUMS).is_file():
        shutil.rmtree(partial)
    else:
        partial.rename(target)
    info = _info(target)
    if info is None:
        raise UserError(f"{target} cannot be read: install the model again")
    return info


def _copy(files: _Source, name: str, expected: str, target: Path) -> None:
    """Copy one file unless it is there already, from an installation that was stopped. Raises UserError."""
    if target.is_file() and sha256(target) == expected:
        return
    digest = hashlib.sha256()
    try:
        with files.open(name) as source, atomic_path(target) as temporary, open(temporary, "wb") as file:
            while block := source.read(_BLOCK):
                digest.update(block)
                file.write(block)
            if digest.hexdigest() != expected:
                raise UserError(f"{name} of the model is damaged (its SHA-256 differs): get the file again")
    except (KeyError, FileNotFoundError) as error:
        raise UserError(f"{name} of the model is missing: get the file again") from error


def _check_hash(source: Path, expected: str | None) -> None:
    if expected is None:
        return
    file = source / SUMS if source.is_dir() else source
    if not file.is_file() or sha256(file) != expected.strip().lower():
        raise UserError(f"{source} is not the expected file (its SHA-256 differs): get it again")


def _prefix(names: Iterable[str]) -> str:
    """The folder of the model inside a .zip file, "" or ending in /: that of the outermost list of hashes."""
    found = sorted((name for name in names if PurePosixPath(name).name == SUMS), key=lambda name: name.count("/"))
    return found[0][: -len(SUMS)] if found else ""


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _info(path: Path, shipped: bool = False) -> ModelInfo | None:
    """What a model says of itself, None when it is none."""
    try:
        metadata = json.loads((path / METADATA).read_text(encoding="utf-8"))
        text: Callable[[str], str] = lambda key: str(metadata.get(key, ""))  # noqa: E731
        return ModelInfo(path, text("name"), text("version"), text("date"), _metrics(metadata), shipped)
    except (OSError, ValueError, AttributeError):
        return None


def _metrics(metadata: dict[str, Any]) -> str:
    """The mean Dice of each test set."""
    said = []
    metrics = metadata.get("metrics")
    for data, of in metrics.items() if isinstance(metrics, dict) else ():
        mean = of.get("mean_over_structures") if isinstance(of, dict) else None
        dsc = mean.get("dsc") if isinstance(mean, dict) else None
        if isinstance(dsc, (int, float)):
            said.append(f"Dice {dsc:.2f} ({data}{_cases(of.get('cases'))})")
    return ", ".join(said)


def _cases(cases: Any) -> str:
    count = len(cases) if isinstance(cases, list) else 0
    return f", {count} case{'s' if count > 1 else ''}" if count else ""


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "._" else "_" for c in text)[:60].lstrip(".") or "model"
