"""CTK's sliders and spin boxes of real numbers."""

from typing import Any

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from Testing.host.qt_properties import kept, with_setters

_NO_TICKS = QSlider.TickPosition.NoTicks


@with_setters
class ctkDoubleSlider(QWidget):  # noqa: N801  CTK's name
    """A slider of real numbers."""

    valueChanged = Signal(float)  # noqa: N815
    sliderMoved = Signal(float)  # noqa: N815
    sliderPressed = Signal()  # noqa: N815
    sliderReleased = Signal()  # noqa: N815
    rangeChanged = Signal(float, float)  # noqa: N815
    minimum = kept(float, "minimum", 0.0, "_ranged")
    maximum = kept(float, "maximum", 99.0, "_ranged")
    singleStep = kept(float, "singleStep", 1.0, "_ranged")  # noqa: N815
    pageStep = kept(float, "pageStep", 10.0)  # noqa: N815
    tickInterval = kept(float, "tickInterval", 0.0)  # noqa: N815
    tickPosition = kept(QSlider.TickPosition, "tickPosition", _NO_TICKS)  # noqa: N815
    handleToolTip = kept(str, "handleToolTip", "")  # noqa: N815
    invertedAppearance = kept(bool, "invertedAppearance", False)  # noqa: N815
    invertedControls = kept(bool, "invertedControls", False)  # noqa: N815

    def __init__(self, *args: Any) -> None:
        orientation = args[0] if args and isinstance(args[0], Qt.Orientation) else Qt.Orientation.Vertical
        super().__init__(args[-1] if args and isinstance(args[-1], QWidget) else None)
        self._value = 0.0
        self._slider = QSlider(orientation, self)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._slider)
        self._slider.valueChanged.connect(self._moved)
        self._slider.sliderPressed.connect(self.sliderPressed)
        self._slider.sliderReleased.connect(self.sliderReleased)
        self._ranged()

    def _set(self, value: float) -> None:
        value = min(max(float(value), self.minimum), self.maximum)
        if value != self._value:
            self._value = value
            self._slider.setValue(round((value - self.minimum) / self.singleStep))
            self.valueChanged.emit(value)

    value = Property(float, lambda self: self._value, _set)
    sliderPosition = Property(float, lambda self: self._value, _set)  # noqa: N815
    tracking = Property(bool, lambda self: self._slider.hasTracking(), lambda self, on: self._slider.setTracking(on))
    orientation = Property(
        Qt.Orientation, lambda self: self._slider.orientation(), lambda self, way: self._slider.setOrientation(way)
    )

    def setRange(self, minimum: float, maximum: float) -> None:  # noqa: N802
        """Both ends at once."""
        self.setMinimum(minimum)
        self.setMaximum(maximum)

    def _ranged(self) -> None:
        self._slider.setRange(0, max(0, round((self.maximum - self.minimum) / self.singleStep)))
        self._set(self._value)
        self.rangeChanged.emit(self.minimum, self.maximum)

    def _moved(self, step: int) -> None:
        at = round((self._value - self.minimum) / self.singleStep)
        if step != at:
            self._set(self.minimum + step * self.singleStep)
            self.sliderMoved.emit(self._value)


@with_setters
class ctkSliderWidget(QWidget):  # noqa: N801
    """A slider of real numbers with a spin box beside it."""

    valueChanged = Signal(float)  # noqa: N815
    valueIsChanging = Signal(float)  # noqa: N815
    decimalsChanged = Signal(int)  # noqa: N815
    decimals = kept(int, "decimals", 2, "_changed")
    singleStep = kept(float, "singleStep", 1.0, "_changed")  # noqa: N815
    pageStep = kept(float, "pageStep", 10.0)  # noqa: N815
    minimum = kept(float, "minimum", 0.0, "_changed")
    maximum = kept(float, "maximum", 99.0, "_changed")
    prefix = kept(str, "prefix", "", "_changed")
    suffix = kept(str, "suffix", "", "_changed")
    tickInterval = kept(float, "tickInterval", 0.0)  # noqa: N815
    tickPosition = kept(QSlider.TickPosition, "tickPosition", _NO_TICKS)  # noqa: N815
    tracking = kept(bool, "tracking", True)
    spinBoxVisible = kept(bool, "spinBoxVisible", True, "_changed")  # noqa: N815
    popupSlider = kept(bool, "popupSlider", False)  # noqa: N815
    invertedAppearance = kept(bool, "invertedAppearance", False)  # noqa: N815
    invertedControls = kept(bool, "invertedControls", False)  # noqa: N815

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._slider = ctkDoubleSlider(Qt.Orientation.Horizontal, self)
        self._spin = QDoubleSpinBox(self)
        self._box.addWidget(self._slider)
        self._box.addWidget(self._spin)
        self._changed()
        self._slider.valueChanged.connect(self._set)
        self._spin.valueChanged.connect(self._set)
        self._value = 0.0

    def _set(self, value: float) -> None:
        value = round(min(max(float(value), self.minimum), self.maximum), self.decimals)
        if value != self._value:
            self._value = value
            self._slider.setValue(value)
            self._spin.setValue(value)
            self.valueIsChanging.emit(value)
            self.valueChanged.emit(value)

    value = Property(float, lambda self: self._value, _set)

    def setRange(self, minimum: float, maximum: float) -> None:  # noqa: N802
        """Both ends at once."""
        self.setMinimum(minimum)
        self.setMaximum(maximum)

    def spinBox(self) -> QDoubleSpinBox:  # noqa: N802
        """The spin box."""
        return self._spin

    def slider(self) -> ctkDoubleSlider:
        """The slider."""
        return self._slider

    def _changed(self) -> None:
        self._slider.setSingleStep(self.singleStep)
        self._slider.setRange(self.minimum, self.maximum)
        self._spin.setDecimals(self.decimals)
        self._spin.setSingleStep(self.singleStep)
        self._spin.setRange(self.minimum, self.maximum)
        self._spin.setPrefix(self.prefix)
        self._spin.setSuffix(self.suffix)
        self._spin.setVisible(self.spinBoxVisible)


