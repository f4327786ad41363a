"""Real MRML for the tests: an empty scene before each, and volumes that lie as difficult as volumes do."""

import importlib.util

import numpy as np
import pytest

from PartialSegLib.image.volume import Volume
from PartialSegLib.structures import load_label_set

if importlib.util.find_spec("trame_slicer") is None:
    collect_ignore_glob = ["test_*.py"]


def turned(*axis, degrees):
    """Rotation matrix about an axis (Rodrigues)."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross, angle = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]), np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


GEOMETRIES = {
    "straight": ((1.0, 1.0, 1.0), np.eye(3)),
    "flipped": ((0.8, 0.8, 2.5), np.diag([-1.0, -1.0, 1.0])),
    "left-handed": ((0.8, 0.9, 5.0), np.diag([1.0, 1.0, -1.0])),
    "sagittal": ((0.9, 0.9, 4.0), np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]])),
    "coronal": ((1.2, 0.7, 3.0), np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])),
    "tilted": ((0.7, 0.8, 3.0), turned(1, 0.3, 0.2, degrees=17)),
    "turned": ((2.0, 1.0, 0.5), turned(1, 2, 3, degrees=100)),
}


@pytest.fixture(autouse=True)
def mrml():
    """The scene, empty."""
    from Testing.host.mrml import clear_scene, start_scene

    scene = start_scene().scene
    clear_scene()
    yield start_scene()
    for _ in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):  # singletons, they outlive closing the scene
        scene.RemoveNode(scene.GetFirstNodeByClass("vtkMRMLSliceNode"))
    clear_scene()


@pytest.fixture(scope="session")
def label_set():
    return load_label_set("abdomen16")


@pytest.fixture(params=GEOMETRIES)
def anyhow(request):
    """Spacing and direction of every kind, one after the other."""
    return GEOMETRIES[request.param]


@pytest.fixture
def volume():
    """A function: a volume of random voxels, straight unless told."""

    def make(geometry="straight", shape=(12, 10, 14), dtype=np.int16, seed=0):
        spacing, direction = GEOMETRIES[geometry] if isinstance(geometry, str) else geometry
        array = np.random.default_rng(seed).integers(0, 200, shape).astype(dtype)
        return Volume(array, spacing, (-31.0, 12.5, 100.0), direction)

    return make


@pytest.fixture
def volume_node(volume):
    """A function: such a volume in the scene."""
    from PartialSegLib.scene import put_volume

    def make(geometry="straight", shape=(12, 10, 14), name="CT"):
        return put_volume(volume(geometry, shape), name)

    return make


@pytest.fixture
def transform_node():
    """A function: a linear transform node that turns and shifts."""
    import slicer

    from PartialSegLib.scene.geometry import to_vtk

    def make(rotation=None, shift=(0.0, 0.0, 0.0)):
        matrix = np.eye(4)
        matrix[:3, :3] = np.eye(3) if rotation is None else rotation
        matrix[:3, 3] = shift
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        node.SetMatrixTransformToParent(to_vtk(matrix))
        return node

    return make


@pytest.fixture
def slice_node():
    """A function: the slice node of a view."""
    import slicer

    def make(orientation="Axial", name="Red"):
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSliceNode")  # knows the presets, unlike a bare node
        node.UnRegister(None)
        node.SetName(name)
        node.SetLayoutName(name)
        node = slicer.mrmlScene.AddNode(node)
        node.SetOrientation(orientation)
        node.SetDimensions(200, 200, 1)
        return node

    return make


@pytest.fixture
def blocks():
    """A function: labels (z, y, x) with a block of each value, not touching each other."""

    def make(*values, shape=(12, 10, 14)):
        labels = np.zeros(shape, np.uint8)
        for n, value in enumerate(values):
            labels[1 + n % 3 :: 5, 2:7, n % shape[2]] = value
        return labels

    return make
