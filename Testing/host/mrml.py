"""The MRML half of the stand-in host: slicer-core's scene with the logics that Slicer registers when it starts.

slicer-core is Slicer's own MRML as a Python package; this file is what Slicer's main program does with it. There is one
scene per process, as in Slicer. `slicer.mrmlScene` and `slicer.modules.<name>.logic()` work as they do there.
"""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import slicer
from slicer import util  # noqa: F401  makes slicer.util known, as it always is in Slicer
from trame_slicer.core import SlicerApp

_RIGHT_IS_LEFT_ON_SCREEN = True
# Module name in the application logic -> class of its logic; those that SlicerApp does not register itself.
_MORE_LOGICS = {
    "Cameras": "vtkSlicerCamerasModuleLogic",
    "Models": "vtkSlicerModelsLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Units": "vtkSlicerUnitsLogic",
}
_SLICER_APP_LOGICS = ("Colors", "Data", "Markups", "Segmentations", "SubjectHierarchy", "Terminologies", "Volumes")


class Module:
    """What `slicer.modules.<name>` offers without its widgets: a name and a logic."""

    def __init__(self, name: str, logic: Any) -> None:
        self.name = name
        self._logic = logic

    def logic(self) -> Any:
        """The module's one logic."""
        return self._logic


@dataclass(frozen=True)
class Mrml:
    """The running half: the scene, the application logic, and trame-slicer's holder of both (views, editor logic)."""

    app: SlicerApp
    scene: Any
    application_logic: Any


_running: Mrml | None = None


def start_scene() -> Mrml:
    """The scene of this process, with every logic; made by the first call, the same one (not emptied) afterwards."""
    global _running
    if _running is None:
        app = SlicerApp()
        _running = Mrml(app, app.scene, app.app_logic)
        slicer.mrmlScene = app.scene
        slicer.modules = SimpleNamespace()
        _register_logics(app)
        _add_file_cache(app.scene)
        _add_singletons(app.scene)
    return _running


def clear_scene() -> None:
    """What File > Close scene does: every node goes but singletons and colors; the events of closing are sent."""
    scene = start_scene().scene
    scene.Clear(0)
    _add_singletons(scene)


def _register_logics(app: SlicerApp) -> None:
    # The application logic holds its module logics weakly: they live as long as slicer.modules does.
    for name, kind in _MORE_LOGICS.items():
        logic = app.register_module_logic(getattr(slicer, kind)(), logic_name=name)
        setattr(slicer.modules, name.lower(), Module(name, logic))
    for name in _SLICER_APP_LOGICS:
        setattr(slicer.modules, name.lower(), Module(name, app.app_logic.GetModuleLogic(name)))


def _add_file_cache(scene: Any) -> None:
    """Without a cache manager, scene.ReadFromMRB refuses every file."""
    folder = tempfile.mkdtemp(prefix="partialseg-host-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    cache = slicer.vtkCacheManager()
    cache.SetRemoteCacheDirectory(folder)
    manager = slicer.vtkDataIOManager()
    manager.SetCacheManager(cache)
    scene.SetCacheManager(cache)
    scene.SetDataIOManager(manager)


def _add_singletons(scene: Any) -> None:
    """Slice orientations and the subject hierarchy: Slicer has them again right after the scene was closed."""
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, _RIGHT_IS_LEFT_ON_SCREEN)
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
