"""Folders written whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PartialSegLib.errors import UserError


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; on success rename it to `path`, on failure remove it.

    Raises UserError when `path` exists (folders are never overwritten), cannot be written, or the disk is full.
    """
    path = Path(path).absolute()
    if path.exists():
        raise UserError(f"{path} exists already: choose another output folder or remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=path.parent, ignore_cleanup_errors=True) as name:
            # One folder further in: a temporary directory itself can be read by its owner only.
            written = Path(name) / path.name
            written.mkdir()
            yield written
            written.rename(path)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot write {path}: {reason}; check the free space and the folder") from error
