"""Simulated mouse and keyboard in a slice view, aimed by patient coordinates; real Qt events, as a user makes them."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from vtkmodules.vtkCommonMath import vtkMatrix4x4

_WHEEL_STEP = 120
_LEFT = Qt.MouseButton.LeftButton
_PLAIN = Qt.KeyboardModifier.NoModifier


class SliceViewDriver:
    """Drives one slice view. Points are RAS millimetres on the slice that is shown, inside the view."""

    def __init__(self, slice_widget) -> None:
        self.slice_widget = slice_widget
        self.widget = slice_widget.sliceView()

    def scroll_to(self, offset: float) -> None:
        """Shows the slice at an offset in mm along the view's normal."""
        self.slice_widget.sliceLogic().SetSliceOffset(offset)
        QApplication.processEvents()

    def show(self, ras: Sequence[float]) -> None:
        """Shows the slice that holds a point, without zooming or panning."""
        to_ras = self.slice_widget.mrmlSliceNode().GetSliceToRAS()
        self.scroll_to(sum(to_ras.GetElement(axis, 2) * ras[axis] for axis in range(3)))

    def click(self, ras: Sequence[float], modifiers=_PLAIN) -> None:
        self.drag([ras], modifiers)

    def drag(self, points: Iterable[Sequence[float]], modifiers=_PLAIN) -> None:
        """Presses at the first point, moves through all, releases at the last."""
        places = [self.place(ras) for ras in points]
        self._enter()
        QTest.mouseMove(self.widget, places[0])
        QTest.mousePress(self.widget, _LEFT, modifiers, places[0])
        for place in places[1:]:
            self._move(place, modifiers)
        QTest.mouseRelease(self.widget, _LEFT, modifiers, places[-1])
        QApplication.processEvents()

    def double_click(self, ras: Sequence[float]) -> None:
        QTest.mouseDClick(self.widget, _LEFT, _PLAIN, self.place(ras))
        QApplication.processEvents()

    def hover(self, ras: Sequence[float]) -> None:
        self._enter()
        QTest.mouseMove(self.widget, self.place(ras))
        QApplication.processEvents()

    def wheel(self, steps: int, modifiers=_PLAIN) -> None:
        """Turns the wheel over the middle of the view; positive is away from the user."""
        middle = QPointF(self.widget.rect().center())
        turn = QPoint(0, _WHEEL_STEP * steps)
        event = QWheelEvent(middle, self.widget.mapToGlobal(middle), QPoint(), turn, Qt.MouseButton.NoButton, modifiers,
                            Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
        QApplication.sendEvent(self.widget, event)
        QApplication.processEvents()

    def key(self, key: str) -> None:
        """Presses a key (as QKeySequence writes it: "C", "Shift+C", "Left") with the focus in this view."""
        window = self.widget.window()
        window.activateWindow()
        self.widget.setFocus()
        QApplication.processEvents()
        stroke = QKeySequence(key)[0]
        QTest.keyClick(self.widget, stroke.key(), stroke.keyboardModifiers())
        QApplication.processEvents()

    def place(self, ras: Sequence[float]) -> QPoint:
        """Where on the widget a point is shown; ValueError when it is not."""
        node = self.slice_widget.mrmlSliceNode()
        from_ras = vtkMatrix4x4()
        vtkMatrix4x4.Invert(node.GetXYToRAS(), from_ras)
        x, y, _, _ = from_ras.MultiplyPoint((*ras, 1.0))
        away = node.GetSliceToRAS()
        inside = vtkMatrix4x4()
        vtkMatrix4x4.Invert(away, inside)
        distance = abs(inside.MultiplyPoint((*ras, 1.0))[2])
        thickness = self.slice_widget.sliceLogic().GetLowestVolumeSliceSpacing()[2] or 1.0
        if distance > thickness / 2 + 1e-3:
            raise ValueError(f"{tuple(ras)} is {distance:.1f} mm off the slice shown; call show() or scroll_to() first")
        ratio = self.widget.devicePixelRatioF()
        place = QPoint(round(x / ratio), self.widget.height() - 1 - round(y / ratio))
        if not self.widget.rect().contains(place):
            raise ValueError(f"{tuple(ras)} is outside the part that the view shows")
        return place

    def _enter(self) -> None:
        QApplication.sendEvent(self.widget, _enter_event(self.widget))

    def _move(self, place: QPoint, modifiers) -> None:
        QTest.mouseMove(self.widget, place)
        QApplication.processEvents()


def _enter_event(widget):
    from PySide6.QtGui import QEnterEvent

    middle = QPointF(widget.rect().center())
    return QEnterEvent(middle, middle, widget.mapToGlobal(middle))
