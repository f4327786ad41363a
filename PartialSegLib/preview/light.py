"""Light on the surfaces of the 3D picture, in camera axes (forward, down, right)."""

import numpy as np
from scipy import ndimage


def _unit(*direction: float) -> np.ndarray:
    vector = np.asarray(direction, dtype=np.float32)
    return vector / np.linalg.norm(vector)


_TO_VIEWER = _unit(-1, 0, 0)
_KEY, _KEY_STRENGTH = _unit(-0.72, -0.55, -0.42), 0.78
_FILL, _FILL_STRENGTH = _unit(-0.6, 0.25, 0.76), 0.22
_AMBIENT = 0.22
_SHINE, _SHINE_POWER = 0.13, 26
_OCCLUSION_MM = 18.0


def shade(base: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Lit colours (n, 3): soft diffuse light of two lamps that wraps around edges, a highlight, darker rims."""
    light = np.full(len(normals), _AMBIENT, np.float32)
    for direction, strength in ((_KEY, _KEY_STRENGTH), (_FILL, _FILL_STRENGTH)):
        light += strength * np.clip((normals @ direction + 0.25) / 1.25, 0.0, 1.0)
    light *= 0.62 + 0.38 * np.clip(normals @ _TO_VIEWER, 0.0, 1.0) ** 0.6
    halfway = (_KEY + _TO_VIEWER) / np.linalg.norm(_KEY + _TO_VIEWER)
    shine = _SHINE * np.clip(normals @ halfway, 0.0, 1.0) ** _SHINE_POWER
    return np.clip(base * light[:, None] + shine[:, None], 0.0, 1.0)


def distance_cue(depths: np.ndarray) -> np.ndarray:
    """Brightness factor: a little dimmer with distance; `depths` in mm."""
    near, far = float(depths.min()), float(depths.max())
    return 1.0 - 0.22 * (depths - near) / max(far - near, 1.0)


def occlusion(pixels: np.ndarray, depths: np.ndarray, solid: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Brightness factor per sample, darker where a `solid` sample stands close in front of it.

    `pixels` are flat indices into a picture of `shape`, sorted, nearest first; `depths` in mm.
    """
    front = np.full(shape[0] * shape[1], depths.max(), np.float32)
    # Backwards, so that of the samples in one pixel the nearest is written last.
    front[pixels[solid][::-1]] = depths[solid][::-1]
    shadow = np.zeros(len(depths), np.float32)
    for sigma in (3.0, 9.0):
        around = ndimage.gaussian_filter(front.reshape(shape), sigma).ravel()[pixels]
        shadow += 0.5 * np.clip((depths - around) / _OCCLUSION_MM, 0.0, 1.0)
    return 1.0 - 0.65 * shadow
