"""First-hit ray casting of one structure under a parallel projection."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from PartialSegLib.preview.camera import Camera
from PartialSegLib.preview.field import GRID_MM, Field

_STEP_MM = 2.0
# Rays through every second pixel find the surface; the pixels between start their own search from there.
_STRIDE = 2


@dataclass(frozen=True)
class Layer:
    """Pixels one structure covers: flat picture index, depth in mm, coverage in [0, 1], unit normal in camera axes."""

    pixels: np.ndarray
    depth: np.ndarray
    coverage: np.ndarray
    normals: np.ndarray


@dataclass(frozen=True)
class Rays:
    """Rays through a window of the picture: (step, row, column) there is `matrix` @ it + `offset` in field voxels."""

    matrix: np.ndarray
    offset: np.ndarray
    steps: int
    shape: tuple[int, int]
    corner: tuple[int, int]
    near_mm: float

    def points(self, depth: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Field positions (3, n) at `depth` in steps along the rays of the pixels (row, column) of the window."""
        return self.matrix @ np.stack([depth, row, column]) + self.offset[:, None]


def cast(field: Field, camera: Camera) -> Layer | None:
    """First hit of every ray with the surface of `field`; None when the structure is outside the picture."""
    rays = _aim(field, camera)
    if rays is None:
        return None
    coverage, start = _coarse_pass(field, rays)
    row, column = np.nonzero(coverage > 0)
    depth = start[row // _STRIDE, column // _STRIDE]
    # A pixel covered less than half only grazes the structure: there is no crossing to look for.
    solid = np.flatnonzero(coverage[row, column] > 0.5)
    depth[solid] = _march(field, rays, depth[solid], row[solid], column[solid])
    return Layer(
        pixels=(row + rays.corner[0]) * camera.shape[1] + column + rays.corner[1],
        depth=rays.near_mm + depth * _STEP_MM,
        coverage=coverage[row, column],
        normals=_normals(field.values, rays.points(depth, row, column), camera),
    )


def _aim(field: Field, camera: Camera) -> Rays | None:
    """The rays through the part of the picture that the field's box projects to."""
    size = (np.asarray(field.values.shape) - 1) * GRID_MM
    corners = field.origin + np.stack(np.meshgrid(*[(0.0, length) for length in size]), axis=-1).reshape(-1, 3)
    seen = (corners - camera.centre) @ camera.axes.T
    low, high = seen.min(axis=0), seen.max(axis=0)
    half = np.asarray(camera.shape) / 2
    start = np.maximum(np.floor(low[1:] / camera.pixel_mm + half), 0).astype(int)
    stop = np.minimum(np.ceil(high[1:] / camera.pixel_mm + half), camera.shape).astype(int)
    if (stop - start < 2).any():
        return None
    first = np.array([low[0], *((start + 0.5 - half) * camera.pixel_mm)])
    return Rays(
        matrix=camera.axes.T * np.array([_STEP_MM, camera.pixel_mm, camera.pixel_mm]) / GRID_MM,
        offset=(camera.centre + camera.axes.T @ first - field.origin) / GRID_MM,
        steps=int(np.ceil((high[0] - low[0]) / _STEP_MM)) + 1,
        shape=(int(stop[0] - start[0]), int(stop[1] - start[1])),
        corner=(int(start[0]), int(start[1])),
        near_mm=float(low[0]),
    )


def _coarse_pass(field: Field, rays: Rays) -> tuple[np.ndarray, np.ndarray]:
    """Coverage of every pixel in [0, 1], and per block of `_STRIDE` pixels the nearest depth in steps met around it."""
    rows, columns = (length // _STRIDE + 2 for length in rays.shape)
    matrix = rays.matrix * np.array([1, _STRIDE, _STRIDE])
    values = ndimage.affine_transform(
        field.values, matrix, rays.offset, (rays.steps, rows, columns), order=1, output=np.float32
    )
    peak = ndimage.affine_transform(
        values.max(axis=0), np.eye(2) / _STRIDE, output_shape=rays.shape, order=3, mode="nearest"
    )
    slope = np.hypot(*np.gradient(peak))
    coverage = np.clip((peak - field.level) / np.maximum(slope, 1e-3) + 0.5, 0.0, 1.0)
    inside = values > field.level
    hit = np.where(inside.any(axis=0), inside.argmax(axis=0), values.argmax(axis=0)).astype(np.float32)
    around = np.minimum(np.minimum(hit[:-1, :-1], hit[1:, :-1]), np.minimum(hit[:-1, 1:], hit[1:, 1:]))
    return coverage, np.maximum(around - 2.0, 0.0)


def _march(field: Field, rays: Rays, start: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Depth in fractional steps where the level is first crossed at or after `start`; `start` + 2 where it is not."""
    found = start + 2.0
    active = np.arange(len(start))
    depth = start.copy()
    before = ndimage.map_coordinates(field.values, rays.points(depth, row, column), order=1)
    while active.size and depth.min() < rays.steps:
        depth = depth + 1.0
        here = ndimage.map_coordinates(field.values, rays.points(depth, row[active], column[active]), order=1)
        crossed = here > field.level
        back = (here - field.level) / np.maximum(here - before, 1e-6)
        found[active[crossed]] = (depth - np.clip(back, 0.0, 1.0))[crossed]
        going = ~crossed & (depth < rays.steps)
        active, depth, before = active[going], depth[going], here[going]
    return found


def _normals(values: np.ndarray, points: np.ndarray, camera: Camera) -> np.ndarray:
    """Unit normals (n, 3) along forward, down, right at `points` (3, n) in voxels; they point out of the structure."""
    gradient = np.empty(points.T.shape, np.float32)
    for axis in range(3):
        shift = np.zeros((3, 1))
        shift[axis] = 1.0
        ahead = ndimage.map_coordinates(values, points + shift, order=1)
        gradient[:, axis] = ndimage.map_coordinates(values, points - shift, order=1) - ahead
    seen = gradient @ camera.axes.T.astype(np.float32)
    return seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-6)
