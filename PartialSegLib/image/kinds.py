"""Which files and folders are volumes, told by names and first bytes alone."""

import os
from pathlib import Path

from PartialSegLib.errors import UserError

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")


def volume_suffix(path: str | os.PathLike[str]) -> str | None:
    """The one of `SUFFIXES` that the name ends in, in whatever case; None when it is none of them."""
    name = Path(path).name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def is_volume_file(path: str | os.PathLike[str]) -> bool:
    """Whether the name is that of a volume this package reads (the file need not exist)."""
    return volume_suffix(path) is not None


def is_dicom_file(path: Path) -> bool:
    """Whether the file starts as a DICOM file does; False also when it cannot be opened."""
    return file_start(path)[128:132] == b"DICM"


def holds_dicom(folder: str | os.PathLike[str]) -> bool:
    """Whether the folder itself, not one inside it, holds a DICOM file."""
    return any(is_dicom_file(path) for path in files_in(Path(folder)))


def files_in(folder: Path) -> list[Path]:
    """The files right in `folder`, sorted, without a DICOM directory file; UserError when they cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and path.name.upper() != "DICOMDIR")
    except OSError as error:
        raise UserError(f"cannot look into {folder} ({error.strerror}): check the path and the permissions") from error


def file_start(path: Path) -> bytes:
    """The first bytes of a file, enough for any magic number; none when it cannot be opened."""
    try:
        with open(path, "rb") as file:
            return file.read(2048)
    except OSError:
        return b""
