"""Measurements of a segmentation, one row per structure, and the CSV file that holds them."""

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from PartialSegLib.field_of_view import outside_field_of_view
from PartialSegLib.files import atomic_path
from PartialSegLib.image import Volume
from PartialSegLib.structures import LabelSet

if TYPE_CHECKING:
    from PartialSegLib.inference.result import Segmentation

NOT_FOUND = "not found"
OUTSIDE = "not in the field of view"
AT_EDGE = "touches the edge of the field of view"

_DECIMALS = {"volume_ml": 3, "mean_intensity": 2, "std_intensity": 2, "confidence": 4}


@dataclass(frozen=True)
class Row:
    """One structure. Intensities are as the file holds them (HU for most CT); None where there is nothing to measure.

    confidence: 0 to 1, the mean probability of the structure's voxels. note: empty when there is nothing to say.
    """

    structure: str
    label: int
    voxels: int
    volume_ml: float
    mean_intensity: float | None
    std_intensity: float | None
    confidence: float | None
    note: str


def measure(volume: Volume, segmentation: "Segmentation", label_set: LabelSet) -> list[Row]:
    """A row for every structure that was asked for, in the order of the label set."""
    sums = _sums(volume.array, segmentation.labels.array, label_set.n_classes)
    structures = [structure for structure in label_set if structure.value in segmentation.voxels]
    missing = {s.key for s in structures if not segmentation.voxels[s.value]}
    whole = {
        s.key: sums.height(s.value, volume)
        for s in structures
        if segmentation.voxels[s.value] and not segmentation.touches_edge[s.value]
    }
    outside = outside_field_of_view(missing, whole, volume)
    rows = []
    for s in structures:
        mean, std = sums.intensity(s.value)
        # The network's coarse grid may show a trace of a structure that no voxel of the image is left with.
        confidence = None if s.key in missing else segmentation.confidence[s.value]
        note = OUTSIDE if s.key in outside else NOT_FOUND if s.key in missing else ""
        rows.append(
            Row(
                structure=s.name,
                label=s.value,
                voxels=segmentation.voxels[s.value],
                volume_ml=segmentation.volumes_ml[s.value],
                mean_intensity=mean,
                std_intensity=std,
                confidence=confidence,
                note=AT_EDGE if segmentation.touches_edge[s.value] else note,
            )
        )
    return rows


def write_csv(path: str | os.PathLike, rows_by_case: Mapping[str, Iterable[Row]], with_case: bool = False) -> None:
    """Write UTF-8 CSV with a header; `with_case` puts the name of the case first. Raises UserError."""
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header(with_case))
        for case, rows in rows_by_case.items():
            for row in rows:
                cells = [_cell(name, value) for name, value in asdict(row).items()]
                writer.writerow([_harmless(case), *cells] if with_case else cells)


def header(with_case: bool) -> list[str]:
    """Column names of the CSV file."""
    columns = [field.name for field in fields(Row)]
    return ["case", *columns] if with_case else columns


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:.{_DECIMALS[name]}f}" if name in _DECIMALS else value


def _harmless(name: str) -> str:
    # A spreadsheet would run a file name such as "=cmd..." as a formula.
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


@dataclass(frozen=True, eq=False)
class _Sums:
    """Per label value: voxel count, sums of the indices (i, j, k) (n, 3), and of intensity and its square (n, 2)."""

    counts: np.ndarray
    indices: np.ndarray
    intensities: np.ndarray
    shift: float

    def height(self, value: int, volume: Volume) -> float:
        """S coordinate (mm) of the centre of the structure."""
        return float(volume.world(self.indices[value] / self.counts[value])[2])

    def intensity(self, value: int) -> tuple[float | None, float | None]:
        """Mean and standard deviation of the intensity, None without voxels."""
        count = self.counts[value]
        if not count:
            return None, None
        mean, square = self.intensities[value] / count
        return float(mean + self.shift), float(np.sqrt(max(0.0, square - mean * mean)))


def _sums(image: np.ndarray, labels: np.ndarray, n_classes: int) -> _Sums:
    counts = np.zeros(n_classes)
    indices, intensities = np.zeros((n_classes, 3)), np.zeros((n_classes, 2))
    # Sums of squares lose digits far from zero; what one labelled voxel holds is near what the others hold.
    shift: float | None = None
    for k, (plane, values) in enumerate(zip(labels, image, strict=True)):
        place = np.flatnonzero(plane)  # one slice at a time, its labelled voxels only: float64 of all would be huge
        if not place.size:
            continue
        label, value = plane.ravel()[place], values.ravel()[place].astype(np.float64)
        shift = float(value[0]) if shift is None else shift
        value -= shift
        j, i = np.divmod(place, plane.shape[1])
        here = np.bincount(label, minlength=n_classes)
        counts += here
        indices += np.stack([_by_label(label, i, n_classes), _by_label(label, j, n_classes), here * k], axis=1)
        intensities += np.stack([_by_label(label, value, n_classes), _by_label(label, value**2, n_classes)], axis=1)
    return _Sums(counts, indices, intensities, shift or 0.0)


def _by_label(label: np.ndarray, weights: np.ndarray, n_classes: int) -> np.ndarray:
    return np.bincount(label, weights, n_classes)
