"""Runs jobs and commands in processes of their own and tells how long they took and how much memory they had."""

import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[2]
_PATHS = (str(ROOT), str(ROOT / "training"))


class FailedError(Exception):
    """A contender did not finish; the message is one line that says why."""


@dataclass(frozen=True)
class Outcome:
    """values: what the job returned. wall: seconds of the whole process. peak_bytes: its peak, 0 where not its own."""

    values: dict[str, Any]
    wall: float
    peak_bytes: int


class RunJob(Protocol):
    """How jobs are run: `run_isolated` or `run_here`."""

    def __call__(self, job: str, /, **options: Any) -> Outcome:
        """Run `jobs/<job>.py`; raises FailedError."""


def run_isolated(job: str, /, **options: Any) -> Outcome:
    """Run a job in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="partialseg-bench-") as folder:
        request, result = Path(folder) / "options.json", Path(folder) / "result.json"
        request.write_text(json.dumps(options), encoding="utf-8")
        command = [sys.executable, "-m", "Testing.benchmarks.child", job, str(request), str(result)]
        wall, _ = run_command(command)
        answer = json.loads(result.read_text(encoding="utf-8"))
    return Outcome(answer["values"], wall, answer["peak_bytes"])


def run_here(job: str, /, **options: Any) -> Outcome:
    """Run a job in this process, for a quick look whether it works: its memory and start cannot be told."""
    sys.path.extend(path for path in _PATHS if path not in sys.path)
    start = time.perf_counter()
    try:
        with redirect_stdout(io.StringIO()):
            values = importlib.import_module(f"Testing.benchmarks.jobs.{job}").run(**options)
    except Exception as error:
        raise FailedError(_one_line(f"{type(error).__name__}: {error}")) from error
    return Outcome(json.loads(json.dumps(values)), time.perf_counter() - start, 0)


def run_command(command: Sequence[str], variables: Mapping[str, str] | None = None) -> tuple[float, int]:
    """Run a command to its end; returns seconds and peak bytes. Raises FailedError with the last line it printed.

    This process must be small itself: until the command takes over, the child counts with its parent's memory.
    """
    paths = os.pathsep.join(filter(None, (*_PATHS, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths, **(variables or {})}
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read().decode(errors="replace")
    if process.returncode != 0:
        raise FailedError(_reason(process.returncode, printed))
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _reason(code: int, printed: str) -> str:
    if code == -9:
        return "killed, most likely because memory ran out"
    lines = [line for line in printed.splitlines() if line.strip()]
    return _one_line(lines[-1] if lines else f"exit code {code}")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
