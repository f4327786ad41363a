"""qMRMLNodeComboBox: chooses a node of a scene, and creates, renames and deletes nodes where that is switched on."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Property, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QInputDialog, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from Testing.host.mrml_observer import SceneObserver
from Testing.host.mrml_widgets_base import check_node, check_scene
from Testing.host.qt_properties import kept, with_setters

_ACTION = Qt.ItemDataRole.UserRole + 1
_NODE_SIGNALS = ("currentNodeChanged", "nodeActivated", "nodeAdded", "nodeAddedByUser", "nodeAddedByUserAction",
                 "nodeAboutToBeRemoved", "nodeAboutToBeEdited")  # fmt: skip


@with_setters
class qMRMLNodeComboBox(QWidget):  # noqa: N801  Slicer's name
    """A list of the scene's nodes of some types. Without a scene it is disabled and empty."""

    SIGNATURES = {f"{name}(PyObject)": f"{name}(vtkMRMLNode*)" for name in _NODE_SIGNALS}  # noqa: RUF012
    currentNodeChanged = Signal((object,), (bool,))  # noqa: N815
    currentNodeIDChanged = Signal(str)  # noqa: N815
    nodeActivated = Signal(object)  # noqa: N815
    nodeAdded = Signal(object)  # noqa: N815
    nodeAddedByUser = Signal(object)  # noqa: N815
    nodeAddedByUserAction = Signal(object)  # noqa: N815
    nodeAboutToBeRemoved = Signal(object)  # noqa: N815
    nodeAboutToBeEdited = Signal(object)  # noqa: N815
    currentNodeRenamed = Signal(str)  # noqa: N815

    nodeTypes = kept("QStringList", "nodeTypes", [], "_refresh")  # noqa: N815
    hideChildNodeTypes = kept("QStringList", "hideChildNodeTypes", [], "_refresh")  # noqa: N815
    showHidden = kept(bool, "showHidden", False, "_refresh")  # noqa: N815
    showChildNodeTypes = kept(bool, "showChildNodeTypes", True, "_refresh")  # noqa: N815
    noneEnabled = kept(bool, "noneEnabled", False, "_refresh")  # noqa: N815
    noneDisplay = kept(str, "noneDisplay", "None", "_refresh")  # noqa: N815
    addEnabled = kept(bool, "addEnabled", True, "_refresh")  # noqa: N815
    removeEnabled = kept(bool, "removeEnabled", True, "_refresh")  # noqa: N815
    editEnabled = kept(bool, "editEnabled", False, "_refresh")  # noqa: N815
    renameEnabled = kept(bool, "renameEnabled", False, "_refresh")  # noqa: N815
    selectNodeUponCreation = kept(bool, "selectNodeUponCreation", True)  # noqa: N815
    interactionNodeSingletonTag = kept(str, "interactionNodeSingletonTag", "")  # noqa: N815
    baseName = kept(str, "baseName", "")  # noqa: N815

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._attributes: list[tuple[str, str, str | None]] = []
        self._labels: dict[str, str] = {}
        self._extra: list[QAction] = []
        self._nodes: list[Any] = []
        self._current: Any = None
        self._requested: str | None = None
        self._list = QComboBox(self)
        self._list.activated.connect(self._activated)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._list)
        self.setFocusProxy(self._list)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setEnabled(False)
        self._observer = SceneObserver(self, self._refresh, self._about_to_remove)

    def _id(self) -> str:
        return str(self._current.GetID()) if self._current is not None else ""

    currentNodeID = Property(str, _id, lambda self, wanted: self.setCurrentNodeID(wanted))  # noqa: N815

    def _adjust(self) -> Any:
        return self._list.sizeAdjustPolicy()

    sizeAdjustPolicy = Property(  # noqa: N815
        QComboBox.SizeAdjustPolicy, _adjust, lambda self, policy: self._list.setSizeAdjustPolicy(policy)
    )

    def mrmlScene(self) -> Any:  # noqa: N802
        """The scene, or None."""
        return self._observer.scene

    def setMRMLScene(self, scene: Any) -> None:  # noqa: N802
        """List the nodes of another scene; a node that was asked for before is chosen now."""
        check_scene(scene)
        if scene is self._observer.scene:
            return
        wanted = self._requested if self._observer.scene is None else self._id()
        self._observer.watch(scene)
        self._requested = None
        self._refresh()
        if wanted:
            self._choose(self._with_id(wanted))
        self.setEnabled(scene is not None)

    def currentNode(self) -> Any:  # noqa: N802
        """The chosen node, or None."""
        return self._current

    def setCurrentNode(self, node: Any) -> None:  # noqa: N802
        """Choose a node; one that is not listed means none."""
        if isinstance(node, str):
            raise TypeError("setCurrentNode() of an ID is deprecated in Slicer: call setCurrentNodeID()")
        check_node(node)
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, wanted: str | None) -> None:  # noqa: N802
        """The same by the node's ID."""
        if self._observer.scene is None:
            self._requested = wanted
            return
        self._refresh()
        self._choose(self._with_id(wanted))

    def setCurrentNodeIndex(self, index: int) -> None:  # noqa: N802
        """The same by its place among the listed nodes."""
        self._choose(self.nodeFromIndex(index))

    def nodeCount(self) -> int:  # noqa: N802
        """How many nodes are listed."""
        return len(self._nodes)

    def nodeFromIndex(self, index: int) -> Any:  # noqa: N802
        """The listed node at a place, or None."""
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def addAttribute(self, node_type: str, name: str, value: Any = None) -> None:  # noqa: N802
        """List nodes of a type only when they have this attribute (and value); new nodes get it."""
        self._attributes.append((node_type, name, None if value is None else str(value)))
        self._refresh()

    def removeAttribute(self, node_type: str, name: str) -> None:  # noqa: N802
        """Undo addAttribute()."""
        self._attributes = [one for one in self._attributes if one[:2] != (node_type, name)]
        self._refresh()

    def setNodeTypeLabel(self, label: str, node_type: str) -> None:  # noqa: N802
        """What a type is called in the list's actions."""
        self._labels[node_type] = label
        self._refresh()

    def nodeTypeLabel(self, node_type: str) -> str:  # noqa: N802
        """What a type is called in the list's actions."""
        scene = self._observer.scene
        found = self._labels.get(node_type) or (scene.GetTypeDisplayNameByClassName(node_type) if scene else "")
        return found or "node"

    def addMenuAction(self, action: QAction) -> None:  # noqa: N802
        """Offer one more action at the end of the list."""
        self._extra.append(action)
        self._refresh()

    def addNode(self, node_type: str = "") -> Any:  # noqa: N802
        """Add a node to the scene; None when the type is not among nodeTypes."""
        node_type = node_type or (self.nodeTypes[0] if self.nodeTypes else "")
        if node_type not in self.nodeTypes or self._observer.scene is None:
            return None
        scene = self._observer.scene
        node = scene.CreateNodeByClass(node_type)
        node.UnRegister(None)
        node.SetName(scene.GenerateUniqueName(self.baseName or self.nodeTypeLabel(node_type)))
        for kind, name, value in self._attributes:
            if node.IsA(kind):
                node.SetAttribute(name, value or "")
        scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:  # noqa: N802
        """Delete the chosen node from the scene."""
        if self._current is not None:
            self._observer.scene.RemoveNode(self._current)

    def editCurrentNode(self) -> None:  # noqa: N802
        """Ask for the chosen node's own module."""
        self.nodeAboutToBeEdited.emit(self._current)

    def renameCurrentNode(self) -> None:  # noqa: N802
        """Ask the user for another name."""
        if self._current is None:
            return
        title = f"Rename {self.nodeTypeLabel(self._current.GetClassName())}"
        echo = QLineEdit.EchoMode.Normal
        name, accepted = QInputDialog.getText(self, title, "New name:", echo, self._current.GetName())
        if accepted and name:
            self._current.SetName(name)
            self.currentNodeRenamed.emit(name)

    def _lists(self, node: Any) -> bool:
        kinds = [kind for kind in self.nodeTypes if node.IsA(kind)]
        if not self.showChildNodeTypes:
            kinds = [kind for kind in kinds if kind == node.GetClassName()]
        if not kinds or (node.GetHideFromEditors() and not self.showHidden):
            return False
        if any(node.IsA(kind) and kind not in self.nodeTypes for kind in self.hideChildNodeTypes):
            return False
        wanted = [(name, value) for kind, name, value in self._attributes if node.IsA(kind)]
        return all(
            node.GetAttribute(name) is not None and value in (None, node.GetAttribute(name)) for name, value in wanted
        )

    def _with_id(self, wanted: str | None) -> Any:
        return next((node for node in self._nodes if node.GetID() == wanted), None)

    def _refresh(self) -> None:
        """Make the list what the scene has now, and choose again where the chosen node is gone."""
        before, place = self._nodes, self._place()
        self._nodes = [node for node in self._observer.nodes() if self._lists(node)]
        self._fill()
        for node in self._nodes:
            if node not in before:
                self.nodeAdded.emit(node)
        chosen = self._current
        if chosen is not None and chosen not in self._nodes:
            # Qt's list moves on to the row that takes the place of the removed one.
            chosen = self._nodes[min(place, len(self._nodes) - 1)] if self._nodes else None
        elif chosen is None and not self.noneEnabled and not before and self._nodes:
            chosen = self._nodes[0]
        self._choose(chosen)

    def _place(self) -> int:
        return self._nodes.index(self._current) if self._current in self._nodes else 0

    def _fill(self) -> None:
        with QSignalBlocker(self._list):
            self._list.clear()
            if self.noneEnabled:
                self._list.addItem(self.noneDisplay)
            for node in self._nodes:
                self._list.addItem(node.GetName() or "", node.GetID())
            actions = self._actions() if self._observer.scene is not None else []
            if actions:
                self._list.insertSeparator(self._list.count())
            for text, act in actions:
                self._list.addItem(text)
                self._list.setItemData(self._list.count() - 1, act, _ACTION)
            self._list.setPlaceholderText(self._invitation())
            self._list.setCurrentIndex(self._row())

    def _invitation(self) -> str:
        return f"Select a {self.nodeTypeLabel(self.nodeTypes[0])}" if len(self.nodeTypes) == 1 else "Select a node"

    def _row(self) -> int:
        if self._current in self._nodes:
            return self._nodes.index(self._current) + int(self.noneEnabled)
        return 0 if self.noneEnabled else -1

    def _actions(self) -> list[tuple[str, Callable[[], Any]]]:
        found: list[tuple[str, Callable[[], Any]]] = []
        if self.addEnabled:
            found += [(f"Create new {self.nodeTypeLabel(kind)}", self._creator(kind)) for kind in self.nodeTypes]
        label = self.nodeTypeLabel(self.nodeTypes[0]) if len(self.nodeTypes) == 1 else "node"
        if self._current is not None and self.editEnabled:
            found.append((f"Edit current {label}", self.editCurrentNode))
        if self._current is not None and self.renameEnabled:
            found.append((f"Rename current {label}", self.renameCurrentNode))
        if self._current is not None and self.removeEnabled:
            found.append((f"Delete current {label}", self.removeCurrentNode))
        return found + [(action.text(), action.trigger) for action in self._extra]

    def _creator(self, kind: str) -> Callable[[], None]:
        def create() -> None:
            node = self.addNode(kind)
            self.setCurrentNode(node)
            self.nodeAddedByUserAction.emit(node)

        return create

    def _choose(self, node: Any) -> None:
        changed = node is not self._current
        self._current = node
        if changed:
            self._fill()
            self.currentNodeChanged[object].emit(node)
            self.currentNodeChanged[bool].emit(node is not None)
            self.currentNodeIDChanged.emit(self._id())

    def _activated(self, row: int) -> None:
        act = self._list.itemData(row, _ACTION)
        if act is not None:
            self._list.setCurrentIndex(self._row())
            act()
            return
        node = self._with_id(self._list.itemData(row))
        self._choose(node)
        self.nodeActivated.emit(node)

    def _about_to_remove(self, node: Any) -> None:
        if node in self._nodes:
            self.nodeAboutToBeRemoved.emit(node)
