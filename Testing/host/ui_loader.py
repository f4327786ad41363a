"""QUiLoader that knows Slicer's and CTK's widgets, and says no where a .ui file would go wrong in Slicer.

Refused with a ValueError: a class that neither Qt nor the stand-ins have, a property that the class does not have, a
connection whose signal or slot does not exist.
"""

import xml.etree.ElementTree as ElementTree
from typing import Any

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMetaObject, QObject
from PySide6.QtUiTools import QUiLoader as _QUiLoader
from PySide6.QtWidgets import QWidget

from Testing.host import qt_signals

# Read once: PySide's meta object of a class can go with the last widget of a module that was closed.
_WIDGET_PROPERTIES = QWidget.staticMetaObject.propertyCount()

classes: dict[str, type[QWidget]] = {}
"""Widget classes beyond Qt's own that a .ui file may name."""


def register(*found: type[QWidget]) -> None:
    """Let .ui files name these classes."""
    classes.update({cls.__name__: cls for cls in found})


class QUiLoader(_QUiLoader):
    """Loads a .ui file; one load a loader is enough for everybody."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._made: list[QObject] = []
        self._problems: list[str] = []

    def load(self, device: QIODevice, parent: QWidget | None = None) -> QWidget:  # type: ignore[override]
        """The widget that an open file describes."""
        tree = ElementTree.fromstring(bytes(device.readAll().data()))
        connections = _take_connections(tree)
        enumerations = _take_enumerations(tree)
        data = QByteArray(ElementTree.tostring(tree))
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        widget = super().load(buffer, parent)
        if self._problems or widget is None:
            raise ValueError("; ".join(self._problems) or self.errorString())
        _check_properties(tree, widget)
        for name, key, words in enumerations:
            _named(widget, name).setProperty(key, _number(words))
        for connection in connections:
            _connect(widget, *connection)
        self._made.clear()
        return widget

    def createWidget(self, name: str, parent: QWidget | None = None, object_name: str = "") -> QWidget:  # noqa: N802
        """Qt's hook: makes one widget of the file."""
        cls = classes.get(name)
        if cls is not None:
            made = cls(parent)
            made.setObjectName(object_name)
        elif name in self.availableWidgets() or name == "Line":
            made = super().createWidget(name, parent, object_name)
        else:
            self._problems.append(f"unknown widget class {name} ({object_name})")
            made = QWidget(parent)
        self._made.append(made)
        return made


def _take_connections(tree: ElementTree.Element) -> list[tuple[str, str, str, str]]:
    """(sender, signal, receiver, slot) of each connection, which are removed: QUiLoader knows nothing of vtk types."""
    parts = ("sender", "signal", "receiver", "slot")
    found = [tuple(one.findtext(part, "") for part in parts) for one in tree.iterfind("connections/connection")]
    for connections in tree.findall("connections"):
        tree.remove(connections)
    return found  # type: ignore[return-value]


def _take_enumerations(tree: ElementTree.Element) -> list[tuple[str, str, str]]:
    """(widget, property, words) of the stand-ins' enumerations, which are removed: Qt does not know them by name."""
    found = []
    for element in tree.iter("widget"):
        for one in element.findall("property") if element.get("class") in classes else ():
            words = one.findtext("set") or one.findtext("enum")
            name = one.get("name", "")
            if words is not None and _is_own(classes[element.get("class", "")], name):
                found.append((element.get("name", ""), name, words))
                element.remove(one)
    return found


def _is_own(cls: type[QWidget], name: str) -> bool:
    return cls.staticMetaObject.indexOfProperty(name) >= _WIDGET_PROPERTIES


def _number(words: str) -> int:
    """What `ctkPathLineEdit::Dirs|ctkPathLineEdit::Writable` is as a number."""
    total = 0
    for word in words.split("|"):
        owner, _, name = word.strip().rpartition("::")
        kind = classes.get(owner) or getattr(QtWidgets, owner, None) or getattr(QtCore, owner, None)
        value = getattr(kind, name, None)
        if value is None:
            raise ValueError(f"unknown enumeration value {word.strip()}")
        total |= int(value)
    return total


def _check_properties(tree: ElementTree.Element, root: QWidget) -> None:
    for element in tree.iter("widget"):
        widget = _named(root, element.get("name", ""))
        for found in element.findall("property"):
            name = found.get("name", "")
            # Designer's Line is a QFrame whose orientation is its shape.
            if found.get("stdset") == "0" or element.get("class") == "Line":
                continue
            if widget.metaObject().indexOfProperty(name) < 0:
                raise ValueError(f"{element.get('class')} {element.get('name')} has no property {name}")


def _connect(root: QWidget, sender: str, signal: str, receiver: str, slot: str) -> None:
    source, target = _named(root, sender), _named(root, receiver)
    name = slot.partition("(")[0]
    if target.metaObject().indexOfSlot(bytes(QMetaObject.normalizedSignature(slot)).decode()) >= 0:
        qt_signals.connect(source, signal, target, slot)
    elif callable(getattr(target, name, None)) and type(target) in classes.values():
        qt_signals.connect(source, signal, _call(target, name))
    else:
        raise ValueError(f"{receiver} has no slot {slot}")


def _call(target: QObject, name: str) -> Any:
    return lambda *args: getattr(target, name)(*args)


def _named(root: QWidget, name: str) -> QObject:
    if root.objectName() == name:
        return root
    found: QObject | None = root.findChild(QObject, name)
    if found is None:
        raise ValueError(f"no widget is named {name}")
    return found
