"""What one reader declares of one case, act by act, with undo.

Nothing is declared but by a method of this class that a person's act called. An edit never leaves a declaration that
it contradicts: `edited` takes it back, and neither undo nor redo brings it again.

>>> told = Declarations(Completeness.of_volume((), 4), (10, 20, 30))
>>> told.complete_in_slice([1, 3], "k", 7)
>>> told.state(1, "k", 7).name, told.state(2, "k", 7).name
('COMPLETE', 'NOT_LOOKED_AT')
>>> told.undo()
'complete in slice 7 across k'
"""

from collections.abc import Callable, Iterable

import numpy as np

from PartialSegLib.annotation import ledger
from PartialSegLib.annotation.acts import Act, Touched, axis_number, checked_slices, checked_structures
from PartialSegLib.annotation.edits import Unions, changed_slices, possibilities
from PartialSegLib.annotation.record import Axis
from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import Completeness, State

_UNDO = 500  # acts; every edit goes through all of them

_Change = Callable[[Completeness], Completeness]


class Declarations:
    """The record of a volume of `shape` (z, y, x) while a person works on it; the last 500 acts can be undone.

    tell: called with every Act that changed something. unions: label value -> the classes it may be; set it anew when
    they change. label_set: for names in messages.
    """

    def __init__(
        self,
        completeness: Completeness,
        shape: tuple[int, int, int],
        tell: Callable[[Act], None] | None = None,
        unions: Unions | None = None,
        label_set: LabelSet | None = None,
    ) -> None:
        ledger.check(completeness, shape)
        self.shape = shape
        self.unions: Unions = unions or {}
        self._tell = tell or (lambda act: None)
        self._label_set = label_set
        self._current = completeness
        # Every state is a value of its own: to undo is to take the one before. Slices of it are never written to.
        self._past: list[tuple[Act, Completeness]] = []
        self._future: list[tuple[Act, Completeness]] = []

    @property
    def completeness(self) -> Completeness:
        """The record as it is now; a later act makes a new one."""
        return self._current

    def complete_in_slice(self, structures: Iterable[int], axis: Axis, index: int) -> None:
        """All there is of these structures in this slice is painted; what is painted nowhere is known absent."""
        self.complete_between(structures, axis, index, index)

    def complete_between(self, structures: Iterable[int], axis: Axis, first: int, last: int) -> None:
        """The same for the slices `first` to `last`, both included, in either order."""
        self._declare("complete", structures, axis, first, last)

    def complete_in_volume(self, structures: Iterable[int]) -> None:
        """All there is of these structures in the volume is painted."""
        self._declare("complete", structures)

    def absent_in_slice(self, structures: Iterable[int], axis: Axis, index: int, labels: np.ndarray) -> None:
        """These structures are not in this slice of `labels` (z, y, x); UserError where one is painted there."""
        checked_slices(axis, index, index, self.shape)
        plane = labels.take(index, axis_number(axis))
        self._refuse_painted(structures, plane, f"slice {index} across {axis}")
        self._declare("absent", structures, axis, index, index)

    def absent_in_volume(self, structures: Iterable[int], labels: np.ndarray) -> None:
        """These structures are not in the volume; UserError where one is painted in `labels` (z, y, x)."""
        self._refuse_painted(structures, labels, "this volume")
        self._declare("absent", structures)

    def withdraw_in_slice(self, structures: Iterable[int], axis: Axis, index: int) -> None:
        """Back to in part in this slice; a structure that was complete in the whole volume no longer is."""
        self.withdraw_between(structures, axis, index, index)

    def withdraw_between(self, structures: Iterable[int], axis: Axis, first: int, last: int) -> None:
        """The same for the slices `first` to `last`, both included."""
        self._declare("withdraw", structures, axis, first, last)

    def withdraw_in_volume(self, structures: Iterable[int]) -> None:
        """No longer complete in the whole volume; what was declared of single slices stays."""
        self._declare("withdraw", structures)

    def begin(self, structures: Iterable[int]) -> None:
        """Somebody paints these structures: they are in part in the volume at least. Undo does not take it back."""
        chosen = checked_structures(structures, self._current.n_classes)
        new = tuple(s for s in chosen if self._current.volume[s] == State.NOT_LOOKED_AT)
        if new:
            self._everywhere(lambda record: ledger.begun(record, new))
            self._tell(Act("begin", new))

    def touched(self, before: np.ndarray, after: np.ndarray) -> tuple[Touched, ...]:
        """The complete declarations that an edit of labels (uint8 (z, y, x)) contradicts. Changes nothing."""
        changes = changed_slices(before, after, self._current.n_classes, self.unions)
        return ledger.contradicted(self._current, changes)

    def reopen(self, touched: Iterable[Touched]) -> None:
        """Set these declarations back to in part, for good: undo does not bring them back."""
        touched = tuple(touched)
        self._everywhere(lambda record: ledger.reopened(record, touched))
        for axis, index in sorted({(t.axis, t.index) for t in touched}, key=str):
            structures = tuple(t.structure for t in touched if (t.axis, t.index) == (axis, index))
            self._tell(Act("reopen", structures, axis, index, index))

    def edited(self, before: np.ndarray, after: np.ndarray) -> tuple[Touched, ...]:
        """Follow an edit of labels that stays: what it contradicts is reopened (and returned), what it paints is begun.

        Slices where nothing was declared become in part. Call it once after every edit: undo and redo then never bring
        back a declaration that does not hold for these voxels.
        """
        changes = changed_slices(before, after, self._current.n_classes, self.unions)
        touched = ledger.contradicted(self._current, changes)
        self.begin(changes)
        self.reopen(touched)
        self._everywhere(lambda record: ledger.worked_on(record, changes, self.shape))
        return touched

    def undo(self) -> str | None:
        """Take back the last act; returns it in words, None when there is none."""
        return self._move("undo", self._past, self._future)

    def redo(self) -> str | None:
        """Do again what was undone last; returns it in words, None when there is nothing."""
        return self._move("redo", self._future, self._past)

    def state(self, structure: int, axis: Axis, index: int) -> State:
        """How far a structure is in a slice. One that is complete in the volume is complete in each slice."""
        return State(int(self._states((structure,), axis)[checked_slices(axis, index, index, self.shape)][0, 0]))

    def ribbon(self, structures: Iterable[int], axis: Axis) -> np.ndarray:
        """uint8 (n,) of State per slice: COMPLETE where all are, IN_PART where any is begun or complete."""
        states = self._states(checked_structures(structures, self._current.n_classes), axis)
        if not states.shape[1]:
            return np.zeros(len(states), np.uint8)
        some = np.where(states.any(1), State.IN_PART, State.NOT_LOOKED_AT)
        return np.where((states == State.COMPLETE).all(1), State.COMPLETE, some).astype(np.uint8)

    def locked(self, labels: np.ndarray) -> np.ndarray:
        """bool (z, y, x): voxels that AI tools may not change.

        These are all voxels of a slice in which any structure is complete, and those painted as (possibly) a structure
        that is complete in the volume.
        """
        finished = self._current.volume == State.COMPLETE
        painted = np.any(possibilities(len(finished), self.unions)[:, finished], axis=1)
        mask: np.ndarray = painted[labels] if painted.any() else np.zeros(labels.shape, bool)
        for n, table in enumerate((self._current.z, self._current.y, self._current.x)):
            if table is not None:
                place: list[slice | np.ndarray] = [slice(None)] * 3
                place[n] = np.flatnonzero((table == State.COMPLETE).any(1))
                mask[tuple(place)] = True
        return mask

    def _states(self, structures: tuple[int, ...], axis: Axis) -> np.ndarray:
        """uint8 (n slices, structures) of State."""
        table = ledger.tables(self._current, self.shape)[axis_number(axis)][:, list(structures)]
        whole = self._current.volume[list(structures)] == State.COMPLETE
        return np.where(whole, np.uint8(State.COMPLETE), table)

    def _declare(
        self,
        what: str,
        structures: Iterable[int],
        axis: Axis | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        chosen = checked_structures(structures, self._current.n_classes)
        if axis is None or first is None or last is None:
            change = ledger.withdrawn_in_volume if what == "withdraw" else ledger.complete_in_volume
            changed = change(self._current, chosen)
        else:
            place = checked_slices(axis, first, last, self.shape)
            first, last = place.start, place.stop - 1
            in_slices = ledger.withdrawn_in_slices if what == "withdraw" else ledger.complete_in_slices
            changed = in_slices(self._current, chosen, axis, place, self.shape)
        if ledger.same(changed, self._current):
            return
        act = Act(what, chosen, axis, first, last)
        self._past = [*self._past, (act, self._current)][-_UNDO:]
        self._future.clear()
        self._current = changed
        self._tell(act)

    def _move(self, what: str, source: list, target: list) -> str | None:
        if not source:
            return None
        act, record = source.pop()
        target.append((act, self._current))
        self._current = record
        self._tell(Act(f"{what} {act.what}", act.structures, act.axis, act.first, act.last))
        return f"{act.what} in {act.where}"

    def _everywhere(self, change: _Change) -> None:
        """Apply what is no act of declaring to the present and to all that undo and redo may bring back."""
        self._current = change(self._current)
        self._past = [(act, change(record)) for act, record in self._past]
        self._future = [(act, change(record)) for act, record in self._future]

    def _refuse_painted(self, structures: Iterable[int], labels: np.ndarray, where: str) -> None:
        chosen = checked_structures(structures, self._current.n_classes)
        present = np.zeros(256, bool)
        present[labels] = True
        table = possibilities(self._current.n_classes, self.unions)
        painted = [s for s in chosen if (table[:, s].astype(bool) & present).any()]
        if painted:
            name = f"structure {painted[0]}" if self._label_set is None else self._label_set.by_value(painted[0]).name
            raise UserError(f"{name} is painted in {where}: erase it there first, or declare it complete instead")
