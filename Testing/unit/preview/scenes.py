"""Small volumes whose picture is known, for the tests of the preview."""

from collections.abc import Mapping

import numpy as np

from PartialSegLib.image import Volume


def volume(array: np.ndarray, spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)) -> Volume:
    return Volume(array=array, spacing=spacing, origin=(0.0, 0.0, 0.0), direction=np.eye(3))


def ball(
    shape: tuple[int, int, int],
    centre: tuple[float, float, float],
    radius: float,
    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0),
) -> np.ndarray:
    """Boolean (z, y, x) ball; centre (z, y, x) and radius in mm, spacing (x, y, z) in mm."""
    grid = np.indices(shape) * np.asarray(spacing[::-1])[:, None, None, None]
    return ((grid - np.asarray(centre)[:, None, None, None]) ** 2).sum(axis=0) <= radius**2


def patient(
    shape: tuple[int, int, int] = (40, 50, 60), spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)
) -> tuple[Volume, Volume]:
    """A block of soft tissue (40 HU) in air with a liver on the right, a spleen on the left and an aorta between."""
    depth, height, width = (2.0 * n for n in shape)  # laid out for voxels of 2 mm
    labels = np.zeros(shape, np.uint8)
    labels[ball(shape, (depth * 0.6, height * 0.45, width * 0.27), 0.16 * width)] = 6
    labels[ball(shape, (depth * 0.6, height * 0.55, width * 0.78), 0.1 * width)] = 1
    column, row = round(shape[2] * 0.52), round(shape[1] * 0.6)
    labels[2:-2, row - 3 : row + 3, column - 3 : column + 3] = 8
    image = np.full(shape, -1000, np.int16)
    image[:, 4:-4, 4:-4] = 40
    image[labels > 0] = 120
    image += np.random.default_rng(0).integers(-15, 15, shape).astype(np.int16)
    return volume(image, spacing), volume(labels, spacing)


def reoriented(source: Volume, axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Volume:
    """The same patient on a grid whose array axes are permuted by `axes`, then flipped."""
    matrix, origin = source.matrix, np.asarray(source.origin)
    order = [2 - axis for axis in axes][::-1]
    matrix = matrix[:, order]
    array = source.array.transpose(axes)
    for axis, flip in enumerate(flips):
        if flip:
            array = np.flip(array, axis)
            origin = origin + matrix[:, 2 - axis] * (array.shape[axis] - 1)
            matrix[:, 2 - axis] *= -1
    spacing = np.linalg.norm(matrix, axis=0)
    return Volume(
        array=np.ascontiguousarray(array),
        spacing=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        origin=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=matrix / spacing,
    )


def color_mask(picture: np.ndarray, color: tuple[int, int, int], tolerance: int = 40) -> np.ndarray:
    """Where an 8-bit RGB picture is close to a colour."""
    return np.abs(picture.astype(int) - np.asarray(color)).max(axis=2) <= tolerance


BRIGHT_COLORS: Mapping[int, tuple[int, int, int]] = {1: (255, 0, 0), 2: (0, 255, 0), 3: (0, 0, 255)}
