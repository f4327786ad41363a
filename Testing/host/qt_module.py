"""The `qt` module of the stand-in host: PySide6's classes, seen through PythonQt's attribute rules.

For the other parts of the host:

    from Testing.host import qt_module
    qt_module.install()          # once, after QApplication exists or before; puts qt, ctk and PythonQt in sys.modules
    qt_module.errors             # exceptions that slots, timers and event handlers raised; a test clears and checks it
    from Testing.host import mrml_widgets
    mrml_widgets.install(slicer) # slicer.qMRMLWidget, slicer.qMRMLNodeComboBox, ...

What scripted modules then see (all code but PySide6, vtk, trame and Testing.host; Testing.host.slicer_modules and
Testing.gui are scripted modules too):
- properties are attributes: `label.text`, `box.checked = True`; `label.text()` is a TypeError; unknown ones an error;
- `button.connect("clicked()", f)`, `disconnect`, `button.clicked.connect(f)`; an unknown signal is a ValueError;
- QFileDialog.getOpenFileName() and its like give the path alone; QInputDialog.getText(..., qt.BoolResult());
- className(), delete(), name, children by their object name, exec_(); lists come as tuples; no keyword arguments;
- enumeration values equal their numbers;
- `qt.QUiLoader().load(file)` knows the widgets of ctk and slicer, refuses any other class, and applies a .ui file's
  connections of scenes and nodes.
Code in Testing.host itself sees PySide's methods: `label.text()`, `box.setChecked(True)`. Stand-ins for Slicer's C++
classes are Python classes there: a Q_PROPERTY is a PySide `Property`, a signal that carries a node is Signal(object)
with its C++ signature in the class's SIGNATURES: {"currentNodeChanged(PyObject)": "currentNodeChanged(vtkMRMLNode*)"}.
"""

import sys
import traceback
from types import ModuleType, TracebackType

from PySide6 import QtCore, QtGui, QtNetwork, QtSvg, QtWidgets, QtXml
from PySide6.QtCore import QObject

from Testing.host import qt_attributes, qt_constants, qt_enums, qt_statics

_SOURCES = (QtCore, QtGui, QtWidgets, QtNetwork, QtSvg, QtXml)
# Names that PySide has and PythonQt has not.
_ABSENT = {"SIGNAL", "SLOT", "QT_TR_NOOP", "ClassInfo", "QEnum", "QFlag", "qVersion"}

errors: list[BaseException] = []
"""Exceptions that reached Qt instead of a caller; they are printed too."""


def install() -> None:
    """Make `import qt`, `import ctk` and `import PythonQt` work; does nothing the second time."""
    if "qt" in sys.modules:
        return
    qt_constants.protect()
    qt = _make()
    qt_enums.install(_SOURCES)
    kinds = [found for found in vars(qt).values() if isinstance(found, type)]
    qt_attributes.install(kind for kind in kinds if issubclass(kind, QObject))
    qt_statics.install()
    sys.excepthook = _record
    sys.modules["qt"] = qt
    from Testing.host import ctk_module, ui_loader

    sys.modules["ctk"] = ctk_module.make()
    sys.modules["qt"].QUiLoader = ui_loader.QUiLoader  # type: ignore[attr-defined]
    sys.modules["PythonQt"] = _pythonqt(sys.modules["qt"], sys.modules["ctk"])


def _make() -> ModuleType:
    module = ModuleType("qt", "Qt as PythonQt shows it (stand-in host).")
    for source in _SOURCES:
        for name in dir(source):  # PySide makes a class when it is first asked for: vars() does not have it
            found = getattr(source, name)
            if not name.startswith("_") and name not in _ABSENT and not isinstance(found, ModuleType):
                setattr(module, name, found)
    # PySide gives up this name, which is the one that PythonQt has always had.
    QtWidgets.QDialog.exec_ = QtWidgets.QDialog.exec  # type: ignore[method-assign]
    for name in [name for name, kind in vars(module).items() if hasattr(kind, "__enter__")]:
        # PySide's painters, blockers and lockers are context managers; PythonQt's are not.
        setattr(module, name, type(name, (getattr(module, name),), {"__enter__": None, "__exit__": None}))
    module.BoolResult = qt_statics.BoolResult  # type: ignore[attr-defined]
    return module


def _pythonqt(qt: ModuleType, ctk: ModuleType) -> ModuleType:
    module = ModuleType("PythonQt")
    for name in ("QtCore", "QtGui", "QtNetwork", "QtUiTools", "private"):
        setattr(module, name, qt)
        sys.modules[f"PythonQt.{name}"] = qt
    for name in ("CTKCore", "CTKWidgets"):
        setattr(module, name, ctk)
        sys.modules[f"PythonQt.{name}"] = ctk
    return module


def _record(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    errors.append(error)
    traceback.print_exception(kind, error, trace)
