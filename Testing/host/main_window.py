"""The main window: module panel on the left, slice and 3D views on the right, status bar below."""

import slicer
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QScrollArea

PANEL_WIDTH = 500
LARGEST_WIDTH = 800


class ModuleSelector:
    """What mainWindow().moduleSelector() offers to scripts."""

    def __init__(self, panel: "ModulePanel") -> None:
        self._panel = panel

    def selectModule(self, name: str) -> None:  # noqa: N802
        self._panel.show_module(name)

    @property
    def selectedModule(self) -> str:  # noqa: N802
        return self._panel.shown


class ModulePanel(QScrollArea):
    """Shows one module's panel at a time, and tells modules when they are entered and left."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.setObjectName("ModulePanel")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def show_module(self, name: str) -> None:
        """Leaves the module that is shown and enters the named one; an empty name shows none."""
        if name == self.shown:
            return
        if self.shown:
            module = slicer.app.moduleManager().module(self.shown)
            self.shown = ""
            module.widgetRepresentation().exit()
            # takeWidget keeps the panel alive: it is shown again when the user comes back.
            self.takeWidget()
        if name:
            panel = slicer.util.getModule(name).widgetRepresentation()
            self.setWidget(panel)
            panel.installEventFilter(self)
            panel.show()
            self._fit_width()
            self.shown = name
            panel.enter()

    def eventFilter(self, watched, event) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit_width()
        return False

    def _fit_width(self) -> None:
        """As wide as the panel needs, as in Slicer, where a module's panel never scrolls sideways."""
        if self.widget() is not None:
            bar = self.verticalScrollBar().sizeHint().width()
            needed = self.widget().minimumSizeHint().width() + bar + 2 * self.frameWidth()
            self.setMinimumWidth(min(needed, LARGEST_WIDTH))


class MainWindow(QMainWindow):
    def __init__(self, views) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("PartialSeg in a stand-in for 3D Slicer")
        self.panel = ModulePanel()
        dock = QDockWidget("Module")
        dock.setObjectName("PanelDockWidget")
        dock.setWidget(self.panel)
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        self.setCentralWidget(views)
        self.resizeDocks([dock], [PANEL_WIDTH], Qt.Orientation.Horizontal)
        self.statusBar().showMessage("")
        self._selector = ModuleSelector(self.panel)

    def moduleSelector(self) -> ModuleSelector:  # noqa: N802
        return self._selector
