"""The command that opens a result in 3D Slicer, when 3D Slicer is there."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

_USUAL_PLACES = {
    "darwin": ("/Applications/Slicer*.app/Contents/MacOS/Slicer", "~/Applications/Slicer*.app/Contents/MacOS/Slicer"),
    "win32": ("~/AppData/Local/slicer.org/*/Slicer.exe", "~/AppData/Local/NA-MIC/Slicer*/Slicer.exe"),
}
_LINUX_PLACES = (
    "~/Slicer*/Slicer",
    "~/Downloads/Slicer*/Slicer",
    "~/Applications/Slicer*/Slicer",
    "/opt/Slicer*/Slicer",
)


def open_command(source: Path, segmentation: Path) -> str | None:
    """A shell command that shows `segmentation` on its image in 3D Slicer; None when no 3D Slicer is found."""
    slicer = find_slicer()
    if slicer is None:
        return None
    lines = [f"slicer.util.loadVolume({json.dumps(str(source.absolute()))})"] if source.is_file() else []
    lines.append(f"slicer.util.loadSegmentation({json.dumps(str(segmentation.absolute()))})")
    return shlex.join([slicer, "--python-code", "; ".join(lines)])


def find_slicer() -> str | None:
    """The executable that SLICER names, else the one on PATH, else the newest in the usual places."""
    named = os.environ.get("SLICER")
    if named:
        return shutil.which(named)
    return shutil.which("Slicer") or _newest(_USUAL_PLACES.get(sys.platform, _LINUX_PLACES))


def _newest(patterns: tuple[str, ...]) -> str | None:
    found = []
    for pattern in patterns:
        path = Path(pattern).expanduser()
        found += [
            item for item in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if os.access(item, os.X_OK)
        ]
    return str(max(found, key=lambda item: item.stat().st_mtime)) if found else None
