"""Where nodes stand in the subject hierarchy, and how they go without leaving anything behind."""

from typing import Any

import slicer


def hierarchy_node() -> Any:
    """The scene's one subject hierarchy."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def place_beside(node: Any, neighbour: Any) -> None:
    """Put `node` under the same study or folder as `neighbour` and under the same parent transform."""
    hierarchy = hierarchy_node()
    parent = hierarchy.GetItemParent(_item(hierarchy, neighbour))
    hierarchy.SetItemParent(_item(hierarchy, node), parent)
    node.SetAndObserveTransformNodeID(neighbour.GetTransformNodeID())


def remove(node: Any) -> None:
    """Take a node out of the scene, with its display and storage nodes and its place in the subject hierarchy."""
    scene = node.GetScene()
    if scene is None:
        return
    parts = [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    parts += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    hierarchy = hierarchy_node()
    if item := hierarchy.GetItemByDataNode(node):
        hierarchy.RemoveItem(item, False)  # the item alone; Slicer's plugins would do this too, other hosts would not
    scene.RemoveNode(node)
    for part in parts:
        if part is not None and part.GetScene() is scene:
            scene.RemoveNode(part)


def _item(hierarchy: Any, node: Any) -> int:
    """The node's item; Slicer makes one for every node that it shows, other hosts when they are asked."""
    item = hierarchy.GetItemByDataNode(node)
    return item or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
