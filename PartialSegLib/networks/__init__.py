"""Networks by name. A bundle's `configs/inference.json` says which one its weights belong to.

Nothing here imports torch, and MONAI is imported by the networks that are its, when one of them is built.
"""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PartialSegLib.errors import UserError
from PartialSegLib.networks.options import check_options

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class NetworkInfo:
    """One row of `partialseg methods`.

    location: "module:class"; summary: one line that says when to take it; paper: where it is from.
    """

    location: str
    summary: str
    paper: str

    @property
    def build(self) -> "type[nn.Module]":
        """The class, called with the network's options; ImportError where its library is not installed."""
        module, _, name = self.location.partition(":")
        return getattr(importlib.import_module(module), name)


NETWORKS = {
    "unet": NetworkInfo(
        "PartialSegLib.networks.unet:UNet",
        "small residual U-Net with added skips, fit for two CPU cores (default)",
        "Ronneberger et al., MICCAI 2015; He et al., CVPR 2016",
    ),
    "transunet": NetworkInfo(
        "PartialSegLib.networks.transunet:TransUNet",
        "convolutions with a transformer on the deepest level; large, for a GPU",
        "Chen et al., CVPR 2024 (a 3D variant of TransUNet, Chen et al. 2021)",
    ),
    "unetpp": NetworkInfo(
        "PartialSegLib.networks.unetpp:UNetPlusPlus",
        "nested U-Net whose skips pass through convolutions",
        "Zhou et al., DLMIA 2018 (MONAI)",
    ),
    "swin_unetr": NetworkInfo(
        "PartialSegLib.networks.swin_unetr:SwinUNETR",
        "transformer with shifted windows as encoder; windows are multiples of 32",
        "Hatamizadeh et al., BrainLes 2021 (MONAI)",
    ),
    "mednext": NetworkInfo(
        "PartialSegLib.networks.mednext:MedNeXt",
        "depth-wise convolutions with expansion, in sizes S, B, M and L",
        "Roy et al., MICCAI 2023 (MONAI)",
    ),
    "segresnet": NetworkInfo(
        "PartialSegLib.networks.segresnet:SegResNet",
        "asymmetric residual encoder and light decoder with added skips",
        "Myronenko, BrainLes 2018 (MONAI)",
    ),
    "resunet2d": NetworkInfo(
        "PartialSegLib.networks.resunet2d:ResUNet2D",
        "2D residual U-Net, axial slice by axial slice; for scribbles and thick slices",
        "Luo et al., Medical Image Analysis 2022; Diakogiannis et al., ISPRS 2020",
    ),
    "text_head": NetworkInfo(
        "PartialSegLib.networks.conditioned:TextHead",
        "a head per structure made from the text that names it, on any backbone (universal)",
        "Liu et al., FLARE 2023 (CLIP-driven Universal Model)",
    ),
    "dodnet": NetworkInfo(
        "PartialSegLib.networks.conditioned:DoDNet",
        "a head per structure made from its number, on any backbone (method dodnet)",
        "Zhang et al., CVPR 2021",
    ),
}


def build_network(config: dict[str, Any]) -> "nn.Module":
    """Build the network of `config`, e.g. {"name": "unet", "n_classes": 17, "channels": [16, 32], "blocks": [2, 2]}.

    Input (B, in_channels, Z, Y, X); output logits (B, n_classes, Z, Y, X). Options that are left out have the defaults
    of the network's class. Raises UserError for an unknown name, a wrong option, or a library that is not installed.
    """
    options = dict(config)
    name = options.pop("name", None)
    if name not in NETWORKS:
        raise UserError(f"network {name!r} is unknown: choose one of {', '.join(sorted(NETWORKS))}")
    try:
        network = NETWORKS[name].build
        check_options(name, network, options)
        return network(**options)
    except ImportError as error:
        library = str(error.name).partition(".")[0]
        raise UserError(f"network {name!r} needs {library}: pip install 'partialseg[train]'") from error
    except ValueError as error:
        raise UserError(f"network {name!r} cannot be built from its options: {error}") from error
