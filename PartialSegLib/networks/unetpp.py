"""UNet++ (Zhou et al., "UNet++: a nested U-Net architecture for medical image segmentation", 2018) of MONAI."""

from collections.abc import Sequence
from typing import Annotated

import torch
from monai.networks.nets.basic_unetplusplus import BasicUNetPlusPlus
from pydantic import Field
from torch import Tensor, nn

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.options import Count

Levels = Annotated[Sequence[Count], Field(min_length=5, max_length=5)]


class UNetPlusPlus(Network):
    """Every skip of a U-Net of five levels passes through convolutions that also see the level below.

    channels: features per level, finest first, an even number each.
    """

    divisor = 16

    def __init__(self, n_classes: Count, channels: Levels = (32, 32, 64, 128, 256), in_channels: Count = 1) -> None:
        super().__init__()
        if any(width % 2 for width in channels):
            raise ValueError("channels must be even")
        self.fine_channels, self.deep_channels = channels[0], channels[-1]
        self.body = BasicUNetPlusPlus(3, in_channels, 1, features=(*channels, channels[0]))
        for column in range(1, len(channels)):  # heads of deep supervision, of which ours is none
            delattr(self.body, f"final_conv_0_{column}")
        self.head = nn.Conv3d(channels[0], n_classes, 1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`; node (level, column) takes all nodes to its left and the one below its left."""
        nodes: list[list[Tensor]] = []
        for depth in range(5):
            nodes.append([getattr(self.body, f"conv_{depth}_0")(nodes[-1][0] if nodes else image)])
            for column in range(1, depth + 1):
                level = depth - column
                join = getattr(self.body, f"upcat_{level}_{column}")
                nodes[level].append(join(nodes[level + 1][column - 1], torch.cat(nodes[level], 1)))
        return nodes[-1][0], nodes[0][-1]
