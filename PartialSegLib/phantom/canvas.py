"""A voxel canvas on which bodies are painted: a CT in HU and its labels, addressed in mm."""

from collections.abc import Sequence

import numpy as np

Point = tuple[float, float, float]
Box = tuple[slice, slice, slice]

_WOBBLE_MM = 3.0
_WOBBLE_NODE_MM = 55.0


class Canvas:
    """CT (float32 HU, air) and labels (uint8) over a box of space; positions are (x left, y posterior, z superior) mm.

    The positions of the voxels are bent by a smooth random field of a few mm, so that everything painted looks grown.
    """

    def __init__(self, low: Point, high: Point, spacing: Point, rng: np.random.Generator) -> None:
        self.origin = tuple(start + step / 2 for start, step in zip(low, spacing, strict=True))
        self.spacing = spacing
        shape = [max(1, round((b - a) / step)) for a, b, step in zip(low, high, spacing, strict=True)][::-1]
        self.ct = np.full(shape, -1000.0, np.float32)
        self.labels = np.zeros(shape, np.uint8)
        axes = [
            (start + step * np.arange(n, dtype=np.float32)).astype(np.float32)
            for start, step, n in zip(self.origin, spacing, shape[::-1], strict=True)
        ]
        bends = [_WOBBLE_MM * smooth_noise(self.ct.shape, spacing, _WOBBLE_NODE_MM, rng) for _ in range(3)]
        self.x = axes[0][None, None, :] + bends[0]
        self.y = axes[1][None, :, None] + bends[1]
        self.z = axes[2][:, None, None] + bends[2]

    def box(self, low: Sequence[float], high: Sequence[float]) -> Box:
        """The voxels (z, y, x) that may lie between two corners in mm, with room for the bending."""
        margin = 3.0 * _WOBBLE_MM
        parts = []
        for axis in (2, 1, 0):
            start = (low[axis] - margin - self.origin[axis]) / self.spacing[axis]
            stop = (high[axis] + margin - self.origin[axis]) / self.spacing[axis]
            length = self.ct.shape[2 - axis]
            parts.append(slice(min(max(0, int(start)), length), min(max(0, int(stop) + 2), length)))
        return parts[0], parts[1], parts[2]

    def everything(self) -> Box:
        return slice(None), slice(None), slice(None)

    def paint(self, box: Box, inside: np.ndarray, hu: float | np.ndarray, label: int = 0) -> None:
        """Set HU and label of the voxels of `box` where `inside`, over whatever was there."""
        self.ct[box][inside] = hu[inside] if isinstance(hu, np.ndarray) else hu
        self.labels[box][inside] = label


def smooth_noise(shape: tuple[int, ...], spacing: Point, node_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Float32 noise (z, y, x) of about unit size that varies over `node_mm`: a cubic B-spline with random nodes."""
    counts = [int(n * step / node_mm) + 4 for n, step in zip(shape, spacing[::-1], strict=True)]
    field = rng.standard_normal(counts).astype(np.float32) * 2.0
    for axis, (n, step) in enumerate(zip(shape, spacing[::-1], strict=True)):
        weights = _spline_weights(np.arange(n) * step / node_mm, counts[axis])
        field = np.moveaxis(np.tensordot(weights, field, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(field)


def _spline_weights(position: np.ndarray, count: int) -> np.ndarray:
    """Weights (n, count) of the cubic B-spline nodes at `position` in node units from the second node on."""
    distance = np.abs(position[:, None] + 1.0 - np.arange(count)[None, :])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)
