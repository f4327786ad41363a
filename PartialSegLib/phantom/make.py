"""The phantom from start to end."""

import numpy as np
from scipy import ndimage

from PartialSegLib.image import Volume
from PartialSegLib.phantom.canvas import Canvas, smooth_noise
from PartialSegLib.phantom.organs import paint_organs
from PartialSegLib.phantom.torso import paint_torso

_LOW = (-186.0, -130.0, -262.0)
_HIGH = (186.0, 134.0, 118.0)
_BLUR_MM = 1.1
_NOISE_HU = 11.0
_TEXTURE_HU = 6.0


def make_phantom(spacing: tuple[float, float, float] = (2.0, 2.0, 2.0), seed: int = 0) -> tuple[Volume, Volume]:
    """A CT-like volume (int16, HU) of a torso from the lung bases to the pelvis, and its labels (uint8, 1 to 16).

    Axes are LPS, `spacing` is (x, y, z) in mm. Equal arguments give equal voxels; the seed bends shapes by some mm.
    """
    rng = np.random.default_rng(seed)
    canvas = Canvas(_LOW, _HIGH, spacing, rng)
    cavity = paint_torso(canvas, rng)
    paint_organs(canvas, cavity)
    ct = ndimage.gaussian_filter(canvas.ct, [_BLUR_MM / step / 1.5 for step in spacing[::-1]])
    noise = ndimage.gaussian_filter(rng.standard_normal(ct.shape, dtype=np.float32), 0.6)
    ct += noise * np.float32(_NOISE_HU / noise.std())
    ct += (ct > -200.0) * smooth_noise(ct.shape, spacing, 9.0, rng) * np.float32(_TEXTURE_HU)
    image = np.clip(np.rint(ct), -1024, 3071).astype(np.int16)
    origin = (float(canvas.origin[0]), float(canvas.origin[1]), float(canvas.origin[2]))
    volume = Volume(array=image, spacing=spacing, origin=origin, direction=np.eye(3), modality="ct")
    return volume, volume.like(canvas.labels)
