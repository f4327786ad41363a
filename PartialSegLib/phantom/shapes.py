"""The bodies organs are made of: ellipsoids and tubes, as relative distances on a part of the canvas."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from PartialSegLib.phantom.canvas import Box, Canvas, Point

TubeNode = tuple[float, float, float, float]


def ellipsoid(canvas: Canvas, centre: Point, radii: Point, angles: Point = (0.0, 0.0, 0.0)) -> tuple[Box, np.ndarray]:
    """(box, r): r < 1 inside. `angles` turn it about x, y, z in degrees."""
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    reach = np.sqrt((turn**2) @ np.asarray(radii) ** 2)
    box = canvas.box(np.subtract(centre, reach).tolist(), np.add(centre, reach).tolist())
    offset = [canvas.x[box] - centre[0], canvas.y[box] - centre[1], canvas.z[box] - centre[2]]
    total = np.zeros_like(offset[0])
    for axis, radius in enumerate(radii):
        # Plain floats keep the arithmetic in float32.
        along = sum(float(turn[k, axis]) * offset[k] for k in range(3))
        total += (along / radius) ** 2
    return box, np.sqrt(total)


def tube(canvas: Canvas, nodes: Sequence[TubeNode], step_mm: float = 6.0) -> tuple[Box, np.ndarray]:
    """(box, r): r < 1 inside a smooth tube through `nodes` (x, y, z, radius) with round ends."""
    path = _sample(np.asarray(nodes, dtype=float), step_mm)
    reach = path[:, 3:4]
    box = canvas.box((path[:, :3] - reach).min(axis=0).tolist(), (path[:, :3] + reach).max(axis=0).tolist())
    start = [part.start for part in box]
    relative = np.full(canvas.x[box].shape, np.inf, np.float32)
    for a, b in pairwise(path):
        wide = 1.3 * max(a[3], b[3])
        low, high = np.minimum(a, b)[:3] - wide, np.maximum(a, b)[:3] + wide
        part = canvas.box(low.tolist(), high.tolist())
        inner = tuple(slice(p.start - s, p.stop - s) for p, s in zip(part, start, strict=True))
        near = _inside_box(inner, relative.shape)
        whole = tuple(slice(p.start + s, p.stop + s) for p, s in zip(near, start, strict=True))
        relative[near] = np.minimum(relative[near], _capsule(canvas, whole, a, b))
    return box, relative


def _inside_box(box: Sequence[slice], shape: tuple[int, ...]) -> Box:
    z, y, x = (slice(max(0, p.start), max(0, min(p.stop, n))) for p, n in zip(box, shape, strict=True))
    return z, y, x


def _capsule(canvas: Canvas, box: Sequence[slice], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance to the segment from a to b (x, y, z, radius) over the radius at the nearest point."""
    at = tuple(box)
    offset = [canvas.x[at] - float(a[0]), canvas.y[at] - float(a[1]), canvas.z[at] - float(a[2])]
    axis = [float(v) for v in (b - a)[:3]]
    length2 = sum(v * v for v in axis)
    t = np.clip(sum(o * v for o, v in zip(offset, axis, strict=True)) / max(length2, 1e-6), 0.0, 1.0)
    distance2 = sum((o - t * v) ** 2 for o, v in zip(offset, axis, strict=True))
    return np.sqrt(distance2) / (float(a[3]) + t * float(b[3] - a[3]))


def _sample(nodes: np.ndarray, step_mm: float) -> np.ndarray:
    """Points (n, 4) along a smooth curve through the nodes, about `step_mm` apart."""
    if len(nodes) == 2:
        return nodes
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(nodes[:, :3], axis=0), axis=1))]
    count = max(2, int(length[-1] / step_mm) + 1)
    return PchipInterpolator(length, nodes)(np.linspace(0.0, length[-1], count))
