"""Class embeddings in a file, so that a run that goes on elsewhere needs no text encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path

if TYPE_CHECKING:
    from torch import Tensor

_NAME = "embeddings"


def save_embeddings(path: Path, embeddings: "Tensor", encoder: str, texts: Sequence[str]) -> None:
    """Write (n, E) embeddings of `texts` with the encoder's name."""
    from safetensors.torch import save_file

    with atomic_path(path) as temporary:
        save_file({_NAME: embeddings.contiguous()}, temporary, {"encoder": encoder, "texts": "\n".join(texts)})


def load_embeddings(path: Path, n: int) -> "Tensor":
    """The tensor "embeddings" (n, E) of a safetensors file, float32; UserError when it is not that."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        embeddings = load_file(path)[_NAME].float()
    except (OSError, SafetensorError, KeyError) as error:
        raise UserError(
            f"embeddings {path} cannot be read ({error}): give a safetensors file with {_NAME!r}"
        ) from error
    if embeddings.ndim != 2 or len(embeddings) != n or not bool(embeddings.any(1).all()):
        shape = tuple(embeddings.shape)
        raise UserError(f"embeddings {path} have shape {shape}: give one row, not all 0, for each of {n} structures")
    return embeddings


def made_of(path: Path, encoder: str, texts: Sequence[str]) -> bool:
    """Whether `path` holds what `encoder` makes of `texts`."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return file.metadata() == {"encoder": encoder, "texts": "\n".join(texts)}
    except (OSError, SafetensorError):
        return False
