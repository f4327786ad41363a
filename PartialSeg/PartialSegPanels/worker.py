"""The worker of this Slicer: which Python its child process runs."""

import shutil
import sys
from pathlib import Path
from typing import Any


def make_worker() -> Any:
    """A worker that starts its child process with Slicer's own Python."""
    from PartialSegLib.worker.client import Worker

    return Worker(python=[python_executable()])


def python_executable() -> str:
    """PythonSlicer, which has Slicer's packages; in a plain Python (the stand-in host) that Python itself."""
    # In Slicer sys.executable names PythonSlicer on some systems and the application on others.
    return shutil.which("PythonSlicer") or _beside(Path(sys.executable)) or sys.executable


def _beside(executable: Path) -> str | None:
    for name in ("PythonSlicer", "PythonSlicer.exe"):
        if (executable.parent / name).is_file():
            return str(executable.parent / name)
    return None
