"""A bundle without files, networks that need no training, and volumes that they understand."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from PartialSegLib.image import Volume
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.structures import LabelSet, load_label_set

LEVELS = 17  # class c stands for the normalised intensity c / 16


@dataclass
class StubBundle:
    """What the engine asks of a bundle."""

    network: Any
    path: Path
    patch_size: tuple[int, int, int] = (16, 32, 32)
    network_config: dict = field(default_factory=lambda: {"name": "stub", "channels": [8]})
    preprocessing: Preprocessing = field(default_factory=lambda: Preprocessing(spacing=(2.0, 2.0, 2.0)))
    label_set: LabelSet = field(default_factory=lambda: load_label_set("abdomen16"))
    smallest_part: float = 0.0
    resample: str = "logits"
    one_part: tuple[int, ...] = ()
    unlearnt: tuple[int, ...] = ()
    independent: bool = False
    weights: str = "models/model.safetensors"
    coarse: Any = None
    margin_mm: float = 0.0
    loaded: int = 0

    def load_network(self) -> Any:
        """Count how often the weights are asked for."""
        self.loaded += 1
        return self.network


def nearest_level_network():
    """1 x 1 x 1 convolution whose largest logit is that of the class with the nearest intensity.

    -(v - c / 16)^2 and 2 v c / 16 - (c / 16)^2 differ by v^2, which is the same for all classes.
    """
    import torch

    levels = torch.arange(LEVELS) / (LEVELS - 1)
    network = torch.nn.Conv3d(1, LEVELS, 1)
    with torch.no_grad():
        network.weight.copy_((8000 * levels).reshape(-1, 1, 1, 1, 1))
        network.bias.copy_(-4000 * levels**2)
    return network


def small_unet(seed=0):
    """A U-Net of two levels with random weights."""
    import torch

    from PartialSegLib.networks import build_network

    torch.manual_seed(seed)
    return build_network({"name": "unet", "n_classes": LEVELS, "channels": [8, 16], "blocks": [1, 1]}).eval()


def ct(levels, spacing=(2.0, 2.0, 2.0), direction=None, origin=(0.0, 0.0, 0.0)):
    """A CT whose voxels have the intensities of the classes `levels` (z, y, x); class 0 is air at -1000 HU."""
    levels = np.asarray(levels)
    array = np.where(levels == 0, -1000, levels / (LEVELS - 1) * 800 - 400).astype(np.int16)
    return Volume(array, spacing, origin, np.eye(3) if direction is None else direction)
