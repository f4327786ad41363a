"""Two text transformers, computed straight from their weights: no model class is needed and no pickle is opened.

Sentences are encoded one by one, so there is no padding and hence no mask but the causal one of CLIP.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

Weights = Mapping[str, Tensor]


def bert(weights: Weights, prefix: str, tokens: Tensor, heads: int) -> Tensor:
    """Hidden states (n, D) of `tokens` (n,): Devlin et al., "BERT" (NAACL 2019), normalised after each block."""

    def linear(name: str, x: Tensor) -> Tensor:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(name: str, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)

    at = f"{prefix}embeddings."
    x = weights[f"{at}word_embeddings.weight"][tokens] + weights[f"{at}position_embeddings.weight"][: len(tokens)]
    x = norm(f"{at}LayerNorm", x + weights[f"{at}token_type_embeddings.weight"][0])
    for index in range(_depth(weights, f"{prefix}encoder.layer.")):
        at = f"{prefix}encoder.layer.{index}."
        q, k, v = (linear(f"{at}attention.self.{name}", x) for name in ("query", "key", "value"))
        x = norm(f"{at}attention.output.LayerNorm", x + linear(f"{at}attention.output.dense", _mix(q, k, v, heads)))
        hidden = functional.gelu(linear(f"{at}intermediate.dense", x))
        x = norm(f"{at}output.LayerNorm", x + linear(f"{at}output.dense", hidden))
    return x


def clip_text(weights: Weights, tokens: Tensor, heads: int, quick: bool) -> Tensor:
    """Embedding (E,) of `tokens` (n,), the last of which ends the text: Radford et al., "CLIP" (ICML 2021).

    quick: x * sigmoid(1.702 x) instead of GELU, as the original has it.
    """

    def linear(name: str, x: Tensor) -> Tensor:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(name: str, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-5)

    at = "text_model.embeddings."
    x = weights[f"{at}token_embedding.weight"][tokens] + weights[f"{at}position_embedding.weight"][: len(tokens)]
    for index in range(_depth(weights, "text_model.encoder.layers.")):
        at = f"text_model.encoder.layers.{index}."
        y = norm(f"{at}layer_norm1", x)
        q, k, v = (linear(f"{at}self_attn.{name}_proj", y) for name in "qkv")
        x = x + linear(f"{at}self_attn.out_proj", _mix(q, k, v, heads, causal=True))
        hidden = linear(f"{at}mlp.fc1", norm(f"{at}layer_norm2", x))
        hidden = hidden * torch.sigmoid(1.702 * hidden) if quick else functional.gelu(hidden)
        x = x + linear(f"{at}mlp.fc2", hidden)
    return norm("text_model.final_layer_norm", x)[-1] @ weights["text_projection.weight"].T


def _mix(q: Tensor, k: Tensor, v: Tensor, heads: int, causal: bool = False) -> Tensor:
    """Attention of (n, D) tokens, each of the heads over its own D / heads values."""
    q, k, v = (x.unflatten(1, (heads, -1)).transpose(0, 1) for x in (q, k, v))
    return functional.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(0, 1).flatten(1)


def _depth(weights: Weights, prefix: str) -> int:
    return len({name.removeprefix(prefix).partition(".")[0] for name in weights if name.startswith(prefix)})
