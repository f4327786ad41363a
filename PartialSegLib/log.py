"""A log file for errors nobody expected, so that a report can hold what the screen should not."""

import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from PartialSegLib import __version__
from PartialSegLib.files import user_cache_dir

_KEPT = 20


def write_error_log(error: BaseException) -> Path | None:
    """Write the traceback and the versions to a new file in the user's cache folder; None when nothing can be written.

    The log names files and versions, never voxel values or DICOM tags. Old logs beyond the newest 20 are removed.
    """
    text = "".join(traceback.format_exception(error))
    about = f"PartialSeg {__version__}, Python {platform.python_version()}, {platform.platform()}"
    for folder in (user_cache_dir() / "logs", Path(tempfile.gettempdir())):
        path = folder / f"partialseg-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{about}\n{' '.join(sys.argv)}\n\n{text}", encoding="utf-8")
            _remove_old(folder)
        except OSError:
            continue
        return path
    return None


def _remove_old(folder: Path) -> None:
    for path in sorted(folder.glob("partialseg-*.log"))[:-_KEPT]:
        path.unlink(missing_ok=True)
