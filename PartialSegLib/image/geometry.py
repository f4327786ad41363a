"""What a usable geometry is: finite, positive, invertible, with axes at right angles."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError

# Axes within about one degree of right angles are kept as they are; the tilted gantry of a CT is many degrees.
MAX_SHEAR = 0.02
_FIX = "write the image again with a correct header (3D Slicer can do this) and try again"


def absent_geometry(path: Path, what: str) -> UserError:
    """The error for a file that does not say where its voxels lie; left and right could not be told apart."""
    return UserError(
        f"{path} does not say how it lies in the patient ({what}), so left and right are unknown: "
        "export it again with orientation, or as DICOM"
    )


def check_geometry(path: Path | str, spacing: Sequence[float], origin: Sequence[float], direction: np.ndarray) -> None:
    """Raise UserError when the geometry read from `path` cannot be used (see the module's first line)."""
    if not (np.isfinite(spacing).all() and np.isfinite(origin).all() and np.isfinite(direction).all()):
        raise UserError(f"{path} has a geometry with values that are not numbers: {_FIX}")
    if min(spacing) <= 0:
        steps = " x ".join(f"{step:g}" for step in spacing)
        raise UserError(f"{path} has voxels of {steps} mm, which must be positive: {_FIX}")
    if abs(np.linalg.det(direction)) < 1e-3:
        raise UserError(f"{path} has a geometry that cannot be inverted (two axes coincide, or one is zero): {_FIX}")
    shear = np.abs(direction.T @ direction - np.eye(3)).max()
    if shear > MAX_SHEAR:
        degrees = np.degrees(np.arcsin(min(shear, 1.0)))
        raise UserError(
            f"{path} has axes {degrees:.1f} degrees off right angles (a tilted gantry?): "
            "resample it to a rectangular grid (3D Slicer does so when it loads a DICOM series) and try again"
        )


def split_matrix(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split index-to-world steps (3x3) into spacing (3) and unit directions (3x3); a zero column stays zero."""
    spacing = np.linalg.norm(matrix, axis=0)
    return spacing, matrix / np.where(spacing > 0, spacing, 1.0)
