"""A folder of cases as a reader works through it: which cases there are, how far each is, which one comes next."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PartialSegLib.annotation.head import CaseState
from PartialSegLib.annotation.reading_files import ReadingFiles, check_reader, readers
from PartialSegLib.annotation.side_file import read_side_file
from PartialSegLib.dataset.entries import CaseEntry
from PartialSegLib.dataset.load import CASE_FILE, load_case
from PartialSegLib.dataset.write import write_case
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.image import Modality, Volume, read_volume
from PartialSegLib.image.kinds import volume_suffix
from PartialSegLib.modality import detect_modality

_MEMORY = ".worklist"  # a folder that datasets pass over
_FINISHED = (CaseState.DONE, CaseState.FLAGGED)


@dataclass(frozen=True)
class WorkItem:
    """One case of the list. state and seconds: this reader's. readers: all who saved a reading of it.

    warning: what is wrong with the case, in one line, "" for nothing; with state None it cannot be opened.
    """

    name: str
    folder: Path
    state: CaseState | None
    readers: tuple[str, ...] = ()
    seconds: float = 0.0
    modality: Modality | None = None
    warning: str = ""


class Worklist:
    """The cases of `folder`, as `reader` (a pseudonym) works through them."""

    def __init__(self, folder: str | Path, reader: str) -> None:
        check_reader(reader)
        self.folder, self.reader = Path(folder).absolute(), reader

    @classmethod
    def open(cls, folder: str | Path, reader: str) -> "Worklist":
        """The worklist of a folder that is there; UserError otherwise."""
        worklist = cls(folder, reader)
        if not worklist.folder.is_dir():
            raise UserError(f"{folder} is no folder: connect the drive that holds the dataset, or create a new one")
        return worklist

    @classmethod
    def create(cls, folder: str | Path, reader: str) -> "Worklist":
        """The same for a folder that is made where there is none; cases that lie in it stay."""
        worklist = cls(folder, reader)
        try:
            worklist.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot create {folder} ({error.strerror}): choose another folder") from error
        return worklist

    @property
    def items(self) -> list[WorkItem]:
        """All cases by name, as they are on disk now; what is wrong with one does not keep the others away."""
        try:
            files = sorted(self.folder.glob(f"[!.]*/{CASE_FILE}"))
        except OSError as error:
            raise UserError(f"cannot look into {self.folder} ({error.strerror}): connect the drive") from error
        return [self._item(file) for file in files]

    @property
    def current(self) -> str | None:
        """Name of the case that this reader opened last, also in an earlier session; None before the first."""
        try:
            name = json.loads(self._memory.read_text(encoding="utf-8"))["current"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return name if isinstance(name, str) and (self.folder / name / CASE_FILE).is_file() else None

    @current.setter
    def current(self, name: str) -> None:
        # Where the folder cannot be written, saving will say so; not to remember a place is no reason to stop work.
        with suppress(UserError), atomic_path(self._memory) as path:
            path.write_text(json.dumps({"current": name}) + "\n", encoding="utf-8")

    def next(self, name: str | None, unfinished: bool = True) -> WorkItem | None:
        """The case after `name`, the first one for None; None after the last.

        unfinished: pass over cases that this reader is done with or flagged, and over those that cannot be opened.
        """
        return self._beside(self.items, name, unfinished)

    def previous(self, name: str | None, unfinished: bool = True) -> WorkItem | None:
        """The case before `name`, the last one for None; None before the first."""
        return self._beside(self.items[::-1], name, unfinished)

    def add(
        self,
        image: str | Path | Volume,
        name: str | None = None,
        modality: Modality | None = None,
        patient: str | None = None,
    ) -> WorkItem:
        """A new case of a volume, an image file or a DICOM folder, whole or not at all.

        name: of its folder; by default case_001 and so on, which tells nothing of the patient. modality: detected where
        it is not given. UserError when the name is taken or the image cannot be used.
        """
        volume = image if isinstance(image, Volume) else read_volume(image)
        # A file keeps its bytes; a DICOM folder becomes one file without the patient's data.
        keeps = not isinstance(image, Volume) and volume_suffix(image) is not None
        entry = CaseEntry(
            name=_checked_name(name) if name else self._free_name(),
            dataset=self.folder.name or "dataset",
            modality=modality or detect_modality(volume).modality,
            image=Path("image"),
            patient=patient,
        )
        write_case(self.folder, entry, Path(image) if keeps and not isinstance(image, Volume) else volume, None)
        return self._item(self.folder / entry.name / CASE_FILE)

    @property
    def _memory(self) -> Path:
        return self.folder / _MEMORY / f"{self.reader}.json"

    def _item(self, file: Path) -> WorkItem:
        folder = file.parent
        try:
            names = tuple(readers(folder))
            entry = load_case(file)
            if not entry.image.exists():
                raise UserError(f"{entry.image} does not exist: restore the image or remove the case")
        except (UserError, OSError) as error:
            return WorkItem(folder.name, folder, None, warning=str(error))
        files, warning = ReadingFiles(folder, self.reader), ""
        state, seconds = CaseState.NOT_STARTED, 0.0
        if self.reader in names:
            state = CaseState.IN_PROGRESS
            try:
                if side := read_side_file(files.now.side):
                    state, seconds = side.state, side.seconds
            except UserError as error:
                warning = str(error)
        return WorkItem(folder.name, folder, state, names, seconds, entry.modality, warning)

    def _free_name(self) -> str:
        number = 1
        while (self.folder / f"case_{number:03d}").exists():
            number += 1
        return f"case_{number:03d}"

    @staticmethod
    def _beside(items: list[WorkItem], name: str | None, unfinished: bool) -> WorkItem | None:
        names = [item.name for item in items]
        later = items[names.index(name) + 1 :] if name in names else items
        wanted = (item for item in later if not unfinished or (item.state and item.state not in _FINISHED))
        return next(wanted, None)


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,62}[A-Za-z0-9_-]|[A-Za-z0-9_-]", name):
        raise UserError(f"{name!r} cannot be the name of a case: use letters, digits, spaces and . _ - inside")
    return name
