"""Which images and labels belong together: a list, an nnU-Net dataset, two folders or two files."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from PartialSegLib.errors import UserError
from PartialSegLib.image.kinds import holds_dicom, volume_suffix

_COLUMNS = {"image", "label", "name", "modality", "patient"}
_LABEL_SUFFIXES = (".seg.nrrd", ".dcm")


@dataclass(frozen=True)
class Pair:
    """One case to import. image: a file or DICOM folder; label: None when no file goes with the image."""

    name: str
    image: Path
    label: Path | None
    modality: str | None = None
    patient: str | None = None


def find_pairs(images: Path, labels: Path | None) -> list[Pair]:
    """The cases that two paths name, by name.

    images alone: a .csv list with the columns image and label (and name, modality, patient; paths relative to it), or
    an nnU-Net dataset. With labels: two files, or two folders in which a case has one name; _0000 is left out of it.
    Raises UserError when nothing is found.
    """
    for path in (images, labels):
        if path is not None and not path.exists():
            raise UserError(f"{path} does not exist: check the path")
    if labels is None:
        pairs = _listed(images) if images.suffix.lower() == ".csv" else _nnunet(images)
    elif labels.is_dir():
        pairs = _by_name(images, labels)
    else:
        pairs = [Pair(_stem(images), images, labels)]
    if not pairs:
        raise UserError(f"{images} holds no images: give files, folders of them, an nnU-Net dataset or a .csv list")
    twice = [pair.name for n, pair in enumerate(pairs) if pair.name in {other.name for other in pairs[:n]}]
    if twice:
        raise UserError(f"two cases are named {twice[0]}: rename one, or give names in a .csv list")
    return pairs


def _listed(path: Path) -> list[Pair]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read the list {path}: it must be a CSV table in UTF-8") from error
    columns = set(rows[0]) if rows else set()
    if not {"image", "label"} <= columns or columns - _COLUMNS:
        raise UserError(f"the list {path} needs the columns image and label, and may have name, modality and patient")
    return [_row(row, path.parent) for row in rows]


def _row(row: dict[str, str], folder: Path) -> Pair:
    cells = {key: (value or "").strip() for key, value in row.items()}
    if not cells["image"]:
        raise UserError("a row of the list names no image: fill it in, or remove the row")
    image = folder / cells["image"]
    label = folder / cells["label"] if cells["label"] else None
    modality = cells.get("modality", "").lower() or None
    return Pair(cells.get("name") or _stem(image), image, label, modality, cells.get("patient") or None)


def _nnunet(folder: Path) -> list[Pair]:
    if not (folder / "imagesTr").is_dir() or not (folder / "labelsTr").is_dir():
        raise UserError(f"{folder} is neither an nnU-Net dataset nor a .csv list: give the folder of labels too")
    return _by_name(folder / "imagesTr", folder / "labelsTr")


def _by_name(images: Path, labels: Path) -> list[Pair]:
    if not images.is_dir() or holds_dicom(images):
        found = [images]
    else:
        found = [path for path in sorted(images.iterdir()) if not path.name.startswith(".") and _is_image(path)]
    by_name: dict[str, Path] = {}
    for path in (path for path in sorted(labels.iterdir()) if _is_label(path) and path not in found):
        if other := by_name.get(_stem(path)):
            raise UserError(f"{labels} has {other.name} and {path.name} for one case: keep one, or give a .csv list")
        by_name[_stem(path)] = path
    return [Pair(_stem(path), path, by_name.get(_stem(path))) for path in found]


def _is_image(path: Path) -> bool:
    if path.is_dir():
        return holds_dicom(path)
    return volume_suffix(path) is not None and not path.name.lower().endswith(".seg.nrrd")


def _is_label(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.is_file() and not hidden and (volume_suffix(path) is not None or path.suffix.lower() == ".dcm")


def _stem(path: Path) -> str:
    name = path.name or path.absolute().name
    suffix = next((s for s in _LABEL_SUFFIXES if name.lower().endswith(s)), volume_suffix(path) or "")
    return re.sub(r"_0000$", "", name[: len(name) - len(suffix)])
