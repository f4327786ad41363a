"""Rendered MRML views inside Qt widgets: VTK draws off-screen, the widget shows the picture and passes events on.

Rendering in software takes tens of milliseconds, so a view draws when the event loop is idle, at most once for all
changes since the last picture, and not at all while it is hidden.
"""

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget
from trame_slicer.views import AbstractView
from trame_slicer.views.render_scheduler import ScheduledRenderStrategy
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

_BUTTONS = {
    Qt.MouseButton.LeftButton: "LeftButton",
    Qt.MouseButton.MiddleButton: "MiddleButton",
    Qt.MouseButton.RightButton: "RightButton",
}
_NAMED_KEYS = {
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Return: "Return",
    Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Backspace: "BackSpace",
    Qt.Key.Key_Space: "space",
}
_WHEEL_STEP = 120


class RenderWhenIdle(ScheduledRenderStrategy):
    """Tells the widget that its picture is old, instead of drawing at once."""

    def __init__(self, widget: "RenderWidget") -> None:
        super().__init__()
        self._widget = widget

    def schedule_render(self) -> None:
        self._widget.picture_is_old()


class RenderWidget(QWidget):
    """Shows one view of trame_slicer."""

    def __init__(self, view: AbstractView) -> None:
        super().__init__()
        self.view = view
        self.paused = False
        self.picture: QImage | None = None
        self.pictures_drawn = 0
        self._old = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw_if_old)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setMinimumSize(QSize(80, 80))
        view.render_window().SetMultiSamples(0)
        view.set_scheduled_render(RenderWhenIdle(self))

    def picture_is_old(self) -> None:
        """Something in the view changed: draw when there is nothing else to do."""
        self._old = True
        if not self.paused and self.isVisible() and not self._timer.isActive():
            self._timer.start(0)

    def resize_view(self, width: int, height: int) -> None:
        """Tells the view how many pixels it has."""
        self.view.update_size(width, height)

    def draw_now(self) -> None:
        """Draws whether or not the widget is on the screen, for screenshots."""
        width, height = self._pixels()
        if tuple(self.view.render_window().GetSize()) != (width, height):
            self.resize_view(width, height)
        self.view.render()
        pixels = vtkUnsignedCharArray()
        self.view.render_window().GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        rows = vtk_to_numpy(pixels).reshape(height, width, 3)[::-1].copy()
        self.picture = QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self._old = False
        self.pictures_drawn += 1
        self.update()

    def _draw_if_old(self) -> None:
        if self._old and self.isVisible() and not self.paused:
            self.draw_now()

    def _pixels(self) -> tuple[int, int]:
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def paintEvent(self, event) -> None:  # noqa: N802
        if self.picture is None:
            self.draw_now()
        painter = QPainter(self)
        painter.drawImage(self.rect(), self.picture)
        painter.end()

    def showEvent(self, event) -> None:  # noqa: N802
        super().showEvent(event)
        self.picture_is_old()

    def resizeEvent(self, event) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.resize_view(*self._pixels())
        self.picture_is_old()

    def enterEvent(self, event) -> None:  # noqa: N802
        self._tell(event, "EnterEvent", event.position())

    def leaveEvent(self, event) -> None:  # noqa: N802
        self.view.interactor().InvokeEvent("LeaveEvent")

    def mouseMoveEvent(self, event) -> None:  # noqa: N802
        self._tell(event, "MouseMoveEvent", event.position())

    def mousePressEvent(self, event) -> None:  # noqa: N802
        self._tell(event, f"{_BUTTONS.get(event.button(), 'LeftButton')}PressEvent", event.position())

    def mouseReleaseEvent(self, event) -> None:  # noqa: N802
        self._tell(event, f"{_BUTTONS.get(event.button(), 'LeftButton')}ReleaseEvent", event.position())

    def mouseDoubleClickEvent(self, event) -> None:  # noqa: N802
        self._tell(event, f"{_BUTTONS.get(event.button(), 'LeftButton')}DoubleClickEvent", event.position())

    def wheelEvent(self, event) -> None:  # noqa: N802
        steps = event.angleDelta().y() / _WHEEL_STEP
        direction = "Forward" if steps > 0 else "Backward"
        for _ in range(max(1, round(abs(steps)))):
            self._tell(event, f"MouseWheel{direction}Event", event.position())

    def keyPressEvent(self, event) -> None:  # noqa: N802
        # No CharEvent: VTK's own styles end the program at "q" and "e", which Slicer's do not.
        self._tell_key(event, "KeyPressEvent")

    def keyReleaseEvent(self, event) -> None:  # noqa: N802
        self._tell_key(event, "KeyReleaseEvent")

    def _tell(self, event, name: str, position) -> None:
        ratio = self.devicePixelRatioF()
        x, y = round(position.x() * ratio), round((self.height() - 1 - position.y()) * ratio)
        interactor = self._set_modifiers(event)
        double = int(event.type() == QEvent.Type.MouseButtonDblClick)
        interactor.SetEventInformation(x, y, interactor.GetControlKey(), interactor.GetShiftKey(), "\0", double, None)
        interactor.InvokeEvent(name)

    def _tell_key(self, event, name: str) -> None:
        interactor = self._set_modifiers(event)
        text = event.text()
        interactor.SetKeySym(_NAMED_KEYS.get(Qt.Key(event.key()), text))
        interactor.SetKeyCode(text if len(text) == 1 and text.isascii() else "\0")
        interactor.InvokeEvent(name)

    def _set_modifiers(self, event):
        interactor = self.view.interactor()
        modifiers = event.modifiers() if hasattr(event, "modifiers") else Qt.KeyboardModifier.NoModifier
        interactor.SetControlKey(int(bool(modifiers & Qt.KeyboardModifier.ControlModifier)))
        interactor.SetShiftKey(int(bool(modifiers & Qt.KeyboardModifier.ShiftModifier)))
        interactor.SetAltKey(int(bool(modifiers & Qt.KeyboardModifier.AltModifier)))
        return interactor
