"""Intra-class intensity variance minimisation of Luo et al., "WORD" (Medical Image Analysis 2022), section 4.3.3.

The paper gives an equation and a listing that says it is the same; it is not, and the active contours that both refer
to are a third thing. All three are here. Each is taken over every axial slice (across z), as in the 2D paper: u_c is
the mean intensity of a class in the slice, and a structure need not be equally bright from end to end.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Variant = Literal["listing", "equation", "mumford_shah"]


def intensity_variance(image: Tensor, probabilities: Tensor, variant: Variant) -> Tensor:
    """(B,): the mean over the axial slices of each sample.

    image: I, (B, 1, Z, Y, X). probabilities: p, (B, C, Z, Y, X). With means over the N voxels i of a slice and the C
    classes c:

    "listing"       (1/C) sum_c std_i(I_i p_ic), unbiased: the paper's int_var_mini
    "equation"      (1/CN) sum_c sum_i (p_ic I_i - u_c)^2 with u_c = sum_i I_i p_ic / sum_i p_ic: equations 3 and 4
    "mumford_shah"  (1/N) sum_c sum_i p_ic (I_i - u_c)^2: how far, on average, a voxel is from its class's mean
    """
    return _VARIANTS[variant](image.to(probabilities.dtype), probabilities).mean(1)


def _listing(image: Tensor, p: Tensor) -> Tensor:
    return torch.std(image * p, dim=(3, 4)).mean(1)


def _equation(image: Tensor, p: Tensor) -> Tensor:
    return ((image * p - _class_means(image, p)) ** 2).mean((1, 3, 4))


def _mumford_shah(image: Tensor, p: Tensor) -> Tensor:
    return (p * (image - _class_means(image, p)) ** 2).sum(1).mean((2, 3))


def _class_means(image: Tensor, p: Tensor) -> Tensor:
    """u_c of equation 4, (B, C, Z, 1, 1); 0 where the class has no probability at all."""
    volume = p.sum((3, 4), keepdim=True)
    return (image * p).sum((3, 4), keepdim=True) / volume.clamp(min=torch.finfo(p.dtype).tiny)


_VARIANTS: dict[Variant, Callable[[Tensor, Tensor], Tensor]] = {
    "listing": _listing,
    "equation": _equation,
    "mumford_shah": _mumford_shah,
}
