"""MedNeXt (Roy et al., "MedNeXt: transformer-driven scaling of ConvNets for medical image segmentation", 2023)."""

from typing import Literal

from monai.networks.nets.mednext import MedNeXt as MonaiMedNeXt
from torch import Tensor, nn

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.options import Count

# Expansion and blocks of the four encoder levels, finest first (table 2 of the paper); the bottleneck is like the
# fourth level and the decoder is the encoder's mirror image.
_SIZES = {
    "S": ((2, 2, 2, 2), (2, 2, 2, 2)),
    "B": ((2, 3, 4, 4), (2, 2, 2, 2)),
    "M": ((2, 3, 4, 4), (3, 4, 4, 4)),
    "L": ((3, 4, 8, 8), (3, 4, 8, 8)),
}


class MedNeXt(Network):
    """U-Net of inverted bottlenecks with depth-wise convolutions, MONAI's.

    size: S, B, M or L as published; kernel_size: of the depth-wise convolutions, 3 or 5; width: features at full
    resolution, published with 32.
    """

    divisor = 16

    def __init__(
        self,
        n_classes: Count,
        size: Literal["S", "B", "M", "L"] = "S",
        kernel_size: Literal[3, 5] = 3,
        width: Count = 32,
        in_channels: Count = 1,
    ) -> None:
        super().__init__()
        expansion, blocks = _SIZES[size]
        self.fine_channels, self.deep_channels = width, 16 * width
        self.body = MonaiMedNeXt(
            init_filters=width,
            in_channels=in_channels,
            out_channels=1,
            encoder_expansion_ratio=expansion,
            decoder_expansion_ratio=expansion[::-1],
            bottleneck_expansion_ratio=expansion[-1],
            kernel_size=kernel_size,
            use_residual_connection=True,
            blocks_down=blocks,
            blocks_bottleneck=blocks[-1],
            blocks_up=blocks[::-1],
        )
        del self.body.out_0
        self.head = nn.Conv3d(width, n_classes, 1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`."""
        features, skips = self.body.stem(image), []
        for stage, down in zip(self.body.enc_stages, self.body.down_blocks, strict=True):
            skips.append(stage(features))
            features = down(skips[-1])
        features = deep = self.body.bottleneck(features)
        for up, stage, skip in zip(self.body.up_blocks, self.body.dec_stages, skips[::-1], strict=True):
            features = stage(up(features) + skip)
        return deep, features
