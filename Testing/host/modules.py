"""Scripted modules as the application sees them: a description, one panel, and a manager that announces unloading."""

import importlib.util
import sys
from pathlib import Path

import slicer
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout


class qSlicerScriptedLoadableModule(QObject):  # noqa: N801
    """A module that was read from a Python file: its attributes are what the file's description class fills in."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = str(path)
        self.name = path.stem
        self.title = path.stem
        self.icon = QIcon()
        self.index = -1
        self.hidden = False
        self.widgetRepresentationCreationEnabled = True
        self.categories: list[str] = []
        self.dependencies: list[str] = []
        self.contributors: list[str] = []
        self.helpText = ""
        self.acknowledgementText = ""
        self._panel = None
        self._described = None
        self.describe()

    @property
    def defaultDocumentationLink(self) -> str:  # noqa: N802
        page = slicer.app.moduleDocumentationUrl(self.name)
        return f'<p>For more information see the <a href="{page}">documentation</a>.</p>'

    def describe(self) -> None:
        """Reads the Python file anew and lets its description class fill this object."""
        folder = str(Path(self.path).parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        spec = importlib.util.spec_from_file_location(self.name, self.path)
        source = importlib.util.module_from_spec(spec)
        sys.modules[self.name] = source
        spec.loader.exec_module(source)
        self._described = getattr(source, self.name)(self)

    def logic(self):
        """Slicer's own logic object of a scripted module has nothing of the Python logic; there is none here."""
        return None

    def widgetRepresentation(self):  # noqa: N802
        """The module's one panel, made when it is first asked for."""
        if self._panel is None:
            self._panel = qSlicerScriptedLoadableModuleWidget(self.name)
            self._panel.setup()
        return self._panel

    def forget_panel(self) -> None:
        """After unloading: the next widgetRepresentation() makes a new one."""
        if self._panel is not None:
            self._panel.setParent(None)
            self._panel.deleteLater()
            self._panel = None


class qSlicerScriptedLoadableModuleWidget(slicer.qMRMLWidget):  # noqa: N801
    """The Qt side of a module's panel; self() is the instance of the Python class <Module>Widget."""

    def __init__(self, module_name: str) -> None:
        super().__init__()
        self.setObjectName(f"{module_name}ModuleWidget")
        self.setLayout(QVBoxLayout())
        self.setMRMLScene(slicer.mrmlScene)
        self.isEntered = False
        self.moduleName = module_name
        self._python = None

    def self(self):
        return self._python

    def setup(self) -> None:
        """Makes the Python instance and lets it fill the panel."""
        self._python = getattr(sys.modules[self.moduleName], f"{self.moduleName}Widget")(self)
        setattr(slicer.modules, f"{self.moduleName}Widget", self._python)
        self._python.setup()

    def reload(self) -> None:
        """What reloading ends with: a new Python instance in the same panel; as in Slicer it is not entered anew."""
        self.setup()

    def enter(self) -> None:
        self.isEntered = True
        self._call("enter")

    def exit(self) -> None:
        self.isEntered = False
        self._call("exit")

    def _call(self, name: str) -> None:
        if hasattr(self._python, name):
            getattr(self._python, name)()


class ModuleManager(QObject):
    """Knows the scripted modules by name; modules connect to its signals."""

    moduleLoaded = Signal(str)  # noqa: N815
    moduleAboutToBeUnloaded = Signal(str)  # noqa: N815
    moduleUnloaded = Signal(str)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self._modules: dict[str, qSlicerScriptedLoadableModule] = {}

    def module(self, name: str):
        return self._modules.get(name) or getattr(slicer.modules, name.lower(), None)

    def modulesNames(self) -> list[str]:  # noqa: N802
        return list(self._modules)

    def factoryManager(self):  # noqa: N802
        return self

    def loadedModuleNames(self) -> list[str]:  # noqa: N802
        return list(self._modules)

    def load(self, path: Path) -> qSlicerScriptedLoadableModule:
        """Registers the module of a Python file under its name, once."""
        if path.stem not in self._modules:
            module = qSlicerScriptedLoadableModule(path)
            self._modules[module.name] = module
            setattr(slicer.modules, module.name.lower(), module)
            setattr(slicer.moduleNames, module.name, module.name)
            self.moduleLoaded.emit(module.name)
        return self._modules[path.stem]

    def unload(self, name: str) -> None:
        """Lets the module clean up and takes it out, as Slicer does when it ends."""
        module = self._modules.pop(name)
        self.moduleAboutToBeUnloaded.emit(name)
        module.forget_panel()
        for attribute in (name.lower(), f"{name}Widget"):
            if hasattr(slicer.modules, attribute):
                delattr(slicer.modules, attribute)
        self.moduleUnloaded.emit(name)
