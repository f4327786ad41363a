"""Widgets that hold the MRML scene and tell their children of it."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

SCENE_SIGNATURES = {"mrmlSceneChanged(PyObject)": "mrmlSceneChanged(vtkMRMLScene*)"}


class qMRMLWidget(QWidget):  # noqa: N801  Slicer's name
    """A widget with a scene; a .ui file connects mrmlSceneChanged to what shows nodes."""

    SIGNATURES = SCENE_SIGNATURES
    mrmlSceneChanged = Signal(object)  # noqa: N815  Slicer's name

    def __init__(self, parent: QWidget | None = None, flags: Qt.WindowType = Qt.WindowType.Widget) -> None:
        super().__init__(parent, flags)
        self._scene: Any = None

    def mrmlScene(self) -> Any:  # noqa: N802
        """The scene, or None."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        """Show another scene."""
        check_scene(scene)
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qSlicerWidget(QWidget):  # noqa: N801
    """The same for widgets of Slicer's modules."""

    SIGNATURES = SCENE_SIGNATURES
    mrmlSceneChanged = Signal(object)  # noqa: N815

    def __init__(self, parent: QWidget | None = None, flags: Qt.WindowType = Qt.WindowType.Widget) -> None:
        super().__init__(parent, flags)
        self._scene: Any = None

    def mrmlScene(self) -> Any:  # noqa: N802
        """The scene, or None."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        """Show another scene."""
        check_scene(scene)
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


def check_scene(scene: Any) -> None:
    """TypeError when this is neither a scene nor None."""
    if scene is not None and not (hasattr(scene, "IsA") and scene.IsA("vtkMRMLScene")):
        raise TypeError(f"setMRMLScene() takes a vtkMRMLScene, not {type(scene).__name__}")


def check_node(node: Any, kind: str = "vtkMRMLNode") -> None:
    """TypeError when this is neither a node of a kind nor None."""
    if node is not None and not (hasattr(node, "IsA") and node.IsA(kind)):
        raise TypeError(f"a {kind} is expected, not {type(node).__name__}")
