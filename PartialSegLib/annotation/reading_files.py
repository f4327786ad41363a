"""The files of one reader's annotation of one case, by name.

CASE/readings/AB.seg.nrrd                   labels, with the record in the tags: the one that counts
CASE/readings/AB.json                       side file
CASE/readings/AB.history.jsonl              who declared what and when
CASE/readings/versions/AB.12.seg.nrrd       the five before, each with its side file
CASE/readings/AB.conflict-...seg.nrrd       work that came second, with its side file
"""

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from PartialSegLib.errors import UserError

READINGS = "readings"
_SUFFIX = ".seg.nrrd"
_READER = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Pair(NamedTuple):
    """A segmentation and its side file."""

    labels: Path
    side: Path


class ReadingFiles:
    """Paths only; nothing need exist. UserError when the reader is no pseudonym."""

    def __init__(self, case_folder: str | Path, reader: str) -> None:
        check_reader(reader)
        self.case, self.reader = Path(case_folder), reader
        self.folder = self.case / READINGS
        self.now = self._pair(self.folder, reader)
        self.history = self.folder / f"{reader}.history.jsonl"
        self.versions_folder = self.folder / "versions"

    def version(self, revision: int) -> Pair:
        """A former revision."""
        return self._pair(self.versions_folder, f"{self.reader}.{revision}")

    def versions(self) -> list[int]:
        """The former revisions that are kept, oldest first."""
        pattern = re.compile(re.escape(self.reader) + r"\.(\d+)\.(seg\.nrrd|json)")
        names = [path.name for path in self.versions_folder.glob(f"{self.reader}.*")]
        return sorted({int(match[1]) for name in names if (match := pattern.fullmatch(name))})

    def conflict(self) -> Pair:
        """A new name for work that came second."""
        time = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
        return self._pair(self.folder, f"{self.reader}.conflict-{time}")

    @staticmethod
    def _pair(folder: Path, stem: str) -> Pair:
        return Pair(folder / f"{stem}{_SUFFIX}", folder / f"{stem}.json")


def check_reader(reader: str) -> None:
    """UserError unless it is a pseudonym that can be the name of a file."""
    if not _READER.fullmatch(reader):
        raise UserError(f"{reader!r} is no reader's pseudonym: use 1 to 32 letters, digits, _ and -")


def readers(case_folder: str | Path) -> list[str]:
    """Pseudonyms of those who have saved a reading of the case, sorted."""
    names = [path.name.removesuffix(_SUFFIX) for path in (Path(case_folder) / READINGS).glob(f"*{_SUFFIX}")]
    return sorted(name for name in names if _READER.fullmatch(name))


def side_file_of(labels: Path) -> Path | None:
    """Where the side file of a reading's segmentation is; None for a segmentation that lies elsewhere."""
    is_reading = labels.parent.name == READINGS and labels.name.endswith(_SUFFIX)
    return labels.with_name(labels.name.removesuffix(_SUFFIX) + ".json") if is_reading else None
