"""Output files: checked before the slow work, written beside, renamed together."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path

SEGMENTATION_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".mha")


def check_output(path: Path, suffixes: Sequence[str], overwrite: bool, source: Path | None = None) -> None:
    """Raise UserError unless `path` ends in one of `suffixes`, is not the input itself, and can be written."""
    if not path.name.lower().endswith(tuple(suffixes)) or path.name.lower() in suffixes:
        raise UserError(f"cannot tell what to write from the name {path}: end it in {_either(suffixes)}")
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file that ends in {_either(suffixes)}")
    if source is not None and path.exists() and path.samefile(source):
        raise UserError(f"{path} is the input: choose another output")
    if path.exists() and not overwrite:
        raise UserError(f"{path} exists already: choose another output or pass --overwrite")
    check_writable(path.parent)


def check_writable(folder: Path) -> None:
    """Raise UserError unless a file can be made in `folder`, or in the nearest folder above it that exists.

    Nothing is left behind: a run that fails later must not have made folders.
    """
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"cannot write to {folder}: {reason}; choose a folder you may write to") from error


@contextmanager
def staged(paths: Mapping[str, Path], overwrite: bool) -> Iterator[dict[str, Path]]:
    """Yield a temporary path for each of `paths`; all are renamed when the block ends well, none when it does not.

    The last of `paths` is renamed last, so it can vouch for the others.
    """
    with ExitStack() as stack:
        # An ExitStack leaves in reverse order, hence the reversal here.
        yield {key: stack.enter_context(atomic_path(path, overwrite)) for key, path in list(paths.items())[::-1]}


def _either(suffixes: Sequence[str]) -> str:
    return suffixes[0] if len(suffixes) == 1 else f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