@with_setters
class ctkDoubleSpinBox(QWidget):  # noqa: N801
    """A spin box of real numbers; not a QDoubleSpinBox, as in CTK."""

    valueChanged = Signal((float,), (str,))  # noqa: N815
    editingFinished = Signal()  # noqa: N815
    decimalsChanged = Signal(int)  # noqa: N815
    decimals = kept(int, "decimals", 2, "_changed")
    minimum = kept(float, "minimum", 0.0, "_changed")
    maximum = kept(float, "maximum", 99.99, "_changed")
    singleStep = kept(float, "singleStep", 1.0, "_changed")  # noqa: N815
    prefix = kept(str, "prefix", "", "_changed")
    suffix = kept(str, "suffix", "", "_changed")
    readOnly = kept(bool, "readOnly", False, "_changed")  # noqa: N815

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spin = QDoubleSpinBox(self)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._spin)
        self._spin.valueChanged.connect(self._tell)
        self._spin.editingFinished.connect(self.editingFinished)
        self.setFocusProxy(self._spin)

    value = Property(float, lambda self: self._spin.value(), lambda self, value: self._spin.setValue(value))

    def setRange(self, minimum: float, maximum: float) -> None:  # noqa: N802
        """Both ends at once."""
        self.setMinimum(minimum)
        self.setMaximum(maximum)

    def _changed(self) -> None:
        self._spin.setDecimals(self.decimals)
        self._spin.setRange(self.minimum, self.maximum)
        self._spin.setSingleStep(self.singleStep)
        self._spin.setPrefix(self.prefix)
        self._spin.setSuffix(self.suffix)
        self._spin.setReadOnly(self.readOnly)

    def _tell(self, value: float) -> None:
        self.valueChanged[float].emit(value)
        self.valueChanged[str].emit(self._spin.text())


@with_setters
class ctkRangeWidget(QWidget):  # noqa: N801
    """Two real numbers, the lower and the upper."""

    minimumValueChanged = Signal(float)  # noqa: N815
    maximumValueChanged = Signal(float)  # noqa: N815
    valuesChanged = Signal(float, float)  # noqa: N815
    rangeChanged = Signal(float, float)  # noqa: N815
    decimals = kept(int, "decimals", 2, "_changed")
    singleStep = kept(float, "singleStep", 1.0, "_changed")  # noqa: N815
    minimum = kept(float, "minimum", 0.0, "_changed")
    maximum = kept(float, "maximum", 99.0, "_changed")
    prefix = kept(str, "prefix", "", "_changed")
    suffix = kept(str, "suffix", "", "_changed")
    tracking = kept(bool, "tracking", True)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high = QDoubleSpinBox(self), QDoubleSpinBox(self)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._low)
        box.addWidget(self._high)
        self._changed()
        self._high.setValue(self.maximum)
        self._low.valueChanged.connect(self._low_changed)
        self._high.valueChanged.connect(self._high_changed)

    minimumValue = Property(  # noqa: N815
        float, lambda self: self._low.value(), lambda self, value: self._low.setValue(value)
    )
    maximumValue = Property(  # noqa: N815
        float, lambda self: self._high.value(), lambda self, value: self._high.setValue(value)
    )

    def setRange(self, minimum: float, maximum: float) -> None:  # noqa: N802
        """Both ends at once."""
        self.setMinimum(minimum)
        self.setMaximum(maximum)

    def setValues(self, low: float, high: float) -> None:  # noqa: N802
        """Both numbers at once."""
        self._low.setValue(min(low, high))
        self._high.setValue(max(low, high))

    def _changed(self) -> None:
        for spin in (self._low, self._high):
            spin.setDecimals(self.decimals)
            spin.setSingleStep(self.singleStep)
            spin.setRange(self.minimum, self.maximum)
            spin.setPrefix(self.prefix)
            spin.setSuffix(self.suffix)
        self.rangeChanged.emit(self.minimum, self.maximum)

    def _low_changed(self, value: float) -> None:
        self._high.setValue(max(value, self._high.value()))
        self.minimumValueChanged.emit(value)
        self.valuesChanged.emit(value, self._high.value())

    def _high_changed(self, value: float) -> None:
        self._low.setValue(min(value, self._low.value()))
        self.maximumValueChanged.emit(value)
        self.valuesChanged.emit(self._low.value(), value)
