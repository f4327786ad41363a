"""Where the 3D picture is seen from."""

from dataclasses import dataclass

import numpy as np

_AZIMUTH_DEG = 18.0
_ELEVATION_DEG = 8.0
_FILL = 0.92
_MIN_EXTENT_MM = 20.0


@dataclass(frozen=True)
class Camera:
    """A parallel projection onto a picture of `shape` (rows, columns) whose pixels are `pixel_mm` wide.

    `axes` has the rows forward, down, right: unit vectors in (z, y, x) of the LPS grid. `centre` is what the middle of
    the picture shows, in mm from voxel 0.
    """

    axes: np.ndarray
    centre: np.ndarray
    pixel_mm: float
    shape: tuple[int, int]


def front_camera(corners: np.ndarray, shape: tuple[int, int]) -> Camera:
    """A camera before the upright patient that fits the points `corners` (n, 3) in (z, y, x) mm into the picture.

    It looks a little from above, and the patient is turned slightly, so that the left side comes forward.
    """
    azimuth, elevation = np.deg2rad([_AZIMUTH_DEG, _ELEVATION_DEG])
    inferior = np.array([-1.0, 0.0, 0.0])
    right = np.array([0.0, np.sin(azimuth), np.cos(azimuth)])
    level = np.array([0.0, np.cos(azimuth), -np.sin(azimuth)])
    forward = np.cos(elevation) * level + np.sin(elevation) * inferior
    down = np.cos(elevation) * inferior - np.sin(elevation) * level
    axes = np.stack([forward, down, right])
    seen = corners @ axes.T
    low, high = seen.min(axis=0), seen.max(axis=0)
    extent = np.maximum(high[1:] - low[1:], _MIN_EXTENT_MM)
    return Camera(axes, axes.T @ ((low + high) / 2), float((extent / (np.asarray(shape) * _FILL)).max()), shape)


def box_corners(box: tuple[slice, ...], cell_mm: np.ndarray) -> np.ndarray:
    """The 8 corners (8, 3) in mm of a box of voxels, measured from the centre of voxel 0; `cell_mm` is (z, y, x)."""
    ends = [((part.start - 0.5) * size, (part.stop - 0.5) * size) for part, size in zip(box, cell_mm, strict=True)]
    return np.stack(np.meshgrid(*ends), axis=-1).reshape(-1, 3)
