"""Watches a scene and its nodes for a widget, and stops when the widget is gone."""

from collections.abc import Callable
from typing import Any

import shiboken6
import vtk
from PySide6.QtCore import QObject
from slicer import vtkMRMLScene

_CHANGES = (
    vtkMRMLScene.NodeAddedEvent,
    vtkMRMLScene.NodeRemovedEvent,
    vtkMRMLScene.EndBatchProcessEvent,
    vtkMRMLScene.NodeClassRegisteredEvent,
)


class SceneObserver:
    """Calls `changed` when nodes come, go, or change name; `removing` with a node that is about to go.

    While the scene is in a batch (import, close) it waits for the end, as Slicer's widgets do.
    """

    def __init__(
        self, owner: QObject, changed: Callable[[], None], removing: Callable[[Any], None] = lambda node: None
    ) -> None:
        self.scene: Any = None
        self._owner = owner
        self._changed = changed
        self._removing = removing
        self._tags: list[int] = []
        self._seen: dict[Any, tuple[int, tuple[Any, ...]]] = {}

    def watch(self, scene: Any) -> None:
        """Watch this scene instead of the one before; None watches nothing."""
        self._leave()
        self.scene = scene
        if scene is None:
            return
        self._tags = [scene.AddObserver(event, self._scene_changed) for event in _CHANGES]
        self._tags.append(scene.AddObserver(vtkMRMLScene.NodeAboutToBeRemovedEvent, self._about_to_remove))
        self._follow_nodes()

    def nodes(self) -> list[Any]:
        """Every node of the scene in its order."""
        if self.scene is None:
            return []
        return [self.scene.GetNthNode(index) for index in range(self.scene.GetNumberOfNodes())]

    def _leave(self) -> None:
        for tag in self._tags:
            self.scene.RemoveObserver(tag)
        for node, (tag, _) in self._seen.items():
            node.RemoveObserver(tag)
        self._tags, self._seen = [], {}

    def _alive(self) -> bool:
        if shiboken6.isValid(self._owner):
            return True
        self._leave()
        return False

    def _scene_changed(self, scene: Any, event: str) -> None:
        if self._alive() and not scene.IsBatchProcessing():
            self._follow_nodes()
            self._changed()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _about_to_remove(self, scene: Any, event: str, node: Any) -> None:
        if self._alive():
            self._removing(node)

    def _follow_nodes(self) -> None:
        now = set(self.nodes())
        for node in [node for node in self._seen if node not in now]:
            node.RemoveObserver(self._seen.pop(node)[0])
        for node in now - set(self._seen):
            tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._node_modified)
            self._seen[node] = (tag, _looks(node))

    def _node_modified(self, node: Any, event: str) -> None:
        if not self._alive() or node not in self._seen or self.scene.IsBatchProcessing():
            return
        tag, before = self._seen[node]
        if _looks(node) != before:
            self._seen[node] = (tag, _looks(node))
            self._changed()


def _looks(node: Any) -> tuple[Any, ...]:
    names = node.GetAttributeNames()
    return node.GetName(), node.GetHideFromEditors(), tuple((name, node.GetAttribute(name)) for name in names)
