"""Small volumes of every geometry, for the tests of reading, writing and orienting."""

import numpy as np

from PartialSegLib.image import Volume

RAMP = np.random.default_rng(0).integers(-1000, 1500, (6, 5, 4)).astype(np.int16)


def rotation(rng: np.random.Generator) -> np.ndarray:
    """A random rotation (3x3), uniform over all of them."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def random_geometry(seed: int) -> tuple[tuple[float, float, float], tuple[float, float, float], np.ndarray]:
    """Spacing, origin and direction: permuted and flipped axes, every other time rotated freely as well."""
    rng = np.random.default_rng(seed)
    direction = np.eye(3)[:, rng.permutation(3)] * rng.choice([-1.0, 1.0], 3)
    if seed % 2:
        direction = rotation(rng) @ direction
    sx, sy, sz = rng.uniform(0.3, 7.0, 3).tolist()
    ox, oy, oz = rng.uniform(-500, 500, 3).tolist()
    return (sx, sy, sz), (ox, oy, oz), direction


def random_volume(seed: int, dtype: str = "int16") -> Volume:
    """A volume of few voxels, all different, with a random geometry."""
    rng = np.random.default_rng(1000 + seed)
    shape = tuple(rng.integers(2, 9, 3).tolist())
    array = rng.permutation(np.prod(shape)).reshape(shape).astype(dtype)
    return Volume(array, *random_geometry(seed))


def simple_volume(array: np.ndarray = RAMP) -> Volume:
    """An axial volume of 0.7 x 0.8 x 2.5 mm."""
    return Volume(array, (0.7, 0.8, 2.5), (-10.0, -20.0, 30.0), np.eye(3))
