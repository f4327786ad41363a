"""CTK's buttons: the collapsible one that holds a part of a panel, checkable, menu and color buttons."""

from typing import Any

from PySide6.QtCore import Property, QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QColorDialog,
    QFrame,
    QGroupBox,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

from Testing.host.qt_properties import kept, with_setters

_EXPLICIT = Qt.WidgetAttribute.WA_WState_ExplicitShowHide
_HEAD = 24  # pixels of a collapsible button's own head
_ANY_HEIGHT = 16777215  # Qt's own largest
_ARROW = 16  # pixels of a menu button's arrow


@with_setters
class ctkCollapsibleButton(QAbstractButton):  # noqa: N801  CTK's name
    """A button whose children are shown below it while it is not collapsed."""

    contentsCollapsed = Signal(bool)  # noqa: N815
    collapsedHeight = kept(int, "collapsedHeight", 0)  # noqa: N815
    flat = kept(bool, "flat", False)
    contentsFrameShape = kept(QFrame.Shape, "contentsFrameShape", QFrame.Shape.NoFrame)  # noqa: N815
    contentsFrameShadow = kept(QFrame.Shadow, "contentsFrameShadow", QFrame.Shadow.Plain)  # noqa: N815
    contentsLineWidth = kept(int, "contentsLineWidth", 1)  # noqa: N815
    contentsMidLineWidth = kept(int, "contentsMidLineWidth", 0)  # noqa: N815
    buttonTextAlignment = kept(Qt.AlignmentFlag, "buttonTextAlignment", Qt.AlignmentFlag.AlignLeft)  # noqa: N815
    indicatorAlignment = kept(Qt.AlignmentFlag, "indicatorAlignment", Qt.AlignmentFlag.AlignLeft)  # noqa: N815

    def __init__(self, *args: Any) -> None:
        super().__init__(args[-1] if args and isinstance(args[-1], QWidget) else None)
        if args and isinstance(args[0], str):
            self.setText(args[0])
        self._kept_hidden: set[QWidget] = set()
        self._forcing = False
        self.setCheckable(True)
        self.setChecked(True)
        self.setMinimumHeight(_HEAD)
        self.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Preferred)
        self.setContentsMargins(0, _HEAD, 0, 0)
        self.toggled.connect(self._toggle)

    def _is_collapsed(self) -> bool:
        return not self.isChecked()

    collapsed = Property(bool, _is_collapsed, lambda self, value: self.setChecked(not value))

    def hitButton(self, position: QPoint) -> bool:  # noqa: N802
        return bool(position.y() <= _HEAD)

    def childEvent(self, event: Any) -> None:  # noqa: N802
        super().childEvent(event)
        child = event.child()
        if event.type() == QEvent.Type.ChildAdded and isinstance(child, QWidget):
            child.installEventFilter(self)
            if child.testAttribute(_EXPLICIT) and child.isHidden():
                self._kept_hidden.add(child)
            elif not self.isChecked():
                self._apply(child)

    def showEvent(self, event: Any) -> None:  # noqa: N802
        super().showEvent(event)
        self._apply_all()

    def eventFilter(self, child: QObject, event: QEvent) -> bool:  # noqa: N802
        """Notice what the module shows and hides itself: shown while collapsed, a child appears at the next opening."""
        if not self._forcing and isinstance(child, QWidget):
            if event.type() == QEvent.Type.ShowToParent:
                self._kept_hidden.discard(child)
                self._apply(child)
            elif event.type() == QEvent.Type.HideToParent:
                self._kept_hidden.add(child)
        return False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = QRect(0, 0, self.width(), _HEAD)
        self.style().drawControl(QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        arrow = QStyleOptionButton()
        arrow.initFrom(self)
        arrow.rect = QRect(6, 6, _HEAD - 12, _HEAD - 12)
        down = QStyle.PrimitiveElement.PE_IndicatorArrowDown
        right = QStyle.PrimitiveElement.PE_IndicatorArrowRight
        self.style().drawPrimitive(right if self._is_collapsed() else down, arrow, painter, self)
        text = QRect(_HEAD, 0, self.width() - _HEAD, _HEAD)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text())

    def _toggle(self, opened: bool) -> None:
        self._apply_all()
        self.setMaximumHeight(_ANY_HEIGHT if opened else _HEAD)
        self.contentsCollapsed.emit(not opened)

    def _apply_all(self) -> None:
        for child in self.children():
            if isinstance(child, QWidget):
                self._apply(child)

    def _apply(self, child: QWidget) -> None:
        """Show or hide a child as if nobody had said so, which leaves the module its own word."""
        is_made = self.testAttribute(Qt.WidgetAttribute.WA_WState_Created)
        if not is_made or child.isWindow() or child in self._kept_hidden:
            return
        self._forcing = True
        child.setVisible(self.isChecked())
        child.setAttribute(_EXPLICIT, False)
        self._forcing = False


