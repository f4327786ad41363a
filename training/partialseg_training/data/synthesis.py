"""Images synthesised from tissue maps, so that a network learns shapes whatever the contrast.

The recipe of SynthSeg (Billot et al., Medical Image Analysis 2023): one random mean and spread per tissue, then blur,
bias field and noise. Two priors are mixed in: portal-venous CT, and MR weightings in which fluid or fat is bright.
Where a real CT lies under the tissue map, its own texture is added, inverted or scaled.
"""

import numpy as np
from scipy import ndimage

from partialseg_training.data import tissue as t

# HU (mean, spread between patients) of a portal-venous CT. Structures by label value, other tissue by code.
_CT_HU = {
    1: (115, 20), 2: (165, 35), 3: (165, 35), 4: (12, 10), 5: (45, 20), 6: (105, 20), 7: (40, 35), 8: (150, 35),
    9: (135, 30), 10: (90, 20), 11: (75, 20), 12: (75, 20), 13: (55, 25), 14: (15, 20), 15: (65, 25), 16: (155, 30),
    t.AIR: (-1000, 0), t.FAT: (-100, 10), t.FLUID: (10, 10), t.MUSCLE: (58, 10), t.SOFT: (70, 25),
    t.ENHANCED: (140, 25), t.BONE: (280, 100), t.LUNG: (-820, 40), t.HEART: (140, 30), t.BOWEL: (40, 35),
    t.NERVE: (40, 10),
}  # fmt: skip
# Fat-suppressed T2: (mean, spread) as fractions of the brightest tissue. T1 is drawn from its own table.
_T2 = {
    1: (0.5, 0.12), 2: (0.6, 0.12), 3: (0.6, 0.12), 4: (0.9, 0.1), 6: (0.25, 0.08), 7: (0.45, 0.25), 14: (0.95, 0.05),
    t.FAT: (0.12, 0.08), t.FLUID: (0.6, 0.25), t.MUSCLE: (0.15, 0.06), t.BONE: (0.12, 0.06), t.LUNG: (0.03, 0.02),
}  # fmt: skip
_T1 = {
    1: (0.35, 0.1), 2: (0.4, 0.1), 3: (0.4, 0.1), 4: (0.2, 0.1), 6: (0.5, 0.1), 7: (0.3, 0.2), 14: (0.12, 0.06),
    t.FAT: (0.85, 0.1), t.FLUID: (0.2, 0.1), t.MUSCLE: (0.35, 0.08), t.BONE: (0.5, 0.25), t.LUNG: (0.03, 0.02),
}  # fmt: skip
_PAIRED = ((2, 3), (11, 12))


def synthetic_ct(tissue: np.ndarray, window: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """A CT-like patch in [0, 1] (the window's ends) from a tissue patch (z, y, x)."""
    hu = np.zeros(256, np.float32)
    for code, (mean, spread) in _CT_HU.items():
        hu[code] = rng.normal(mean, spread)
    _share(hu)
    roughness = np.full(256, 6.0, np.float32)
    roughness[[7, 13, t.BOWEL]] = rng.uniform(10, 60)
    roughness[t.BONE] = 90
    image = hu[tissue] + roughness[tissue] * _texture(tissue.shape, rng)
    image = _partial_volume(image, rng) + rng.uniform(4, 16) * rng.standard_normal(tissue.shape, np.float32)
    low, high = window
    return np.clip((image - low) / (high - low), 0, 1)


def synthetic_mr(tissue: np.ndarray, ct: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """An MR-like patch in [0, 1] from a tissue patch; ct: the same patch of a real CT in [0, 1], for its texture."""
    mean = _mr_means(rng)
    image = mean[tissue] + rng.uniform(0.0, 0.08) * _texture(tissue.shape, rng)
    if ct is not None:
        counts = np.bincount(tissue.ravel(), minlength=256)
        sums = np.bincount(tissue.ravel(), ct.ravel(), minlength=256)
        typical = (sums / np.maximum(counts, 1)).astype(np.float32)
        image += rng.normal(0, 0.7) * (ct - typical[tissue])
    image = _partial_volume(image, rng) * _bias_field(tissue.shape, rng)
    image[tissue == t.AIR] *= rng.uniform(0, 1)
    image += rng.uniform(0.0, 0.04) * rng.standard_normal(tissue.shape, np.float32)
    return np.clip(image * rng.uniform(0.8, 1.2), 0, 1)


def _mr_means(rng: np.random.Generator) -> np.ndarray:
    mean = rng.uniform(0.05, 1.0, 256).astype(np.float32)
    kind = rng.random()
    table = _T2 if kind < 0.4 else _T1 if kind < 0.6 else {}
    for code, (centre, spread) in table.items():
        mean[code] = np.clip(rng.normal(centre, spread), 0, 1)
    mean[t.AIR] = abs(rng.normal(0, 0.02))
    _share(mean)
    return mean


def _share(values: np.ndarray) -> None:
    """Left and right organs are the same tissue."""
    for right, left in _PAIRED:
        values[left] = values[right]


def _texture(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Smooth unit-variance noise: a coarse random grid, enlarged."""
    factor = rng.choice([2, 4])
    coarse = rng.standard_normal([-(-n // factor) for n in shape]).astype(np.float32)
    fine = coarse.repeat(factor, 0).repeat(factor, 1).repeat(factor, 2)[tuple(map(slice, shape))]
    return 1.5 * ndimage.uniform_filter(fine, factor)


def _partial_volume(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return ndimage.gaussian_filter(image, rng.uniform(0.4, 0.9), truncate=2)


def _bias_field(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    coarse = rng.normal(0, rng.uniform(0, 0.3), (3, 3, 3)).astype(np.float32)
    zoomed = ndimage.zoom(coarse, [n / 3 for n in shape], order=1, grid_mode=True, mode="nearest")
    return np.exp(zoomed)
