"""A volume: voxels and the place each of them has in the patient."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

Modality = Literal["ct", "mr"]
Vector = tuple[float, float, float]


def byte_view(array: np.ndarray) -> memoryview:
    """The bytes of a contiguous array, shared with it."""
    return array.reshape(-1).view(np.uint8).data


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels on a regular grid in the patient's space (LPS, mm).

    `array` is (z, y, x). `spacing` and `origin` are in (x, y, z) index order; column i of `direction` (3x3) is the unit
    vector along index axis i. The centre of voxel (i, j, k) lies at origin + direction @ (spacing * (i, j, k)).
    """

    array: np.ndarray
    spacing: Vector
    origin: Vector
    direction: np.ndarray
    modality: Modality | None = None

    def __post_init__(self) -> None:
        if self.array.ndim != 3:
            raise ValueError(f"a volume has three axes, not {self.array.ndim}")
        x, y, z = (float(step) for step in self.spacing)
        object.__setattr__(self, "spacing", (x, y, z))
        x, y, z = (float(coordinate) for coordinate in self.origin)
        object.__setattr__(self, "origin", (x, y, z))
        direction = np.array(self.direction, dtype=np.float64).reshape(3, 3)
        direction.flags.writeable = False
        object.__setattr__(self, "direction", direction)

    def like(self, array: np.ndarray) -> "Volume":
        """The same place, other voxels: `array` must have this volume's shape."""
        if array.shape != self.array.shape:
            raise ValueError(f"an array of shape {array.shape} does not fit a volume of shape {self.array.shape}")
        return replace(self, array=array)

    @property
    def matrix(self) -> np.ndarray:
        """3x3: how far (mm, LPS) one step along each index axis leads."""
        return self.direction * np.asarray(self.spacing)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(abs(np.linalg.det(self.matrix)) / 1000.0)

    def world(self, index: np.ndarray | tuple[float, ...]) -> np.ndarray:
        """LPS position (mm) of index (i, j, k); several indices as rows of an (n, 3) array."""
        return np.asarray(index, dtype=np.float64) @ self.matrix.T + np.asarray(self.origin)

    def same_grid(self, other: "Volume") -> bool:
        """Whether both have the same voxels at the same places, to a hundredth of a voxel at every corner.

        The tolerance is there because NIfTI keeps geometry in single precision.
        """
        if self.array.shape != other.array.shape:
            return False
        corners = np.array(list(product(*((0, n - 1) for n in reversed(self.array.shape)))), dtype=np.float64)
        distance = np.linalg.norm(self.world(corners) - other.world(corners), axis=1).max()
        return bool(distance <= 0.01 * min(self.spacing))
