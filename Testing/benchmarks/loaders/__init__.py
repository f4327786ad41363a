"""The ways to get training samples that are compared, and where each sample is cut out."""

from collections.abc import Sequence

import numpy as np

CASE = "phantom"
# A sample: image (1, Z, Y, X) float32 in [0, 1], labels (Z, Y, X) or what is known of them.
Sample = tuple[np.ndarray, np.ndarray]


def box_of_sample(shape: Sequence[int], patch: Sequence[int], number: int) -> tuple[slice, ...]:
    """Where in a volume (z, y, x) of the network's grid crop `number` lies: the same place for all loaders."""
    rng = np.random.default_rng([1, number])
    corner = [int(rng.integers(max(n - p, 0) + 1)) for n, p in zip(shape, patch, strict=True)]
    return tuple(slice(a, a + p) for a, p in zip(corner, patch, strict=True))
