"""The CRF loss: neighbours of like intensity should have the same label.

The relaxed Potts model with a Gaussian kernel over intensity and position of Tang et al., "On Regularized Losses for
Weakly-supervised CNN Segmentation" (ECCV 2018), which WORD compares with; the kernel ends at a radius, as in the gated
CRF loss of Obukhov et al. (2019), so that no fast high-dimensional filter is needed, and it is three-dimensional.
"""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

Index = tuple[slice, ...]


def crf_loss(
    image: Tensor, probabilities: Tensor, radius: int, sigma_intensity: float, sigma_position: float
) -> Tensor:
    """(B,), in [0, 1]: the share of neighbouring pairs, weighted by the kernel, that get different labels.

        sum_ij k_ij (1 - sum_c p_ic p_jc) / sum_ij k_ij,
        k_ij = exp(-(I_i - I_j)^2 / 2 sigma_intensity^2 - |i - j|^2 / 2 sigma_position^2)

    over all pairs i != j that are at most `radius` voxels apart along each axis. image: (B, 1, Z, Y, X).
    probabilities: (B, C, Z, Y, X). sigma_position is in voxels. First derivatives only.
    """
    with torch.no_grad():
        filtered, weight = torch.zeros_like(probabilities), probabilities.new_zeros(len(image))
        for distance, here, there in _pairs(tuple(image.shape[2:]), radius):
            difference = (image[here] - image[there]).to(probabilities.dtype)
            exponent = difference**2 / (2 * sigma_intensity**2) + distance / (2 * sigma_position**2)
            kernel = torch.exp(-exponent)
            filtered[here].addcmul_(kernel, probabilities[there])
            filtered[there].addcmul_(kernel, probabilities[here])
            weight += kernel.flatten(1).sum(1)
    # Every pair is in `agreement` twice, and the gradient of its half is all of `filtered`.
    agreement = (probabilities * filtered).flatten(1).sum(1)
    return 1 - (agreement - agreement.detach() / 2) / weight


def _pairs(size: tuple[int, ...], radius: int) -> Iterator[tuple[int, Index, Index]]:
    """Each shift up to `radius` once, not also its opposite: squared length, and the two ends of all its pairs."""
    steps = [range(-min(radius, n - 1), min(radius, n - 1) + 1) for n in size]
    for shift in product(*steps):
        if shift > (0, 0, 0):
            here = tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in zip(shift, size, strict=True))
            there = tuple(slice(max(s, 0), n - max(-s, 0)) for s, n in zip(shift, size, strict=True))
            everything = slice(None)
            yield sum(s * s for s in shift), (everything, everything, *here), (everything, everything, *there)
