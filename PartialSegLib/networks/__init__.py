"""Networks by name. A bundle's `configs/inference.json` says which one its weights belong to."""

from torch import nn

from PartialSegLib.errors import UserError
from PartialSegLib.networks.unet import UNet

NETWORKS = {"unet": UNet}


def build_network(config: dict) -> nn.Module:
    """Build the network of `config`, e.g. {"name": "unet", "channels": [16, 32], "blocks": [2, 2]}.

    Input (B, 1, Z, Y, X); output logits (B, n_classes, Z, Y, X). Raises UserError for unknown names or options.
    """
    options = dict(config)
    name = options.pop("name", None)
    if name not in NETWORKS:
        raise UserError(f"network {name!r} is unknown: choose one of {', '.join(sorted(NETWORKS))}")
    try:
        return NETWORKS[name](**options)
    except (TypeError, ValueError) as error:
        raise UserError(f"network {name!r} cannot be built from its options: {error}") from error
