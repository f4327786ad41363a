"""Between a volume's own index axes and the canonical ones: left, posterior, superior."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from PartialSegLib.image.volume import Vector, Volume


@dataclass(frozen=True)
class LpsView:
    """How a volume's axes were permuted and flipped; calling it takes an array back to the volume's own axes.

    `axes[d]` is the array axis (z, y, x order) of the volume that became axis d, then flipped where `flips[d]`.
    `spacing` is that of the LPS array, (x, y, z) in mm.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    spacing: Vector

    def apply(self, array: np.ndarray) -> np.ndarray:
        """View of an array on the volume's own grid with axes (superior, posterior, left)."""
        turned = array.transpose(self.axes)
        return turned[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """The inverse of `apply`: view on the volume's own grid of an array (superior, posterior, left)."""
        straight = array[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]
        return straight.transpose(np.argsort(self.axes))


def lps_view(volume: Volume) -> LpsView:
    """The permutation and flips that bring the volume's axes nearest to left, posterior, superior."""
    direction = volume.direction
    # Of the six permutations, the one whose index axes together point most nearly along the patient's.
    best = max(permutations(range(3)), key=lambda order: sum(abs(direction[w, i]) for w, i in enumerate(order)))
    # World axis w (x, y, z) is array axis 2 - w; index axis i (x, y, z) is array axis 2 - i.
    z, y, x = ((2 - best[w], bool(direction[w, best[w]] < 0)) for w in (2, 1, 0))
    spacing = (volume.spacing[best[0]], volume.spacing[best[1]], volume.spacing[best[2]])
    return LpsView((z[0], y[0], x[0]), (z[1], y[1], x[1]), spacing)


def to_lps(volume: Volume) -> tuple[np.ndarray, LpsView]:
    """The voxels as a view with axes (superior, posterior, left), and what takes such an array back: `undo(array)`.

    Nothing is resampled: an oblique volume keeps its obliqueness. `undo.spacing` is the view's (x, y, z) spacing.
    """
    undo = lps_view(volume)
    return undo.apply(volume.array), undo


def lps_spacing(volume: Volume) -> Vector:
    """Spacing (x, y, z) in mm of the array that `to_lps` makes of this volume."""
    return lps_view(volume).spacing
