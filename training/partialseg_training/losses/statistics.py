"""What every candidate-set loss needs of the logits, in one pass with a closed-form gradient.

With p = softmax(z) over the classes and S(v) the candidate set of voxel v:

    log q(v) = log sum_{c in S(v)} p_c(v)        the probability that v is one of its candidates
    P_c(s)   = sum_{v in s} w(v) p_c(v)          soft volume of class c in each slice s of each asked axis
    H(v)     = -sum_c p_c(v) log p_c(v)          Shannon entropy

The cross entropies, the Dice terms and the regulariser of Chen et al. (CVPR 2024, equations 1-5) are small functions
of these three, so that no loss ever holds more than one extra tensor of the logits' size: the gradient itself.
Work goes slab by slab along z: a slab's temporaries stay in the processor's cache.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_SLAB_ELEMENTS = 1 << 19


def softmax_statistics(logits: Tensor, candidates: Tensor, counted: Tensor | None = None) -> tuple[Tensor, ...]:
    """log q (B, Z, Y, X), entropy (B, Z, Y, X) and soft volumes per z, y and x slice (B, C, Z), (B, C, Y), (B, C, X).

    logits: (B, C, Z, Y, X), any float type; arithmetic is float32 (float64 for float64 logits).
    candidates: (B, Z, Y, X) integers whose bit c is set where class c is a candidate; never 0.
    counted: w (B, Z, Y, X) bool, the voxels that count in the soft volumes; all of them when None.
    """
    return _SoftmaxStatistics.apply(logits, candidates, counted)


class _SoftmaxStatistics(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, candidates: Tensor, counted: Tensor | None) -> tuple[Tensor, ...]:
        dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
        b, c, *size = logits.shape
        log_q, log_z, entropy = (logits.new_empty((b, *size), dtype=dtype) for _ in range(3))
        volumes = [logits.new_zeros((b, c, n), dtype=dtype) for n in size]
        for i, slab in _slabs(logits):
            z = logits[i, :, slab].to(dtype)
            log_z[i, slab] = lz = torch.logsumexp(z, 0)
            p = torch.exp(z - lz)
            log_q[i, slab] = _log_q(z, lz, p, _members(candidates[i, slab], c))
            entropy[i, slab] = lz - (p * z).sum(0)
            if counted is not None:
                p = p * counted[i, slab]
            plane = p.sum(3)
            volumes[0][i, :, slab] = plane.sum(2)
            volumes[1][i] += plane.sum(1)
            volumes[2][i] += p.sum((1, 2))
        # log q is never above 0; rounding must not make it so.
        log_q.clamp_(max=0)
        ctx.save_for_backward(logits, candidates, counted, log_z, log_q, entropy)
        return log_q, entropy, *volumes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        g_q, g_h, g_z, g_y, g_x = gradients
        logits, candidates, counted, log_z, log_q, entropy = ctx.saved_tensors
        result = torch.empty_like(logits)
        for i, slab in _slabs(logits):
            z = logits[i, :, slab].to(log_z.dtype)
            lz, a, e = log_z[i, slab], g_q[i, slab], g_h[i, slab]
            p = torch.exp(z - lz)
            b = g_z[i, :, slab, None, None] + g_y[i][:, None, :, None] + g_x[i][:, None, None, :]
            if counted is not None:
                b = b * counted[i, slab]
            b = b - (p * b).sum(0) - a - e * (z - lz + entropy[i, slab])
            towards = _share_of_candidates(z, lz, p, log_q[i, slab], _members(candidates[i, slab], len(z)))
            result[i, :, slab] = p.mul_(b).add_(towards.mul_(a))
        return result, None, None


# Below this, q is computed in log space: its gradient must stay finite and alive as q -> 0.
_LOG_TINY = -60.0


def _log_q(z: Tensor, log_z: Tensor, p: Tensor, allowed: Tensor) -> Tensor:
    """log of the candidates' share of the probability, (Z, Y, X)."""
    log_q = (p * allowed).sum(0).log_()
    if bool(log_q.min() < _LOG_TINY):
        return torch.logsumexp(z.masked_fill(~allowed, float("-inf")), 0) - log_z
    return log_q


def _share_of_candidates(z: Tensor, log_z: Tensor, p: Tensor, log_q: Tensor, allowed: Tensor) -> Tensor:
    """p_c / q for the candidates, 0 for the other classes, (C, Z, Y, X)."""
    if bool(log_q.min() < _LOG_TINY):
        return torch.exp(z - log_z - log_q).masked_fill_(~allowed, 0)
    return p * torch.exp(-log_q) * allowed


def _members(candidates: Tensor, n_classes: int) -> Tensor:
    """(Z, Y, X) bit sets -> (C, Z, Y, X) bool."""
    bits = 1 << torch.arange(n_classes, dtype=candidates.dtype, device=candidates.device)
    return (candidates & bits[:, None, None, None]) != 0


def _slabs(logits: Tensor) -> list[tuple[int, slice]]:
    b, c, z, y, x = logits.shape
    # A GPU wants few large kernels, a CPU wants slabs that fit its cache.
    step = z if logits.is_cuda else max(1, _SLAB_ELEMENTS // (c * y * x))
    return [(i, slice(start, min(start + step, z))) for i in range(b) for start in range(0, z, step)]
