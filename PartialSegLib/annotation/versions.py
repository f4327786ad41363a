"""The last five revisions before the present one."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from PartialSegLib.annotation.reading_files import ReadingFiles
from PartialSegLib.files import atomic_path

KEPT = 5


def keep_version(files: ReadingFiles, revision: int) -> None:
    """Keep the present files as those of `revision`; raises UserError when they cannot be written."""
    for source, target in zip(files.now, files.version(revision), strict=True):
        if source.is_file():
            with atomic_path(target) as temporary:
                temporary.unlink()
                _link(source, temporary)


def prune_versions(files: ReadingFiles) -> None:
    """Remove all but the last five; one that cannot be removed stays."""
    for revision in files.versions()[:-KEPT]:
        for path in files.version(revision):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # no links on this file system
        shutil.copyfile(source, target)
