"""Saving beside the reader's work: a thread compresses and writes, the window stays alive. No Qt."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PartialSegLib.errors import UserError

if TYPE_CHECKING:
    from PartialSegPanels.annotate.session import Session, Snapshot

_LOOK = 0.005  # seconds that a poll lends to the thread: Slicer runs Python threads only while Python code waits


class Saver:
    """Writes one session at a time."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._snapshot: Snapshot | None = None
        self._result: Any = None
        self._error: Exception | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being written, or was and nobody asked how it went."""
        return self._thread is not None

    def start(self, session: Session) -> None:
        """Begin to write what there is now; does nothing while it is busy."""
        if self.busy:
            return
        self._snapshot, self._result, self._error = session.snapshot(), None, None
        self._thread = threading.Thread(target=self._write, name="save annotation", daemon=False)
        self._thread.start()

    def poll(self) -> bool:
        """Whether writing ended since the last call; raises UserError when it failed."""
        return self._finish(_LOOK)

    def wait(self) -> None:
        """Until what was begun is on disk; raises UserError when it failed."""
        self._finish(None)

    def save(self, session: Session) -> None:
        """Write everything of a session and wait for that; raises UserError when it fails."""
        with suppress(UserError):  # the same work is written again right here
            self.wait()
        if not session.is_saved:
            self.start(session)
            self.wait()

    def _finish(self, timeout: float | None) -> bool:
        if self._thread is None:
            return False
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        self._thread = None
        snapshot, self._snapshot = self._snapshot, None
        if self._error is not None:
            raise self._told(snapshot) from self._error
        if snapshot is not None:
            snapshot.session.saved(snapshot, self._result)
        return True

    def _told(self, snapshot: Snapshot | None) -> UserError:
        from PartialSegLib.annotation.reading import Conflict

        error = self._error
        if isinstance(error, Conflict) and snapshot is not None:
            snapshot.session.conflict = str(error)
        if isinstance(error, UserError):
            return error
        reason = getattr(error, "strerror", None) or error
        return UserError(f"cannot save: {reason}; your work is kept here, check the dataset folder and save again")

    def _write(self) -> None:
        try:
            self._result = self._snapshot.write() if self._snapshot else None
        except Exception as error:  # whatever it is, the reader must hear of it in the window
            self._error = error
