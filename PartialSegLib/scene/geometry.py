"""Where MRML nodes lie: matrices as numpy arrays, in RAS (Slicer's world, mm) unless a name says LPS."""

from typing import Any

import numpy as np
import slicer
import vtk

from PartialSegLib.errors import UserError

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # RAS <-> LPS


def to_numpy(matrix: Any) -> np.ndarray:
    """4x4 array of a vtkMatrix4x4."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def to_vtk(matrix: np.ndarray) -> Any:
    """vtkMatrix4x4 of a 4x4 array."""
    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.asarray(matrix, float).ravel().tolist())
    return result


def ijk_to_ras(volume_node: Any) -> np.ndarray:
    """4x4: voxel index (i, j, k, 1) of a volume node to its own RAS, without its parent transform."""
    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    return to_numpy(matrix)


def ijk_to_world(volume_node: Any) -> np.ndarray:
    """4x4: voxel index (i, j, k, 1) to the scene's RAS, with the parent transforms.

    UserError when one of them is not linear: then the voxels have no common axes in the scene.
    """
    return to_world(volume_node) @ ijk_to_ras(volume_node)


def to_world(node: Any) -> np.ndarray:
    """4x4: a transformable node's own RAS to the scene's; identity without parent transform. UserError: not linear."""
    transform = node.GetParentTransformNode()
    if transform is None:
        return np.eye(4)
    if not transform.IsTransformToWorldLinear():
        raise UserError(
            f"{node.GetName()} is under a transform that is not linear: harden the transform in the Data module first"
        )
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(matrix)
    return to_numpy(matrix)


def grid_in(node: Any, volume_node: Any) -> np.ndarray:
    """4x4: voxel index (i, j, k, 1) of a volume to the RAS of another node, which may have other parent transforms.

    UserError when these are not linear.
    """
    if transform_between(volume_node, node) is None:
        return ijk_to_ras(volume_node)
    return np.linalg.inv(to_world(node)) @ ijk_to_world(volume_node)


def points_between(source: Any, target: Any, points: np.ndarray) -> np.ndarray:
    """Points (n, 3) in the RAS of node `source`, as seen from node `target`; None stands for the scene's world."""
    if (transform := transform_between(source, target)) is None:
        return np.asarray(points, float)
    return np.array([transform.TransformPoint(point) for point in np.asarray(points, float).tolist()])


def transform_between(source: Any, target: Any) -> Any:
    """vtkGeneralTransform from the RAS of `source` to that of `target`; None when they share a parent transform."""
    start = source.GetParentTransformNode() if source is not None else None
    end = target.GetParentTransformNode() if target is not None else None
    if start is end:
        return None
    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(start, end, transform)
    return transform


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A 4x4 matrix applied to points (n, 3)."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]
