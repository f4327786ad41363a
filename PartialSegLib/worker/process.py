"""A child process that speaks JSON lines, and the end of it with everything it started."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from PartialSegLib.errors import UserError

_LONGEST_LINE = 16 << 20
_LAST_LINES = 20
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Message:
    """A JSON object that the child sent."""

    content: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of text that the child printed."""

    text: str


@dataclass(frozen=True)
class Ended:
    """The child is gone. code: its exit code, negative for a signal. last_words: what it printed last."""

    code: int
    last_words: str


@dataclass(eq=False)
class Child:
    """A running child process. inbox: what came from it; Ended is the last. is_ready: whether it took up its work."""

    process: subprocess.Popen
    inbox: "queue.SimpleQueue[Message | Line | Ended]" = field(default_factory=queue.SimpleQueue)
    is_ready: bool = False
    gone: threading.Event = field(default_factory=threading.Event)
    _printed: deque = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    _ending: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def start(cls, python: Sequence[str]) -> "Child":
        """Start `python -m PartialSegLib.worker`. Raises UserError when that program cannot be started."""
        # A process group of its own on POSIX, so that all it starts can be ended at once; no console on Windows.
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUNBUFFERED": "1"}
        try:
            process = subprocess.Popen(
                [*python, "-m", "PartialSegLib.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=os.name == "posix",
                creationflags=flags,
            )
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"Python cannot be started ({python[0]}: {reason}): install the program again") from error
        child = cls(process)
        reading = [threading.Thread(target=child._read_errors, daemon=True)]
        reading.append(threading.Thread(target=child._read, args=(reading[0],), daemon=True))
        for thread in reading:
            thread.start()
        return child

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self.process.pid

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended; waits for who is just finding out."""
        with self._ending:
            return self.gone.is_set()

    def send(self, content: dict[str, Any]) -> None:
        """Send a message; a child that is gone does not get it, and its inbox says that it is gone."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(content).encode() + b"\n")
            self.process.stdin.flush()

    def end(self, timeout: float = 5.0) -> None:
        """Kill the child and everything it started, and wait until it is gone."""
        with self._ending:
            if not self.gone.is_set():
                kill_tree(self.process)
        self.gone.wait(timeout)

    def look(self) -> None:
        """Kill what a dead child has left: while that holds the pipes, nothing else tells that the child is gone."""
        with self._ending:
            if not self.gone.is_set() and self.process.poll() is not None:
                kill_tree(self.process)

    def _read(self, errors: threading.Thread) -> None:
        assert self.process.stdout is not None
        for line in _lines(self.process.stdout):
            content = _decode(line)
            self.inbox.put(Message(content) if content is not None else Line(_text(line)))
        # What the child started must not outlive it. Before `wait`, while its number cannot be given to another.
        with self._ending:
            if self.process.returncode is None:
                kill_tree(self.process)
            code = self.process.wait()
            self.gone.set()
        errors.join(timeout=0.5)
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self.inbox.put(Ended(code, self._printed[-1] if self._printed else ""))

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in _lines(self.process.stderr):
            text = _text(line)
            if text:
                self._printed.append(text)
                self.inbox.put(Line(text))
        self.process.stderr.close()


def kill_tree(process: subprocess.Popen) -> None:
    """Kill a child that was not waited for yet, or was just now, with all processes that it started."""
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, creationflags=subprocess.CREATE_NO_WINDOW)
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _lines(stream: IO[bytes]) -> Any:
    with contextlib.suppress(OSError, ValueError):
        while line := stream.readline(_LONGEST_LINE):
            yield line


def _decode(line: bytes) -> dict[str, Any] | None:
    """The message in a line, None for anything else that a program may print."""
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) and "event" in content else None


def _text(line: bytes) -> str:
    return line[:2000].decode(errors="replace").strip()
