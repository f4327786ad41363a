"""A vision transformer's layers over tokens, with cosine attention (Liu et al., Swin Transformer V2, 2022, eq. 2)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

# Attention starts ten times as sharp as the cosine itself and never gets more than a hundred times as sharp.
_FIRST_SCALE, _LARGEST_SCALE = 10.0, 100.0


class TransformerLayer(nn.Module):
    """Attention between tokens, then a perceptron on each; both are added to what came in, normalised before."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(dim, eps=1e-6)
        self.attention = CosineAttention(dim, heads)
        self.norm_perceptron = nn.LayerNorm(dim, eps=1e-6)
        self.perceptron = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, dim) -> (B, N, dim)."""
        tokens = tokens + self.attention(self.norm_attention(tokens))
        return tokens + self.perceptron(self.norm_perceptron(tokens))


class CosineAttention(nn.Module):
    """softmax(tau cos(q, k)) v with `heads` heads; every head learns its own tau."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim {dim} must be a multiple of heads {heads}")
        self.heads = heads
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.log_scale = nn.Parameter(torch.full((heads, 1, 1), math.log(_FIRST_SCALE)))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, dim) -> (B, N, dim)."""
        parts = self.query_key_value(tokens).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        q = functional.normalize(q, dim=-1) * self.log_scale.clamp(max=math.log(_LARGEST_SCALE)).exp()
        k = functional.normalize(k, dim=-1)
        # Half precision comes back from `normalize` and the scale as it pleases: attention wants one type.
        attended = functional.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, scale=1.0)
        return self.out(attended.transpose(1, 2).flatten(2))
