"""Heads whose weights another network computes: three 1 x 1 x 1 convolutions, 8-8-1 channels, one set per structure.

The filters of Tian et al. ("Conditional convolutions", ECCV 2020) as DoDNet and the CLIP-driven Universal Model use
them: 8 * 8 + 8 * 8 + 8 * 1 weights and 8 + 8 + 1 biases, 153 numbers.

K structures' hidden channels over a whole patch would be K times as large as the features that they are computed from.
So the voxels are taken a chunk at a time, all structures together, and training computes a chunk's hidden channels
again in the backward pass instead of keeping them.
"""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

WIDTH = 8
_LAYERS = ((WIDTH, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))
N_PARAMETERS = sum(before * after + after for before, after in _LAYERS)
# Hidden values at a time: what fits a CPU's cache, and what keeps a GPU busy.
_CHUNK, _CHUNK_CUDA = 1 << 21, 1 << 27


def dynamic_head(features: Tensor, parameters: Tensor) -> Tensor:
    """Logits (B, K, Z, Y, X) of K structures from features (B, 8, Z, Y, X) and parameters (B, K, 153)."""
    b, k, _ = parameters.shape
    voxels = features.flatten(2)
    if torch.jit.is_tracing():
        # A traced graph has a fixed number of chunks and must fit patches of any size: one structure at a time.
        logits = torch.cat([_chunk(voxels, parameters[:, i : i + 1]) for i in range(k)], 1)
        return logits.reshape(b, k, *features.shape[2:])
    size = max(1, (_CHUNK_CUDA if features.is_cuda else _CHUNK) // (b * k * WIDTH))
    pieces = voxels.split(size, 2)
    if torch.is_grad_enabled() and len(pieces) > 1:
        parts = [checkpoint(_chunk, piece, parameters, use_reentrant=False) for piece in pieces]
    else:
        parts = [_chunk(piece, parameters) for piece in pieces]
    return torch.cat(parts, 2).reshape(b, k, *features.shape[2:])


def initial_parameters() -> Tensor:
    """(153,) He initialisation of the weights, biases 0: where the controller's last bias starts.

    A controller whose output starts near 0 computes a head that lets neither signal nor gradient through.
    """
    parameters = torch.zeros(N_PARAMETERS)
    for weight, _ in split_parameters(parameters):
        nn.init.kaiming_normal_(weight, nonlinearity="relu")
    return parameters


def split_parameters(parameters: Tensor) -> list[tuple[Tensor, Tensor]]:
    """(..., 153) -> weight (..., after, before) and bias (..., after, 1) of each layer."""
    layers, start = [], 0
    for before, after in _LAYERS:
        weight = parameters[..., start : start + before * after]
        bias = parameters[..., start + before * after : start + before * after + after]
        layers.append((weight.unflatten(-1, (after, before)), bias.unsqueeze(-1)))
        start += before * after + after
    return layers


def _chunk(voxels: Tensor, parameters: Tensor) -> Tensor:
    """(B, 8, V), (B, K, 153) -> (B, K, V)."""
    b, k, _ = parameters.shape
    first, second, third = split_parameters(parameters)
    # All structures' first layers see the same features: together they are one product.
    values = torch.baddbmm(first[1].flatten(1, 2), first[0].flatten(1, 2), voxels).relu_()
    values = values.reshape(b * k, WIDTH, -1)
    values = torch.baddbmm(second[1].flatten(0, 1), second[0].flatten(0, 1), values).relu_()
    return torch.baddbmm(third[1].flatten(0, 1), third[0].flatten(0, 1), values).reshape(b, k, -1)
