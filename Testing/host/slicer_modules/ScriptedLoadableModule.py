"""Stand-in for slicer.ScriptedLoadableModule: the four base classes of a scripted module, as Slicer documents them."""

import importlib
import unittest
from pathlib import Path

import qt
import slicer

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


def _own_name(instance, ending: str) -> str:
    return type(instance).__name__.removesuffix(ending)


class ScriptedLoadableModule:
    """Describes a module to the application; `parent` is the module object of the application."""

    def __init__(self, parent):
        super().__init__()
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title = ""
        parent.categories = []
        parent.dependencies = []
        parent.contributors = []
        parent.helpText = ""
        parent.acknowledgementText = ""
        for ending in (".svg", ".png"):
            icon = Path(self.resourcePath(f"Icons/{self.moduleName}{ending}"))
            if icon.is_file():
                parent.icon = qt.QIcon(str(icon))
                break
        slicer.selfTests[self.moduleName] = self.runTest

    def resourcePath(self, filename):  # noqa: N802
        return str(Path(self.parent.path).parent / "Resources" / filename)

    def getDefaultModuleDocumentationLink(self, docPage=None):  # noqa: N802, N803
        app = slicer.app
        page = app.documentationBaseUrl + docPage if docPage else app.moduleDocumentationUrl(self.moduleName)
        return f'<p>For more information see the <a href="{page}">online documentation</a>.</p>'

    def runTest(self, msec=100, **kwargs):  # noqa: N802
        cases = getattr(importlib.import_module(type(self).__module__), f"{self.moduleName}Test", None)
        if cases is None:
            raise AssertionError(f"{type(self).__module__} has no class {self.moduleName}Test")
        case = cases()
        case.messageDelay = msec
        case.runTest(**kwargs)


class ScriptedLoadableModuleWidget:
    """The panel of a module: `self.layout` is where setup() puts its widgets."""

    def __init__(self, parent=None):
        super().__init__()
        self.moduleName = _own_name(self, "Widget")
        self.developerMode = slicer.util.settingsValue("Developer/DeveloperMode", False, converter=slicer.util.toBool)
        self.parent = parent or self._own_parent()
        self.layout = self.parent.layout()
        if not parent:
            self.setup()
            self.parent.show()
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    @staticmethod
    def _own_parent():
        parent = slicer.qMRMLWidget()
        parent.setLayout(qt.QVBoxLayout())
        parent.setMRMLScene(slicer.mrmlScene)
        return parent

    def resourcePath(self, filename):  # noqa: N802
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / filename)

    def setup(self):
        if not self.developerMode:
            return
        self.reloadButton = qt.QPushButton("Reload")
        self.reloadButton.toolTip = "Reload this module."
        self.reloadButton.connect("clicked()", self.onReload)
        self.layout.addWidget(self.reloadButton)

    def cleanup(self):
        """Called when the application unloads the module; to be overridden."""

    def _onModuleAboutToBeUnloaded(self, moduleName):  # noqa: N802, N803
        if moduleName != self.moduleName:
            return
        self.cleanup()
        slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def onReload(self):  # noqa: N802
        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    """What a module computes; finds or makes the module's parameter node in the scene."""

    def __init__(self, parent=None):
        super().__init__()
        self.moduleName = _own_name(self, "Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):  # noqa: N802
        if self.isSingletonParameterNode:
            node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            if node:
                # Closing a scene may take the attribute from the node that it keeps.
                node.SetAttribute("ModuleName", self.moduleName)
        else:
            node = next(iter(self.getAllParameterNodes()), None)
        return node or slicer.mrmlScene.AddNode(self.createParameterNode())

    def getAllParameterNodes(self):  # noqa: N802
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self):  # noqa: N802
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """A module's self-test: runTest() runs every method whose name has "test" in it, as Slicer's does."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.messageDelay = 100
        self.moduleTestNames = [name for name in dir(self) if "test" in name and callable(getattr(self, name))]

    def delayDisplay(self, message, requestedDelay=None, msec=None):  # noqa: N802, N803
        slicer.util.delayDisplay(message, self.messageDelay)

    def runTest(self):  # noqa: N802
        self.setUpClass()
        for name in self.moduleTestNames:
            self.setUp()
            try:
                getattr(self, name)()
            finally:
                self.tearDown()
        self.tearDownClass()
