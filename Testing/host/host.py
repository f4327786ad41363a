"""What tests and `python -m Testing.host` drive: the running stand-in, its module, scene, views and screenshots."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication, QWidget

from PartialSegLib.image import Volume

from . import mrml
from .view_driver import SliceViewDriver

ROOT = Path(__file__).parents[2]
_ABDOMEN_WINDOW = (400.0, 40.0)  # width and level in HU
_LPS_TO_RAS = (-1.0, -1.0, 1.0)


class Host:
    """The one running host. Nothing here knows PartialSeg but for where its module file lies."""

    def __init__(self, app, window: QWidget) -> None:
        self.app = app
        self.window = window

    @property
    def scene(self):
        return slicer.mrmlScene

    def module(self, name: str = "PartialSeg") -> Any:
        """Opens a module from its unmodified file and enters it; gives its <name>Widget instance."""
        manager = self.app.moduleManager()
        if name not in manager.modulesNames():
            manager.load(ROOT / name / f"{name}.py")
            self.app.startupCompleted.emit()
        self.window.panel.show_module(name)
        self.process()
        return self.app.moduleManager().module(name).widgetRepresentation().self()

    def leave_module(self) -> None:
        """What choosing another module does: the module is left but stays loaded."""
        self.window.panel.show_module("")
        self.process()

    def close_module(self, name: str = "PartialSeg") -> None:
        """Leaves the module and unloads it, as closing the application does."""
        if name in self.app.moduleManager().modulesNames():
            self.leave_module()
            self.app.moduleManager().unload(name)
        self.process()

    def reload_module(self, name: str = "PartialSeg") -> Any:
        """The developer's Reload button."""
        slicer.util.reloadScriptedModule(name)
        self.process()
        return self.app.moduleManager().module(name).widgetRepresentation().self()

    def clear(self) -> None:
        """Closes the scene: the events of closing are sent, then the scene is empty."""
        mrml.clear_scene()
        self.process()

    def add_volume(self, volume: Volume, name: str = "Volume"):
        """Puts a volume into the scene and into the background of all slice views, fitted."""
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        slicer.util.updateVolumeFromArray(node, volume.array)
        node.SetIJKToRASMatrix(_ijk_to_ras(volume))
        node.CreateDefaultDisplayNodes()
        if volume.modality == "ct":
            node.GetDisplayNode().SetAutoWindowLevel(False)
            node.GetDisplayNode().SetWindowLevel(*_ABDOMEN_WINDOW)
        slicer.util.setSliceViewerLayers(background=node, fit=True)
        self.process()
        return node

    def process(self, seconds: float = 0.0) -> None:
        """Runs the event loop until there is nothing to do, and at least for some seconds."""
        end = time.monotonic() + seconds
        while True:
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
            if time.monotonic() >= end:
                return
            time.sleep(0.005)

    def wait_for(self, condition: Callable[[], Any], timeout: float = 10.0) -> Any:
        """Runs the event loop until the condition holds, and gives its value; TimeoutError when it never does."""
        end = time.monotonic() + timeout
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"Waited {timeout:g} s in vain")
            self.process(0.01)
        return found

    def slice_view(self, name: str = "Red") -> SliceViewDriver:
        """Red is axial, Green coronal, Yellow sagittal."""
        return SliceViewDriver(self.app.layoutManager().sliceWidget(name))

    def screenshot(self, path: Path, widget: QWidget | None = None) -> Path:
        """Writes a PNG of a widget, or of the whole window, with every view drawn anew."""
        widget = widget or self.window
        self.process()
        for view in self.app.layoutManager().render_widgets():
            if view.isVisible():
                view.draw_now()
        self.process()
        if not widget.grab().save(str(path)):
            raise OSError(f"Cannot write {path}")
        return Path(path)

    def resize(self, width: int, height: int) -> None:
        self.window.resize(width, height)
        self.process()

    def close(self) -> None:
        """Closes all modules and the window, as quitting does; the process keeps its scene."""
        for name in self.app.moduleManager().modulesNames():
            self.close_module(name)
        self.window.close()
        QApplication.processEvents()


def _ijk_to_ras(volume: Volume):
    matrix = np.eye(4)
    matrix[:3, :3] = volume.matrix
    matrix[:3, 3] = volume.origin
    return slicer.util.vtkMatrixFromArray(np.diag([*_LPS_TO_RAS, 1.0]) @ matrix)
