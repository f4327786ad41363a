"""From the tags of single DICOM slices to one regular stack, or to the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.geometry import check_geometry
from PartialSegLib.image.volume import Vector

_ON_GRID = 0.2  # of a slice step: positions are often rounded to a tenth of a millimetre
_SAME_PLACE = 0.01  # mm
_SAME_DIRECTION = 1e-3


@dataclass(frozen=True)
class Slice:
    """What one file says about itself. `position`, `axes` and `steps` are empty when the file does not say."""

    path: Path
    series: str
    number: str
    modality: str
    position: tuple[float, ...]
    axes: tuple[float, ...]
    steps: tuple[float, ...]
    columns: int
    rows: int
    frames: int
    components: int

    @classmethod
    def from_tags(cls, path: Path, tags: dict[str, str], size: Sequence[int], components: int) -> "Slice":
        """From tags keyed "gggg|eeee" and the image's size in (x, y, z)."""
        return cls(
            path=path,
            series=tags.get("0020|000e", ""),
            number=tags.get("0020|0011", ""),
            modality=tags.get("0008|0060", ""),
            position=_numbers(tags.get("0020|0032", ""), 3),
            axes=_numbers(tags.get("0020|0037", ""), 6),
            steps=_numbers(tags.get("0028|0030", ""), 2),
            columns=size[0],
            rows=size[1],
            frames=size[2] if len(size) > 2 else 1,
            components=components,
        )


def _numbers(text: str, count: int) -> tuple[float, ...]:
    try:
        numbers = tuple(float(word) for word in text.split("\\"))
    except ValueError:
        return ()
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else ()


def stack_geometry(slices: list[Slice], name: str) -> tuple[list[int], Vector, Vector, np.ndarray]:
    """Order of the slices along their normal, spacing, origin and direction. UserError when they make no regular grid.

    `name` is how messages call the series.
    """
    _check_alike(slices, name)
    row, column = np.array(slices[0].axes[:3]), np.array(slices[0].axes[3:])
    normal = np.cross(row, column)
    positions = np.array([entry.position for entry in slices])
    order = np.argsort(positions @ normal, kind="stable")
    offsets = positions[order] - positions[order[0]]
    step = _regular_step(offsets @ normal, name) * normal
    sideways = offsets - np.outer(offsets @ normal, normal)
    step = step + _tilt(sideways, min(slices[0].steps), name)
    length = float(np.linalg.norm(step))
    spacing = (slices[0].steps[1], slices[0].steps[0], length)
    ox, oy, oz = positions[order[0]].tolist()
    direction = np.column_stack([row, column, step / length])
    check_geometry(name, spacing, (ox, oy, oz), direction)
    return order.tolist(), spacing, (ox, oy, oz), direction


def _check_alike(slices: list[Slice], name: str) -> None:
    first = slices[0]
    if any(entry.frames > 1 for entry in slices):
        raise UserError(f"{name} is multi-frame (enhanced) DICOM, which is not supported: convert it to NIfTI or NRRD")
    if any(entry.components > 1 for entry in slices):
        raise UserError(f"{name} has colour images: give the grey-valued CT or MR series itself")
    if any(not (entry.position and entry.axes and entry.steps) for entry in slices):
        raise UserError(
            f"{name} has slices that do not say where they lie (position, orientation or pixel spacing is missing): "
            "export the series again, not anonymised beyond its geometry"
        )
    axes = np.array([entry.axes for entry in slices])
    if np.abs(axes - axes[0]).max() > _SAME_DIRECTION:
        raise UserError(
            f"{name} mixes slices of different orientation (a localizer?): give a series of parallel slices"
        )
    sizes = {(entry.columns, entry.rows) for entry in slices}
    steps = np.array([entry.steps for entry in slices])
    if len(sizes) > 1 or np.abs(steps - first.steps).max() > _SAME_DIRECTION:
        raise UserError(f"{name} mixes slices of different size: give a series whose slices are all alike")
    if len(slices) < 2:
        raise UserError(f"{name} has a single slice: give a volume of two slices or more")


def _regular_step(heights: np.ndarray, name: str) -> float:
    """Distance between neighbouring slices, from the first to the last; `heights` ascend from 0 (mm)."""
    gaps = np.diff(heights)
    if gaps.min() < _SAME_PLACE:
        count = int((gaps < _SAME_PLACE).sum())
        raise UserError(
            f"{name} has {count} slice(s) at the same place as another (copies, or several phases or echoes in one): "
            "keep one slice per position"
        )
    step = float(heights[-1] / len(gaps))
    if np.abs(heights - step * np.arange(len(heights))).max() > _ON_GRID * step:
        usual, k = float(np.median(gaps)), int(np.argmax(np.abs(gaps - np.median(gaps))))
        raise UserError(
            f"{name} has slices {usual:g} mm apart but {gaps[k]:g} mm between slices {k + 1} and {k + 2}: "
            "one may be missing; copy the whole series again"
        )
    return step


def _tilt(sideways: np.ndarray, pixel: float, name: str) -> np.ndarray:
    """Sideways shift (mm, 3) from slice to slice; zero when it stays within rounding, half a pixel over all slices.

    `sideways` (n, 3) is how far each slice is shifted within its own plane against the first.
    """
    steady = np.linspace(0.0, 1.0, len(sideways))[:, None] * sideways[-1]
    if np.abs(sideways - steady).max() > pixel:
        raise UserError(f"{name} has slices shifted against each other: copy or export the series again")
    if np.linalg.norm(sideways[-1]) <= 0.5 * pixel:
        return np.zeros(3)
    return sideways[-1] / (len(sideways) - 1)
