"""How much memory a run will take, said before it starts instead of by the operating system's killer."""

import math
from collections.abc import Sequence

from PartialSegLib.errors import UserError
from PartialSegLib.inference.hardware import available_memory
from PartialSegLib.inference.windows import Index

_FLOAT = 4
# Tensors of the finest level that a U-Net pass holds at once: skip, upsampled, joined, normalised, and work space.
_LIVE_TENSORS = 8
# Libraries, weights, compiled kernels, and the allocator's slack.
_RUNTIME = 300 << 20
_MOST_WINDOWS = 4


def prepare_bytes(shape: Index, grid: Sequence[int]) -> int:
    """Peak of preprocessing a volume (z, y, x) to the network's `grid`: planes, result, and two temporaries."""
    return _FLOAT * (shape[0] * grid[1] * grid[2] + 3 * math.prod(grid))


def stitch_bytes(field: Sequence[int], patch: Index, n_classes: int) -> int:
    """Sum and weight of one window's depth of slices over the field (z, y, x)."""
    return _FLOAT * (n_classes + 1) * (patch[0] + 1) * field[1] * field[2]


def window_bytes(patch: Index, n_classes: int, width: int) -> int:
    """One window in the network: logits twice, and activations of `width` features at the finest level."""
    return _FLOAT * math.prod(patch) * (2 * n_classes + _LIVE_TENSORS * width)


def run_bytes(shape: Index, field: Sequence[int], patch: Index, n_classes: int, width: int) -> int:
    """Memory on top of the volume itself: the field, the labels and their turned copy, the stitcher, one window."""
    labels = 2 * math.prod(shape)
    prepared = _FLOAT * math.prod(field)
    window = window_bytes(patch, n_classes, width)
    return labels + prepared + stitch_bytes(field, patch, n_classes) + window + _RUNTIME


def finest_width(network: dict) -> int:
    """Features at full resolution, by the options that networks have for it."""
    network = network.get("backbone", network)
    return network["width"] if "width" in network else max(network.get("channels", [32])[:1])


def windows_at_once(free: int, patch: Index, n_classes: int, width: int) -> int:
    """How many windows fit into a GPU's `free` bytes together; at least 1, no more than pays."""
    return max(1, min(_MOST_WINDOWS, int(free * 0.8) // window_bytes(patch, n_classes, width)))


def require_memory(needed: int) -> None:
    """Raise UserError when `needed` bytes are more than this machine has free."""
    free = available_memory()
    if free is not None and needed > free:
        raise UserError(
            f"segmenting this volume needs about {_gigabytes(needed)} of memory but {_gigabytes(free)} are free: "
            "close other programs, crop the volume to the abdomen, or use a machine with more memory"
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
