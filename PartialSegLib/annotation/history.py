"""Who declared what and when: one JSON object per line, only ever added to.

A line holds an act (see `Act`) or {"what": "save"}, with the reader's pseudonym and a revision. Acts are written before
the revision they belong to counts, "save" after it: without that line the save was cut short, there or right after it.
"""

import errno
import json
import os
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from PartialSegLib.annotation.acts import Act


def append_acts(path: Path, reader: str, revision: int, acts: Iterable[Act]) -> None:
    """Add acts; those that are in the file already, from a save that failed, are not repeated. Raises OSError."""
    seen = {json.dumps(_of_act(line), sort_keys=True) for line in read_history(path)}
    told = [act.as_dict() for act in acts]
    _append(path, reader, revision, [act for act in told if json.dumps(_of_act(act), sort_keys=True) not in seen])


def append_save(path: Path, reader: str, revision: int) -> None:
    """Add that a revision is on disk. Raises OSError."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    _append(path, reader, revision, [{"what": "save", "time": now}])


def _append(path: Path, reader: str, revision: int, lines: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps({"reader": reader, "revision": revision, **line}) + "\n" for line in lines)
    torn = "" if _ends_a_line(path) else "\n"  # left by a process that was killed
    data = (torn + text).encode()
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
    try:
        if os.write(handle, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def _ends_a_line(path: Path) -> bool:
    old = path.read_bytes() if path.exists() else b""
    return not old or old.endswith(b"\n")


def read_history(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a history; none when there is no file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def last_revision(path: Path) -> int:
    """The highest revision that a history speaks of, 0 for none."""
    revisions = [line.get("revision") for line in read_history(path)]
    return max((revision for revision in revisions if isinstance(revision, int)), default=0)


def _of_act(line: dict[str, Any]) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in line.items()
        if key not in ("reader", "revision")
    }
