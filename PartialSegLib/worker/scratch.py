"""Folders through which voxels pass between two processes: removed when the job ends, by whoever is left to do it.

A folder holds a patient's voxels, so none may stay behind. The client removes it; where the client dies, its child
does; where both die at once, the next client on this computer does, told by a lock that dies with its holder.
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from PartialSegLib.errors import UserError

_PREFIX = "partialseg-job-"
_OWNER = "owner"
# A folder gets its lock right after it is made.
_NEW_S = 60.0


class Scratch:
    """A new folder in `parent`, or where the system keeps temporary files; gone when the context ends.

    Raises UserError when the folder cannot be made.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent

    def __enter__(self) -> Path:
        try:
            if self._parent is not None:
                self._parent.mkdir(parents=True, exist_ok=True)
            self._path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
            self._owner = open(self._path / _OWNER, "wb")  # open for as long as the folder is there
            _lock(self._owner)
        except OSError as error:
            where = self._parent or "the folder for temporary files"
            raise UserError(f"cannot write to {where}: {error.strerror}; choose a folder you may write to") from error
        return self._path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner.close()  # on Windows a folder cannot go while one of its files is open
        remove(self._path)


def remove(folder: Path) -> None:
    """Remove a folder; on Windows the files of a process that was just killed stay open for a moment."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def sweep(parent: Path | None = None) -> None:
    """Remove the folders in `parent` whose client and child were both killed."""
    with contextlib.suppress(OSError):
        for folder in Path(parent or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if time.time() - folder.stat().st_mtime > _NEW_S and _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _lock(file: IO[bytes]) -> None:
    """Lock an open file until it is closed or its process ends; Windows keeps an open file from being removed."""
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_abandoned(folder: Path) -> bool:
    owner = folder / _OWNER
    try:
        if os.name == "posix":
            with open(owner, "rb") as file:
                _lock(file)
        else:
            owner.unlink()
    except FileNotFoundError:
        return True
    except OSError:  # locked, in use, or another person's
        return False
    return True
