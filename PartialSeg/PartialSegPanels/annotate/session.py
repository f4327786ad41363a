"""One reader at one case: what is painted, what is declared, and whether that is on disk. No Qt, no scene."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from PartialSegPanels.annotate.stopwatch import Stopwatch

if TYPE_CHECKING:
    from PartialSegLib.annotation.declarations import Declarations
    from PartialSegLib.annotation.reading import Reading
    from PartialSegLib.image import Volume
    from PartialSegLib.structures import LabelSet
    from PartialSegLib.supervision import Completeness


_UNIONS = range(32, 200)  # label values for "one of these structures"


class Session:
    """An open case.

    name, folder: the case. image: its voxels. labels: uint8 (z, y, x), what was painted when it was looked at last;
    never changed in place. unions: label value -> structures. declarations: what the reader said, with undo.
    state: the case's state in the worklist.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        image: Volume,
        reading: Reading,
        label_set: LabelSet,
        watch: Stopwatch | None = None,
    ) -> None:
        from PartialSegLib.annotation.declarations import Declarations

        self.name, self.folder, self.image, self.label_set = name, folder, image, label_set
        self.reader, self.state, self.warnings = reading.reader, reading.state, reading.warnings
        self.labels: np.ndarray = reading.labels.array
        self.unions = dict(reading.unions)
        z, y, x = self.labels.shape
        self.declarations: Declarations = Declarations(
            reading.completeness, (z, y, x), self._declared, self.unions, label_set
        )
        self.watch = watch or Stopwatch(reading.seconds)
        self.conflict = ""
        self._base = reading  # what is on disk
        self._acts: list[Any] = []
        self._changes = self._saved_changes = 0
        self._painting = threading.Lock()  # a scene that is closed does not wait for a thread to take over a stroke

    @property
    def is_saved(self) -> bool:
        """Whether everything that was painted and declared is on disk."""
        return self._changes == self._saved_changes

    @property
    def is_painted(self) -> bool:
        """Whether anything is painted."""
        return any(plane.any() for plane in self.labels)

    def contradicted(self, labels: np.ndarray) -> tuple[Any, ...]:
        """The complete declarations that painting `labels` contradicts; changes nothing."""
        from PartialSegLib.supervision import State

        completeness = self.declarations.completeness
        tables = (completeness.volume, completeness.z, completeness.y, completeness.x)
        if not any(table is not None and (table == State.COMPLETE).any() for table in tables):
            return ()  # most strokes: nothing is complete yet
        return self.declarations.touched(self.labels, labels)

    def read(self, labels: np.ndarray, unions: dict[int, tuple[int, ...]]) -> np.ndarray:
        """`labels` with this case's own values for unions, which get new ones where they are new."""
        table = np.arange(256, dtype=np.uint8)
        for value, members in unions.items():
            known = [own for own, others in self.unions.items() if set(others) == set(members)]
            table[value] = known[0] if known else next(v for v in _UNIONS if v not in self.unions)
            self.unions[int(table[value])] = tuple(members)
        self.declarations.unions = self.unions
        return labels if (table == np.arange(256)).all() else table[labels]

    def differs(self, labels: np.ndarray) -> bool:
        """Whether `labels` are not what was painted when it was looked at last."""
        return not np.array_equal(self.labels, labels)

    def paint(self, labels: np.ndarray) -> None:
        """Take over what is painted now; what it contradicts goes back to in part. May run in a thread."""
        with self._painting:
            if labels is not self.labels:
                self.declarations.edited(self.labels, labels)
                self.labels = labels
                self.touch()

    def replace(self, labels: np.ndarray, record: Completeness, unions: dict[int, tuple[int, ...]]) -> None:
        """Imported labels and what their source declares, in place of everything that was painted and declared."""
        from PartialSegLib.annotation.acts import Act
        from PartialSegLib.annotation.declarations import Declarations
        from PartialSegLib.supervision import State

        self.labels, self.unions = labels, dict(unions)
        z, y, x = labels.shape
        self.declarations = Declarations(record, (z, y, x), self._declared, self.unions, self.label_set)
        complete = tuple(np.flatnonzero(record.volume == State.COMPLETE).tolist())
        self._declared(Act("import", complete))

    def members(self, value: int) -> tuple[int, ...]:
        """The structures that a label value may be; none for unpainted and background."""
        if value in self.unions:
            return tuple(member for member in self.unions[value] if member)
        return (value,) if 0 < value < self.label_set.n_classes else ()

    def touch(self) -> None:
        """Something changed that is not on disk yet."""
        self._changes += 1
        self.watch.act()

    def set_state(self, state: Any) -> None:
        """The reader's word on how far the case is."""
        if state != self.state:
            self.state = state
            self.touch()

    def snapshot(self) -> Snapshot:
        """What there is to save now; later changes do not reach it."""
        self.watch.act()
        reading = replace(
            self._base,
            labels=self.image.like(self.labels),
            completeness=self.declarations.completeness,
            unions=dict(self.unions),
            state=self.state,
            seconds=self.watch.seconds,
            warnings=(),
        )
        return Snapshot(self, reading, tuple(self._acts), self._changes)

    def saved(self, snapshot: Snapshot, reading: Reading) -> None:
        """`snapshot` is on disk as `reading`."""
        self._base = reading
        del self._acts[: len(snapshot.acts)]  # in place: a thread may be adding to it
        self._saved_changes = snapshot.changes
        self.conflict = ""

    def move(self, folder: Path) -> None:
        """Save into another case from now on, one that has no annotation of this reader yet."""
        self.folder = folder
        self._base = replace(self._base, revision=0, stamp=None)

    def _declared(self, act: Any) -> None:
        self._acts.append(act)
        self.touch()


class Snapshot:
    """A reading on its way to disk."""

    def __init__(self, session: Session, reading: Reading, acts: tuple[Any, ...], changes: int) -> None:
        self.session, self.reading, self.acts, self.changes = session, reading, acts, changes

    def write(self) -> Reading:
        """Write it; raises UserError in one line when that is not possible. May run in a thread."""
        from PartialSegLib.annotation.reading import save_reading

        return save_reading(self.session.folder, self.reading, self.acts, self.session.label_set)


def open_session(name: str, folder: Path, reader: str, label_set: LabelSet) -> Session:
    """Read a case and this reader's annotation of it, empty where there is none yet; raises UserError."""
    from PartialSegLib.annotation.reading import open_reading, start_reading
    from PartialSegLib.errors import UserError

    image = _image_of(folder)
    reading = open_reading(folder, reader, label_set) or start_reading(folder, reader, image, label_set)
    if not reading.labels.same_grid(image):
        raise UserError(f"the labels of {folder} do not lie on the voxels of its image: import them into a new case")
    return Session(name, folder, image, reading, label_set)


def _image_of(folder: Path) -> Volume:
    from PartialSegLib.dataset.load import CASE_FILE, load_case
    from PartialSegLib.image import read_volume

    entry = load_case(folder / CASE_FILE)
    return replace(read_volume(entry.image), modality=entry.modality)
