"""What candidate sets say about single labels, about merged backgrounds and about one structure at a time."""

import torch
from torch import Tensor


def known_label(candidates: Tensor) -> Tensor:
    """c where the candidate set is {c}, else -1; int64, same shape as the bit sets."""
    single = (candidates & (candidates - 1)) == 0
    return torch.where(single, torch.log2(candidates.to(torch.float32)).round().to(torch.int64), -1)


def merged_label(candidates: Tensor, known: Tensor, annotated: Tensor) -> Tensor:
    """Equation 4 of Chen et al. (CVPR 2024): c for a voxel known to be c in Phi, 0 for one known to be outside Phi.

    known: `known_label(candidates)`. annotated: Phi as bit sets that broadcast to the voxels. -1 where the voxel may be
    in Phi but it is open as what; 0 everywhere where Phi is empty.
    """
    return torch.where((candidates & annotated) == 0, 0, known)


def as_bits(members: Tensor, dtype: torch.dtype = torch.int32) -> Tensor:
    """(..., C) bool -> (...) bit sets."""
    bits = 1 << torch.arange(members.shape[-1], device=members.device, dtype=dtype)
    return (members * bits).sum(-1).to(dtype)


def structure_targets(candidates: Tensor, structures: Tensor) -> tuple[Tensor, Tensor]:
    """Is the voxel structure c, and is that known? Two bool tensors (B, K, Z, Y, X): target, known.

    candidates: (B, Z, Y, X) bit sets. structures: (K,) or, where every sample asks for others, (B, K) class numbers.
    A voxel is c where S(v) = {c}, is not c where S(v) has no c, and is unknown (target False) otherwise.
    """
    bits = (1 << structures.to(candidates.dtype)).expand(len(candidates), -1)[..., None, None, None]
    sets = candidates[:, None]
    target = sets == bits
    return target, target | ((sets & bits) == 0)