@with_setters
class ctkCollapsibleGroupBox(QGroupBox):  # noqa: N801
    """A group box whose contents are shown while it is checked."""

    collapsedHeight = kept(int, "collapsedHeight", 14)  # noqa: N815

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._hidden: list[QWidget] = []
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(self._expand)

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))

    def _expand(self, opened: bool) -> None:
        if opened:
            for child in self._hidden:
                child.show()
            self._hidden = []
            return
        self._hidden = [one for one in self.children() if isinstance(one, QWidget) and not one.isHidden()]
        for child in self._hidden:
            child.hide()


@with_setters
class ctkPushButton(QPushButton):  # noqa: N801
    """A push button with more alignments."""

    buttonTextAlignment = kept(Qt.AlignmentFlag, "buttonTextAlignment", Qt.AlignmentFlag.AlignCenter)  # noqa: N815
    iconAlignment = kept(Qt.AlignmentFlag, "iconAlignment", Qt.AlignmentFlag.AlignLeft)  # noqa: N815
    elideMode = kept(Qt.TextElideMode, "elideMode", Qt.TextElideMode.ElideNone)  # noqa: N815


@with_setters
class ctkCheckablePushButton(ctkPushButton):  # noqa: N801
    """A push button with a check box in it."""

    checkBoxToggled = Signal(bool)  # noqa: N815
    checkStateChanged = Signal(Qt.CheckState)  # noqa: N815
    indicatorAlignment = kept(Qt.AlignmentFlag, "indicatorAlignment", Qt.AlignmentFlag.AlignLeft)  # noqa: N815
    checkState = kept(Qt.CheckState, "checkState", Qt.CheckState.Unchecked, "_checked")  # noqa: N815
    checkBoxControlsButton = kept(bool, "checkBoxControlsButton", True)  # noqa: N815
    checkBoxControlsButtonToggleState = kept(bool, "checkBoxControlsButtonToggleState", True)  # noqa: N815
    checkBoxUserCheckable = kept(bool, "checkBoxUserCheckable", True)  # noqa: N815

    def _checked(self) -> None:
        is_checked = self.checkState == Qt.CheckState.Checked
        if self.checkBoxControlsButton:
            self.setCheckable(is_checked)
            if self.checkBoxControlsButtonToggleState:
                self.setChecked(is_checked)
        self.checkBoxToggled.emit(is_checked)
        self.checkStateChanged.emit(self.checkState)


class ctkMenuButton(QPushButton):  # noqa: N801
    """A push button with an arrow that opens a menu; the rest of it is an ordinary button."""

    def hitButton(self, position: QPoint) -> bool:  # noqa: N802
        return position.x() < self.width() - _ARROW and super().hitButton(position)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.position().x() >= self.width() - _ARROW:
            self.showMenu()
            return
        # Qt's own slot opens the menu wherever the button is pressed.
        blocked = self.blockSignals(True)
        super().mousePressEvent(event)
        self.blockSignals(blocked)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = QRect(self.width() - _ARROW, (self.height() - 8) // 2, 8, 8)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorArrowDown, option, painter, self)


@with_setters
class ctkCheckBox(QCheckBox):  # noqa: N801
    """A check box that may have an icon for its box."""

    indicatorIcon = kept(QIcon, "indicatorIcon", QIcon())  # noqa: N815
    indicatorIconSize = kept(QSize, "indicatorIconSize", QSize())  # noqa: N815


@with_setters
class ctkColorPickerButton(QPushButton):  # noqa: N801
    """A push button that shows a color and asks for another when it is pressed."""

    colorChanged = Signal(QColor)  # noqa: N815
    colorNameChanged = Signal(str)  # noqa: N815
    color = kept(QColor, "color", QColor(0, 0, 0), "_recolored")
    displayColorName = kept(bool, "displayColorName", True, "_show")  # noqa: N815

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.clicked.connect(self.changeColor)
        self._show()

    colorName = Property(str, lambda self: self.color.name(), lambda self, name: self.setColor(QColor(name)))  # noqa: N815

    def changeColor(self) -> None:  # noqa: N802
        """Ask the user for a color."""
        chosen = QColorDialog.getColor(self.color, self)
        if chosen.isValid():
            self.setColor(chosen)

    def _recolored(self) -> None:
        self._show()
        self.colorChanged.emit(self.color)
        self.colorNameChanged.emit(self.color.name())

    def _show(self) -> None:
        pixmap = QPixmap(16, 16)
        pixmap.fill(self.color)
        self.setIcon(QIcon(pixmap))
        self.setText(self.color.name() if self.displayColorName else "")
