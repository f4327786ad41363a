"""Sliders, spin boxes and ranges whose unit follows the scene."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from Testing.host.ctk_sliders import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from Testing.host.mrml_widgets_base import check_scene
from Testing.host.qt_properties import kept, with_setters


@with_setters
class qMRMLSliderWidget(ctkSliderWidget):  # noqa: N801  Slicer's name
    """A slider of a quantity, e.g. length; the stand-in shows no units."""

    quantity = kept(str, "quantity", "")
    unitAwareProperties = kept(int, "unitAwareProperties", 63)  # noqa: N815
    orientation = kept(Qt.Orientation, "orientation", Qt.Orientation.Horizontal)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:  # noqa: N802
        """The scene, or None."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        """Follow the units of another scene."""
        check_scene(scene)
        self._scene = scene


@with_setters
class qMRMLSpinBox(ctkDoubleSpinBox):  # noqa: N801
    """A spin box of a quantity."""

    quantity = kept(str, "quantity", "")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:  # noqa: N802
        """The scene, or None."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        """Follow the units of another scene."""
        check_scene(scene)
        self._scene = scene


@with_setters
class qMRMLRangeWidget(ctkRangeWidget):  # noqa: N801
    """A range of a quantity."""

    quantity = kept(str, "quantity", "")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:  # noqa: N802
        """The scene, or None."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        """Follow the units of another scene."""
        check_scene(scene)
        self._scene = scene
