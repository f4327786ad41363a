"""The three standard planes of an LPS array in the radiological convention, and which slice of each to show."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from PartialSegLib.preview.boxes import label_boxes

Spacing = tuple[float, float, float]

_SCORING_STEP_MM = 2.0


@dataclass(frozen=True)
class Plane:
    """A plane of an LPS (z, y, x) array. `axis` is the array axis it cuts; letters name what lies at each border."""

    name: str
    axis: int
    left: str
    right: str
    top: str
    bottom: str
    flip_rows: bool

    def cut(self, array: np.ndarray, index: int) -> np.ndarray:
        """Slice `index` as a 2D view whose row 0 is the top of the picture and column 0 its left."""
        piece = array[(slice(None),) * self.axis + (index,)]
        return piece[::-1] if self.flip_rows else piece

    def pixel_size(self, spacing: Spacing) -> tuple[float, float]:
        """(row, column) size in mm of one pixel of the slice, from spacing (x, y, z) in mm."""
        rows, columns = [size for axis, size in enumerate(spacing[::-1]) if axis != self.axis]
        return rows, columns


AXIAL = Plane("Axial", 0, "R", "L", "A", "P", flip_rows=False)
CORONAL = Plane("Coronal", 1, "R", "L", "S", "I", flip_rows=True)
SAGITTAL = Plane("Sagittal", 2, "A", "P", "S", "I", flip_rows=True)
PLANES = (AXIAL, CORONAL, SAGITTAL)


def best_indices(labels: np.ndarray, spacing: Spacing, values: Collection[int]) -> tuple[int, int, int]:
    """Slice index per axis (z, y, x) that shows most structures well; the middle of the volume when there are none.

    A structure counts with the square root of its share of its own largest cross-section, so that a thin gland
    weighs as much as the liver and a barely touched structure counts a little.
    """
    steps = [max(1, round(_SCORING_STEP_MM / size)) for size in spacing[::-1]]
    coarse = labels[:: steps[0], :: steps[1], :: steps[2]]
    scores = [np.zeros(length) for length in coarse.shape]
    for value, box in label_boxes(coarse, values).items():
        mask = coarse[box] == value
        for axis in range(3):
            area = np.count_nonzero(mask, axis=tuple(other for other in range(3) if other != axis))
            scores[axis][box[axis]] += np.sqrt(area / area.max())
    z, y, x = (
        int(score.argmax()) * step if score.any() else length // 2
        for score, step, length in zip(scores, steps, labels.shape, strict=True)
    )
    return z, y, x
