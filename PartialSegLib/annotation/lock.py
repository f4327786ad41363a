"""One save at a time: a lock file that names its owner, so that the lock of a dead process does not hold for ever."""

import errno
import json
import os
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PartialSegLib.errors import UserError

LOCK_FILE = ".lock"
_OLD_S = 600.0  # no save takes as long; for owners on other computers, of which nothing else can be known
_EMPTY_OLD_S = 1.0  # a file that its owner did not live to write its name into
_STEP_S = 0.05


@contextmanager
def locked(folder: Path, timeout_s: float = 10.0) -> Iterator[None]:
    """Hold the lock of `folder`, which is made if need be. UserError when another process keeps it, or cannot write."""
    path, token = folder / LOCK_FILE, uuid.uuid4().hex
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "time": time.time(), "token": token}
    deadline = time.monotonic() + timeout_s
    try:
        folder.mkdir(exist_ok=True)
        while not _create(path, json.dumps(owner)):
            _remove_if_stale(path)
            if time.monotonic() > deadline:
                raise UserError(f"another process is saving in {folder}: wait until it is done and save again")
            time.sleep(_STEP_S)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot write to {folder}: {reason}; check the drive and the permissions") from error
    try:
        yield
    finally:
        if token in _content(path):
            with suppress(OSError):
                path.unlink()


def _create(path: Path, content: str) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    except PermissionError:
        if sys.platform == "win32" and path.exists():  # being removed by its owner
            return False
        raise
    try:
        written = os.write(handle, content.encode())
    except OSError:
        written = -1
    finally:
        os.close(handle)
    if written != len(content.encode()):
        path.unlink(missing_ok=True)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return True


def _remove_if_stale(path: Path) -> None:
    """Remove the lock of a dead process; only one process at a time may judge, or it could remove a newer lock."""
    judge = path.with_name(f"{LOCK_FILE}-takeover")
    if not _is_stale(path):
        return
    if not _create(judge, ""):
        if _age(judge) > _EMPTY_OLD_S:
            judge.unlink(missing_ok=True)
        return
    try:
        if _is_stale(path):
            path.unlink(missing_ok=True)
    finally:
        judge.unlink(missing_ok=True)


def _is_stale(path: Path) -> bool:
    age = _age(path)
    try:
        owner = json.loads(_content(path))
        here, pid = owner["host"] == socket.gethostname(), int(owner["pid"])
    except (ValueError, KeyError, TypeError):
        return age > _EMPTY_OLD_S
    return age > _OLD_S or (here and not is_alive(pid))


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def is_alive(pid: int) -> bool:
    """Whether a process of this number runs on this computer."""
    if sys.platform == "win32":  # there os.kill would end it
        import ctypes

        synchronize, timeout = 0x00100000, 0x00000102
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, pid)
        if not handle:
            return False
        running = ctypes.windll.kernel32.WaitForSingleObject(handle, 0) == timeout
        ctypes.windll.kernel32.CloseHandle(handle)
        return bool(running)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
