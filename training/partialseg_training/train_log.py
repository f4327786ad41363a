"""Logs of a run as JSON lines that others can watch and that a kill leaves whole."""

import json
import os
from pathlib import Path

from PartialSegLib.errors import UserError


class JsonLines:
    """Appends one JSON object per event, with its "step"; events after `step` (of a killed run) are dropped first."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        path.touch()
        # Cut, not written anew: a run that is killed right here must not lose its curve.
        os.truncate(path, _length_until(path, step))

    def write(self, step: int, **values: object) -> None:
        """Append at once, so that others can watch and a kill loses nothing."""
        try:
            with open(self.path, "a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps({"step": step, **values}) + "\n")
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {error.strerror}; make room and resume") from error

    def read(self) -> list[dict]:
        """All events so far."""
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]


def _length_until(path: Path, step: int) -> int:
    """Bytes of the whole lines up to and with `step`."""
    length = 0
    with open(path, "rb") as file:
        for line in file:
            if not line.endswith(b"\n") or _step_of(line) > step:
                break
            length += len(line)
    return length


def _step_of(line: bytes) -> float:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return float("inf")
