"""The layers of all structures put in order of depth, lit and blended into one picture."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from PartialSegLib.preview.light import distance_cue, occlusion, shade
from PartialSegLib.preview.outlines import Color
from PartialSegLib.preview.surface import Layer

_GLASS_SHARE = 0.25
_GLASS_OPACITY = 0.5


@dataclass(frozen=True)
class _Samples:
    """What all rays meet, sorted by flat `pixels` index and there by `depths` (mm); `rank` counts from 0 in each pixel.

    `solidity` is 1 for an opaque structure.
    """

    pixels: np.ndarray
    depths: np.ndarray
    rank: np.ndarray
    coverage: np.ndarray
    normals: np.ndarray
    base: np.ndarray
    solidity: np.ndarray


def blend(picture: np.ndarray, layers: Mapping[int, Layer], colors: Mapping[int, Color]) -> None:
    """Draw the layers (by label value) over `picture` (rows, columns, 3), float32 in [0, 1], in place."""
    shape = (picture.shape[0], picture.shape[1])
    samples = _sort(layers, colors, shape)
    if samples.pixels.size:
        light = shade(samples.base, samples.normals) * _depth_cue(samples, shape)[:, None]
        _accumulate(picture, samples, light, _opacity(samples))


def _sort(layers: Mapping[int, Layer], colors: Mapping[int, Color], shape: tuple[int, int]) -> _Samples:
    sizes = [len(layer.pixels) for layer in layers.values()]
    pixels = np.concatenate([layer.pixels for layer in layers.values()])
    depths = np.concatenate([layer.depth for layer in layers.values()])
    palette = np.asarray([colors[value] for value in layers], dtype=np.float32) / 255.0
    order = np.lexsort((depths, pixels))
    pixels = pixels[order]
    first = np.flatnonzero(np.diff(pixels, prepend=-1))
    return _Samples(
        pixels=pixels,
        depths=depths[order],
        rank=np.arange(len(pixels)) - np.repeat(first, np.diff(first, append=len(pixels))),
        coverage=np.concatenate([layer.coverage for layer in layers.values()])[order],
        normals=np.concatenate([layer.normals for layer in layers.values()])[order],
        base=np.repeat(palette, sizes, axis=0)[order],
        solidity=np.repeat(_solidities(np.asarray(sizes), len(first)), sizes)[order],
    )


def _solidities(sizes: np.ndarray, covered: int) -> np.ndarray:
    """Per layer: what covers much of the picture (the liver) lets the structures behind it shine through."""
    return np.where(sizes > _GLASS_SHARE * covered, _GLASS_OPACITY, 1.0).astype(np.float32)


def _opacity(samples: _Samples) -> np.ndarray:
    """Glass only where something lies behind it, and clearest where it faces the viewer."""
    behind = np.append(samples.rank[1:] > 0, False)
    facing = np.clip(-samples.normals[:, 0], 0.0, 1.0)
    return samples.coverage * (1.0 - behind * (1.0 - samples.solidity) * facing)


def _depth_cue(samples: _Samples, shape: tuple[int, int]) -> np.ndarray:
    """Brightness factor per sample. What is seen through glass is not darkened by that glass."""
    covering = samples.coverage > 0.5
    front = occlusion(samples.pixels, samples.depths, covering, shape)
    through = occlusion(samples.pixels, samples.depths, covering & (samples.solidity == 1.0), shape)
    return distance_cue(samples.depths) * np.where(samples.rank > 0, through, front)


def _accumulate(picture: np.ndarray, samples: _Samples, light: np.ndarray, opacity: np.ndarray) -> None:
    flat = picture.reshape(-1, 3)
    passing = np.ones(len(flat), np.float32)
    total = np.zeros_like(flat)
    for rank in range(int(samples.rank.max()) + 1):
        # Each pixel has at most one sample of this rank, so plain indexed addition is safe.
        this = samples.rank == rank
        at = samples.pixels[this]
        weight = passing[at] * opacity[this]
        total[at] += weight[:, None] * light[this]
        passing[at] -= weight
    picture[:] = (flat * passing[:, None] + total).reshape(picture.shape)
