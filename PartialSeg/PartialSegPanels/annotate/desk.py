"""A reader's desk: the worklist, the case that is open, and the work that could not be saved yet. No Qt, no scene."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.saver import Saver
from PartialSegPanels.annotate.session import Session, open_session

if TYPE_CHECKING:
    from PartialSegLib.structures import LabelSet


class Desk:
    """One for each tab.

    worklist: None before a folder is opened. session: the open case, or None. kept: sessions whose scene is gone and
    that are not on disk yet; they are tried again with every autosave and opened again with their case.
    """

    def __init__(self, label_set: LabelSet) -> None:
        self.label_set = label_set
        self.worklist: Any = None
        self.session: Session | None = None
        self.kept: list[Session] = []
        self.saver = Saver()

    @property
    def reader(self) -> str:
        """Pseudonym of who reads, "" before a worklist is open."""
        return self.worklist.reader if self.worklist is not None else ""

    def open_folder(self, folder: Path, reader: str, create: bool = False) -> None:
        """Open a dataset folder, or create one; raises UserError. The open case must be closed before."""
        from PartialSegLib.dataset.worklist import Worklist

        self.worklist = Worklist.create(folder, reader) if create else Worklist.open(folder, reader)

    def read_case(self, item: Any) -> Session:
        """A case as it is on disk, or as it is kept in memory; `opened` makes it the open one. May run in a thread.

        Raises UserError when the case cannot be read.
        """
        kept = [s for s in self.kept if s.folder == Path(item.folder) and s.reader == self.reader]
        return kept[0] if kept else open_session(item.name, Path(item.folder), self.reader, self.label_set)

    def opened(self, session: Session) -> None:
        """This is the open case from now on; the one before must be closed."""
        self.kept = [s for s in self.kept if s is not session]
        self.session = session
        self.worklist.current = session.name

    def drop_case(self) -> None:
        """Close without waiting: what is not on disk yet is kept in memory until it is."""
        if self.session is not None and not self.session.is_saved:
            self.kept.append(self.session)
        self.session = None

    def rescue(self) -> str:
        """Write what is kept in memory, for the application closes; where a folder cannot be written, into a dataset of
        its own. Where that is, "" for nothing.

        Raises UserError when not even that is possible.
        """
        with suppress(UserError):  # what was under way is written again right here
            self.saver.wait()
        for session in self.kept:
            if not session.conflict:
                with suppress(UserError):
                    self.saver.save(session)
        self.kept = [session for session in self.kept if not session.is_saved]
        if not self.kept:
            return ""
        from PartialSegLib.dataset.worklist import Worklist  # needs packages that a Slicer without a case may lack
        from PartialSegLib.files import user_cache_dir

        folder = user_cache_dir() / "unsaved" / time.strftime("%Y%m%d-%H%M%S")
        for session in self.kept:
            worklist = Worklist.create(folder, session.reader)
            session.move(worklist.add(session.image, name=session.name).folder)
            self.saver.save(session)
        self.kept = []
        return str(folder)

    def autosave(self) -> None:
        """Begin to save what is not saved; a case that somebody else saved since waits for the reader's word."""
        if self.saver.busy:
            return
        for session in [*self.kept, self.session]:
            if session is not None and not session.is_saved and not session.conflict:
                self.saver.start(session)
                return

    def poll(self) -> bool:
        """Whether a save ended since the last call; raises UserError when it failed."""
        ended = self.saver.poll()
        self.kept = [session for session in self.kept if not session.is_saved]
        return ended
