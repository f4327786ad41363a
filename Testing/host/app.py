"""slicer.app: what scripted modules ask the application for, under the names that Slicer gives it."""

import tempfile
from pathlib import Path

import slicer
from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, QSettings, Signal
from PySide6.QtWidgets import QApplication

from .io_manager import IOManager
from .modules import ModuleManager

_DOCUMENTATION = "https://slicer.readthedocs.io/en/latest/"


class Application(QObject):
    """Stand-in for qSlicerApplication. `testing` is what `Slicer --testing` sets: dialogs are not shown."""

    startupCompleted = Signal()  # noqa: N815
    lastWindowClosed = Signal()  # noqa: N815
    aboutToQuit = Signal()  # noqa: N815

    def __init__(self, running: QApplication, mrml, testing: bool) -> None:
        super().__init__()
        self.applicationName = "Stand-in host"
        self.applicationVersion = "5.10.0"
        self.majorVersion, self.minorVersion = 5, 10
        self.documentationBaseUrl = _DOCUMENTATION
        self.temporaryPath = tempfile.gettempdir()
        self.slicerHome = str(Path(slicer.__file__).parent)
        self.commandOptions = lambda: None
        self.translations: dict[tuple[str, str], str] = {}
        self._running = running
        self._mrml = mrml
        self._testing = testing
        self._layout_manager = None
        self._main_window = None
        self._module_manager = ModuleManager()
        self._io_manager = IOManager()
        running.aboutToQuit.connect(self.aboutToQuit.emit)
        running.lastWindowClosed.connect(self.lastWindowClosed.emit)

    def show(self, layout_manager, main_window) -> None:
        """Called once, when views and window exist."""
        self._layout_manager = layout_manager
        self._main_window = main_window

    def testingEnabled(self) -> bool:  # noqa: N802
        return self._testing

    def set_testing(self, testing: bool) -> None:
        """Shows dialogs (False) or answers them as Slicer does in tests (True)."""
        self._testing = testing

    def applicationLogic(self):  # noqa: N802
        return self._mrml.application_logic

    def mrmlScene(self):  # noqa: N802
        return self._mrml.scene

    def moduleManager(self) -> ModuleManager:  # noqa: N802
        return self._module_manager

    def coreIOManager(self) -> IOManager:  # noqa: N802
        return self._io_manager

    def ioManager(self) -> IOManager:  # noqa: N802
        return self._io_manager

    def layoutManager(self):  # noqa: N802
        return self._layout_manager

    def mainWindow(self):  # noqa: N802
        return self._main_window

    def settings(self) -> QSettings:
        return QSettings()

    def userSettings(self) -> QSettings:  # noqa: N802
        return QSettings()

    def translate(self, context: str, text: str) -> str:
        return self.translations.get((context, text), text)

    def moduleDocumentationUrl(self, name: str) -> str:  # noqa: N802
        return f"{_DOCUMENTATION}user_guide/modules/{name.lower()}.html"

    def processEvents(self) -> None:  # noqa: N802
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)

    def topLevelWidgets(self) -> list:  # noqa: N802
        return QApplication.topLevelWidgets()

    def palette(self):
        return QApplication.palette()

    def font(self):
        return QApplication.font()

    def clipboard(self):
        return QApplication.clipboard()

    def focusWidget(self):  # noqa: N802
        return QApplication.focusWidget()

    def keyboardModifiers(self):  # noqa: N802
        return QApplication.keyboardModifiers()

    def setOverrideCursor(self, cursor) -> None:  # noqa: N802
        QApplication.setOverrideCursor(cursor)

    def restoreOverrideCursor(self) -> None:  # noqa: N802
        QApplication.restoreOverrideCursor()

    def pauseRender(self) -> None:  # noqa: N802
        self._layout_manager.pause_render()

    def resumeRender(self) -> None:  # noqa: N802
        self._layout_manager.resume_render()
