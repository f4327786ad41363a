"""The ribbon: which slices are complete, in part or not looked at, along one direction.

Colors are told apart by color-blind people, and each state has a pattern of its own besides: solid, hatched, empty.
"""

from collections.abc import Callable, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegLib.supervision import State

_COMPLETE = (0, 114, 178)  # Okabe and Ito's blue
_IN_PART = (230, 159, 0)  # and orange: apart in hue and in lightness for every kind of color vision
_BAND = 16  # pixels
_MARGIN = 6  # half of the arrow that points at the current slice
_ARROW = 6


def runs_of(states: Sequence[int]) -> list[tuple[int, int, int]]:
    """(first, last, state) of each run of equal neighbors."""
    runs: list[tuple[int, int, int]] = []
    for index, state in enumerate(int(state) for state in states):
        if runs and runs[-1][2] == state:
            runs[-1] = (runs[-1][0], index, state)
        else:
            runs.append((index, index, state))
    return runs


def words_of(state: int) -> str:
    """What a state is called."""
    return {
        State.NOT_LOOKED_AT: _("not looked at"),
        State.IN_PART: _("in part"),
        State.COMPLETE: _("complete"),
    }[State(state)]


class Ribbon(qt.QWidget):
    """One band of slices; `go` is called with the slice that was clicked, `tell` gives a slice's tool tip."""

    def __init__(self, parent: object = None) -> None:
        qt.QWidget.__init__(self, parent)
        self.go: Callable[[int], None] = lambda index: None
        self.tell: Callable[[int], str] = lambda index: ""
        self._states: list[int] = []
        self._current: int | None = None
        self._mark: int | None = None
        self._planned: tuple[int, ...] = ()
        self._message = ""
        self.setMinimumHeight(_BAND + 2 * _ARROW + 2)
        self.setMaximumHeight(_BAND + 2 * _ARROW + 2)
        self.setMouseTracking(True)

    def show_states(
        self, states: Sequence[int], current: int | None, mark: int | None = None, planned: Sequence[int] = ()
    ) -> None:
        """Show one state per slice, the current slice, the marked one and the planned ones."""
        self._states, self._message = [int(state) for state in states], ""
        self._current, self._mark, self._planned = current, mark, tuple(planned)
        self.update()

    def show_message(self, text: str) -> None:
        """Show words in place of slices, e.g. why there are none."""
        self._states, self._message, self.toolTip = [], text, text
        self.update()

    def slice_at(self, x: float) -> int | None:
        """The slice under this horizontal position (pixels of the widget)."""
        if not self._states:
            return None
        index = int((x - _MARGIN) * len(self._states) / self._span())
        return max(0, min(len(self._states) - 1, index))

    def x_of(self, index: int) -> int:
        """The horizontal position (pixels of the widget) of the middle of a slice."""
        return int(_MARGIN + (index + 0.5) * self._span() / max(1, len(self._states)))

    def mousePressEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        self._follow(event)

    def mouseMoveEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        index = self.slice_at(_x_of(event))
        if index is not None:
            self.toolTip = self.tell(index)
        if event.buttons() & qt.Qt.LeftButton:  # type: ignore[attr-defined]
            self._follow(event)

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        painter = qt.QPainter()
        painter.begin(self)
        try:
            self._paint(painter)
        finally:
            painter.end()

    def _follow(self, event: object) -> None:
        index = self.slice_at(_x_of(event))
        if index is not None:
            self.go(index)

    def _span(self) -> int:
        return max(1, self.width - 2 * _MARGIN)

    def _paint(self, painter: object) -> None:
        palette = self.palette
        ink = qt.QColor(palette.color(qt.QPalette.WindowText))  # a copy: PythonQt's lives no longer than the palette
        painter.setPen(ink)  # type: ignore[attr-defined]
        if not self._states:
            area = qt.QRect(_MARGIN, 0, self._span(), self.height)
            painter.drawText(area, qt.Qt.AlignLeft | qt.Qt.AlignVCenter, self._message)  # type: ignore[attr-defined]
            return
        for first, last, state in runs_of(self._states):
            self._paint_run(painter, first, last, state)
        painter.setBrush(qt.QBrush(qt.Qt.NoBrush))  # type: ignore[attr-defined]
        painter.setPen(ink)  # type: ignore[attr-defined]
        painter.drawRect(_MARGIN, _ARROW, self._span(), _BAND)  # type: ignore[attr-defined]
        self._paint_marks(painter, ink)

    def _paint_run(self, painter: object, first: int, last: int, state: int) -> None:
        scale = self._span() / len(self._states)
        left, right = int(_MARGIN + first * scale), int(_MARGIN + (last + 1) * scale)
        area = (left, _ARROW, max(2, right - left), _BAND)  # one slice of a thousand is still seen
        if state == State.COMPLETE:
            painter.fillRect(*area, qt.QBrush(qt.QColor(*_COMPLETE)))  # type: ignore[attr-defined]
        elif state == State.IN_PART:
            light = qt.QColor(*_IN_PART)
            light.setAlpha(90)
            painter.fillRect(*area, qt.QBrush(light))  # type: ignore[attr-defined]
            hatch = qt.QBrush(qt.QColor(*_IN_PART), qt.Qt.BDiagPattern)
            painter.fillRect(*area, hatch)  # type: ignore[attr-defined]

    def _paint_marks(self, painter: object, ink: object) -> None:
        painter.setBrush(qt.QBrush(ink))  # type: ignore[attr-defined]
        bottom = _ARROW + _BAND
        for index in self._planned:
            painter.drawRect(self.x_of(index) - 1, bottom + 2, 2, 3)  # type: ignore[attr-defined]
        if self._mark is not None:
            x = self.x_of(self._mark)
            painter.fillRect(x - 1, 0, 3, bottom, qt.QBrush(ink))  # type: ignore[attr-defined]
            painter.fillRect(x, 0, 7, 4, qt.QBrush(ink))  # type: ignore[attr-defined]
        if self._current is not None:
            x = self.x_of(self._current)
            for row in range(_ARROW + 1):  # an arrow head; PythonQt makes polygons of lists in some versions only
                half = row * 5 // _ARROW
                painter.drawLine(x - half, bottom + row, x + half, bottom + row)  # type: ignore[attr-defined]
            painter.drawLine(x, _ARROW, x, bottom)  # type: ignore[attr-defined]


def _x_of(event: Any) -> float:
    """Where the mouse is; Qt 6 says it in another way than Qt 5, and both are in use."""
    place = event.position() if hasattr(event, "position") else event.pos()
    return float(place.x())
