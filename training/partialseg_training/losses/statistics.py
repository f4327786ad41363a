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
        log_q, log_z, log_s, entropy = (logits.new_empty((b, *size), dtype=dtype) for _ in range(4))
        volumes = [logits.new_zeros((b, c, n), dtype=dtype) for n in size]
        for i, slab in _slabs(logits):
            z = logits[i, :, slab].to(dtype)
            log_z[i, slab] = lz = torch.logsumexp(z, 0)
            allowed = _members(candidates[i, slab], c)
            log_s[i, slab] = ls = torch.logsumexp(z.masked_fill(~allowed, float("-inf")), 0)
            log_q[i, slab] = ls - lz
            p = torch.exp(z - lz)
            entropy[i, slab] = lz - (p * z).sum(0)
            if counted is not None:
                p = p * counted[i, slab]
            plane = p.sum(3)
            volumes[0][i, :, slab] = plane.sum(2)
            volumes[1][i] += plane.sum(1)
            volumes[2][i] += p.sum((1, 2))
        ctx.save_for_backward(logits, candidates, counted, log_z, log_s, entropy)
        # log q is never above 0; rounding must not make it so.
        return log_q.clamp_(max=0), entropy, *volumes

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        g_q, g_h, g_z, g_y, g_x = gradients
        logits, candidates, counted, log_z, log_s, entropy = ctx.saved_tensors
        result = torch.empty_like(logits)
        for i, slab in _slabs(logits):
            z = logits[i, :, slab].to(log_z.dtype)
            lz, a, e = log_z[i, slab], g_q[i, slab], g_h[i, slab]
            p = torch.exp(z - lz)
            b = g_z[i, :, slab, None, None] + g_y[i][:, None, :, None] + g_x[i][:, None, None, :]
            if counted is not None:
                b = b * counted[i, slab]
            b = b - (p * b).sum(0) - a - e * (z - lz + entropy[i, slab])
            # In log space, so that the pull towards S(v) stays finite and alive as q -> 0.
            allowed = _members(candidates[i, slab], len(z))
            towards = torch.exp(z - log_s[i, slab]).masked_fill_(~allowed, 0)
            result[i, :, slab] = p.mul_(b).add_(towards.mul_(a))
        return result, None, None


def _members(candidates: Tensor, n_classes: int) -> Tensor:
    """(Z, Y, X) bit sets -> (C, Z, Y, X) bool."""
    bits = 1 << torch.arange(n_classes, dtype=candidates.dtype, device=candidates.device)
    return (candidates & bits[:, None, None, None]) != 0


def _slabs(logits: Tensor) -> list[tuple[int, slice]]:
    b, c, z, y, x = logits.shape
    # A GPU wants few large kernels, a CPU wants slabs that fit its cache.
    step = z if logits.is_cuda else max(1, _SLAB_ELEMENTS // (c * y * x))
    return [(i, slice(start, min(start + step, z))) for i in range(b) for start in range(0, z, step)]
