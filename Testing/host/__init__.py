"""A stand-in for 3D Slicer, in which the module's file runs unmodified for tests, pictures and `make app`.

It is not Slicer: Qt is PySide6 behind a layer that looks like PythonQt, MRML is Slicer's own (the package
slicer-core), slice views and editor effects are trame_slicer's. It is strict where Slicer is strict and refuses what it
does not know.
"""

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import Host

_STAND_INS = Path(__file__).parent / "slicer_modules"
_running: "Host | None" = None


def start(settings_folder: Path | None = None, testing: bool = True) -> "Host":
    """The host of this process, started by the first call, the same one afterwards.

    `settings_folder` is where the application's settings are kept; without one they are forgotten when it ends.
    With `testing`, message boxes are answered at once, as in `Slicer --testing`.
    """
    global _running
    if _running is None:
        _running = _start(settings_folder, testing)
    return _running


def _start(settings_folder: Path | None, testing: bool) -> "Host":
    _choose_rendering()
    application = _make_application(settings_folder)
    import slicer

    from . import mrml, qt_module

    running = mrml.start_scene()
    qt_module.install()
    _make_slicer_modules(slicer)
    from . import mrml_widgets

    mrml_widgets.install(slicer)
    from .app import Application

    slicer.app = Application(application, running, testing)
    return _open_window(running)


def _open_window(running) -> "Host":
    import slicer

    from . import modules, segment_editor
    from .host import Host
    from .layout_manager import LayoutManager
    from .main_window import MainWindow

    slicer.qSlicerScriptedLoadableModule = modules.qSlicerScriptedLoadableModule
    slicer.qSlicerScriptedLoadableModuleWidget = modules.qSlicerScriptedLoadableModuleWidget
    segment_editor.install(running)
    layout_manager = LayoutManager(running.app.view_manager, running.application_logic)
    window = MainWindow(layout_manager.viewport())
    slicer.app.show(layout_manager, window)
    window.resize(1280, 800)
    window.show()
    return Host(slicer.app, window)


def _choose_rendering() -> None:
    """Without a screen VTK would try X first and complain."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


def _make_application(settings_folder: Path | None):
    import tempfile

    from PySide6.QtCore import QSettings, qInstallMessageHandler
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication(sys.argv[:1])
    qInstallMessageHandler(_print_qt_message)
    application.setApplicationName("PartialSegHost")
    application.setOrganizationName("PartialSeg")
    folder = settings_folder or Path(tempfile.mkdtemp(prefix="partialseg-settings-"))
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    return application


def _make_slicer_modules(slicer) -> None:
    """slicer.modules becomes a real module, and the pure-Python parts of Slicer become importable."""
    modules = ModuleType("slicer.modules")
    modules.__dict__.update(vars(slicer.modules))
    slicer.modules = sys.modules["slicer.modules"] = modules
    slicer.moduleNames = ModuleType("slicer.moduleNames")
    slicer.selfTests = {}
    slicer.__path__.append(str(_STAND_INS))
    import slicer.SampleData

    # In Slicer this one is a module of its own, not part of `slicer`.
    sys.modules["SampleData"] = slicer.SampleData
    import slicer.packaging
    import slicer.util


def _print_qt_message(kind, context, message: str) -> None:
    # Said for every top-level widget when there is no screen.
    if "propagateSizeHints" not in message:
        print(message, file=sys.stderr)
