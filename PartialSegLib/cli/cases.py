"""What INPUT names: one volume, or many cases (a folder of them, or a text file that lists them)."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from PartialSegLib.errors import UserError

LIST_SUFFIXES = (".txt", ".lst")


@dataclass(frozen=True)
class Case:
    """One volume to segment. `source` is a file or a DICOM folder; `name` becomes the name of its results."""

    name: str
    source: Path


def find_cases(source: Path) -> list[Case] | None:
    """The cases that `source` names, sorted by name, or None when it is one volume itself.

    Raises UserError when `source` does not exist, lists what does not exist, or holds nothing at all.
    """
    if not source.exists():
        raise UserError(f"{source} does not exist: check the path")
    if source.is_dir():
        return _cases_in_folder(source)
    if source.name.lower().endswith(LIST_SUFFIXES):
        return _named(_listed(source))
    return None


def _cases_in_folder(folder: Path) -> list[Case] | None:
    from PartialSegLib.image.kinds import holds_dicom, is_volume_file

    if holds_dicom(folder):
        return None
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    # A segmentation is a result, perhaps of an earlier run into the same folder.
    volumes = [item for item in entries if is_volume_file(item) and not item.name.lower().endswith(".seg.nrrd")]
    series = [item for item in entries if item.is_dir() and holds_dicom(item)]
    if not volumes and not series:
        raise UserError(
            f"{folder} holds neither DICOM files nor volumes nor DICOM folders: "
            "name a volume, a DICOM folder, a folder of cases, or a .txt file that lists cases"
        )
    return _named([*volumes, *series])


def _listed(path: Path) -> list[Path]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the list {path}: it must be UTF-8 text with one case per line") from error
    sources = [path.parent / line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not sources:
        raise UserError(f"the list {path} is empty: write one file or DICOM folder per line")
    return sources


def _named(sources: list[Path]) -> list[Case]:
    """Name every case after its file; files of the same name also get the name of their folder."""
    stems = Counter(_stem(source) for source in sources)
    names = [
        _stem(source) if stems[_stem(source)] == 1 else f"{source.absolute().parent.name}_{_stem(source)}"
        for source in sources
    ]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"several cases would be called {twice[0]}: rename the files or their folders")
    return sorted((Case(name, source) for name, source in zip(names, sources, strict=True)), key=lambda case: case.name)


def _stem(source: Path) -> str:
    from PartialSegLib.image.kinds import volume_suffix

    name = source.name or source.absolute().name
    return name[: len(name) - len(volume_suffix(source) or "")]
