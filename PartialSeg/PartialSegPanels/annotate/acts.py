"""The explicit acts: what a reader may say of a slice, of a range of slices and of the volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.words import names_of, slice_name

Act = Callable[[Any], None]


class Acts:
    """Buttons that declare. `bench` is the tab: it has session, view, current(), ticked() and declare(act, words).

    mark: (axis, index) of the first slice of a range, or None.
    """

    def __init__(self, ui: Any, bench: Any) -> None:
        self._ui, self._bench = ui, bench
        self.mark: tuple[str, int] | None = None
        one, all_ = bench.current, bench.ticked
        for button, act in (
            (ui.completeHereButton, lambda: self._here("complete_in_slice", one(), _("complete"))),
            (ui.completeAllHereButton, lambda: self._here("complete_in_slice", all_(), _("complete"))),
            (ui.withdrawHereButton, lambda: self._here("withdraw_in_slice", one(), _("withdrawn"))),
            (ui.withdrawAllHereButton, lambda: self._here("withdraw_in_slice", all_(), _("withdrawn"))),
            (ui.absentHereButton, lambda: self._absent_here(one())),
            (ui.completeBetweenButton, lambda: self._between("complete_between", one(), _("complete"))),
            (ui.completeAllBetweenButton, lambda: self._between("complete_between", all_(), _("complete"))),
            (ui.withdrawBetweenButton, lambda: self._between("withdraw_between", one(), _("withdrawn"))),
            (ui.completeVolumeButton, lambda: self._volume("complete_in_volume", one(), _("complete"))),
            (ui.withdrawVolumeButton, lambda: self._volume("withdraw_in_volume", one(), _("withdrawn"))),
            (ui.absentVolumeButton, lambda: self._absent_volume(one())),
            (ui.acceptStructureButton, lambda: self._volume("complete_in_volume", one(), _("accepted"))),
            (ui.acceptSliceButton, lambda: self._here("complete_in_slice", all_(), _("accepted"))),
            (ui.markButton, self._mark_here),
        ):
            button.connect("clicked()", bench.guarded(act))

    def reset(self) -> None:
        """Another case: the mark of the one before means nothing."""
        self.mark = None

    def _here(self, method: str, structures: Sequence[int], what: str) -> None:
        place = self._place()
        self._declare(structures, what, self._name(place), lambda d: getattr(d, method)(structures, *place))

    def _absent_here(self, structures: Sequence[int]) -> None:
        place, session = self._place(), self._bench.session
        act: Act = lambda d: d.absent_in_slice(structures, *place, session.labels)  # noqa: E731
        self._declare(structures, _("known absent"), self._name(place), act)

    def _between(self, method: str, structures: Sequence[int], what: str) -> None:
        axis, index = self._place()
        if self.mark is None:
            raise UserError(_("no slice is marked: mark the first slice of the range, then go to the last one"))
        if self.mark[0] != axis:
            raise UserError(_("the mark lies in another direction: mark a slice in this view"))
        first, last = sorted((self.mark[1], index))
        where = _("{first} to {last}").format(first=self._name((axis, first)), last=last + 1)
        self._declare(structures, what, where, lambda d: getattr(d, method)(structures, axis, first, last))
        self.mark = None
        self._bench.refresh()

    def _volume(self, method: str, structures: Sequence[int], what: str) -> None:
        self._declare(structures, what, _("the whole volume"), lambda d: getattr(d, method)(structures))

    def _absent_volume(self, structures: Sequence[int]) -> None:
        session = self._bench.session
        act: Act = lambda d: d.absent_in_volume(structures, session.labels)  # noqa: E731
        self._declare(structures, _("known absent"), _("the whole volume"), act)

    def _mark_here(self) -> None:
        place = self._place()
        self.mark = None if self.mark == place else place
        self._bench.refresh()

    def _declare(self, structures: Sequence[int], what: str, where: str, act: Act) -> None:
        if not structures:
            raise UserError(_("no structure is selected: select one to paint, or tick some"))
        names = names_of(self._bench.session.label_set, structures)
        words = _("{structures}: {what} in {where}").format(structures=names, what=what, where=where)
        self._bench.declare(act, words)

    def _place(self) -> tuple[str, int]:
        position = self._bench.view.position()
        return position.axis, position.index

    def _name(self, place: tuple[str, int]) -> str:
        return slice_name(self._bench.session.image, *place)
