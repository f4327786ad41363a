"""From a volume to what a network sees: one implementation for training and inference.

LPS axes -> linear resampling to the bundle's spacing -> intensities in [0, 1].
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, to_lps


@dataclass(frozen=True)
class Prepared:
    """A volume on the network's grid.

    array: float32 (z, y, x) in [0, 1], LPS axes.
    source_shape: (z, y, x) of the LPS-oriented input, whose physical extent the network's grid shares.
    undo: brings an array of `source_shape` back to the input's own axes.
    """

    array: np.ndarray
    source_shape: tuple[int, int, int]
    undo: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Preprocessing:
    """What a bundle says about its input.

    spacing: (x, y, z) in mm along the patient's left-right, front-back and foot-head axes.
    ct_window: HU that become 0 and 1; values outside are clipped.
    mr_percentiles: percentiles of the foreground (voxels above 0) that become 0 and 1.
    """

    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)
    ct_window: tuple[float, float] = (-400.0, 400.0)
    mr_percentiles: tuple[float, float] = (1.0, 99.0)

    def __post_init__(self) -> None:
        if min(self.spacing) <= 0:
            raise ValueError("spacing must be positive")
        if self.ct_window[0] >= self.ct_window[1]:
            raise ValueError("ct_window must rise")
        if not 0 <= self.mr_percentiles[0] < self.mr_percentiles[1] <= 100:
            raise ValueError("mr_percentiles must rise and lie in 0 to 100")

    def apply(self, volume: Volume, modality: str, offset: float = 0.0) -> Prepared:
        """Prepare `volume`; `offset` is added to every voxel first (a CT stored with +1024 needs -1024).

        Raises UserError for a modality other than "ct" or "mr".
        """
        array, undo = to_lps(volume)
        resampled = resample(array, self.grid_shape(array.shape, undo.spacing))
        return Prepared(self.normalise(resampled + np.float32(offset), modality), array.shape, undo)

    def grid_shape(self, shape: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[int, ...]:
        """Shape (z, y, x) of the network's grid over an LPS array of `shape` with `spacing` (x, y, z) mm."""
        return tuple(max(1, round(n * s / t)) for n, s, t in zip(shape, spacing[::-1], self.spacing[::-1], strict=True))

    def normalise(self, array: np.ndarray, modality: str) -> np.ndarray:
        """Map intensities to [0, 1] as `modality` asks; float32."""
        if modality == "ct":
            low, high = self.ct_window
        elif modality == "mr":
            foreground = array[array > 0]
            low, high = np.percentile(foreground, self.mr_percentiles) if foreground.size else (0.0, 1.0)
        else:
            raise UserError(f"modality {modality!r} is not supported: use ct or mr")
        scale = max(float(high - low), 1e-6)
        return np.clip((array - np.float32(low)) / np.float32(scale), 0, 1)

    def to_json(self) -> dict:
        """Plain values for a bundle's inference.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> "Preprocessing":
        """Inverse of `to_json`; raises UserError for missing, surplus or senseless settings."""
        try:
            surplus = set(values) - {field.name for field in fields(cls)}
            if surplus:
                raise ValueError(f"{min(surplus)} is unknown")
            x, y, z = map(float, values["spacing"])
            low, high = map(float, values["ct_window"])
            first, last = map(float, values["mr_percentiles"])
            return cls((x, y, z), (low, high), (first, last))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"the bundle's preprocessing cannot be read ({error}): install the model again") from error


def resample(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Resample (z, y, x) to `shape` with the same physical extent; float32.

    A triangle filter along each axis: linear interpolation where voxels get smaller, a weighted mean over the
    covered voxels where they get larger (no aliasing). Written as matrix products, plane by plane, so that no
    second copy of the volume at full resolution is ever held.
    """
    to_z, to_y, to_x = (triangle_filter(n, m) for n, m in zip(array.shape, shape, strict=True))
    planes = np.empty((array.shape[0], shape[1], shape[2]), np.float32)
    for index, plane in enumerate(array):
        planes[index] = to_y @ (plane.astype(np.float32) @ to_x.T)
    return (to_z @ planes.reshape(array.shape[0], -1)).reshape(shape)


def resample_labels(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Nearest-neighbour counterpart of `resample` for label maps."""
    nearest = ((((np.arange(m) + 0.5) * n / m).astype(int)) for n, m in zip(labels.shape, shape, strict=True))
    return labels[np.ix_(*nearest)]


def triangle_filter(n: int, m: int) -> np.ndarray:
    """Matrix (m, n) that resamples a line of n voxels to m; rows sum to 1, voxel edges coincide at both ends."""
    scale = n / m
    centres = (np.arange(m) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(n)[None, :]) / max(scale, 1.0)
    # Normalising the rows lets a centre beyond the first or last voxel's centre take that voxel's value.
    weights = np.clip(1 - distance, 0, None)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
