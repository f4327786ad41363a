"""A small residual U-Net, fit for two CPU cores.

Most of a U-Net's arithmetic is spent at full resolution. Skips are added rather than joined (as in LinkNet and
SegResNet) and the finest level may have a single convolution, which leaves more of a CPU's time for the deeper levels.
"""

from torch import Tensor, nn

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.options import Count, Counts


class UNet(Network):
    """Encoder and decoder with skip connections (Ronneberger et al. 2015) and residual blocks (He et al. 2016).

    channels: features per level, finest first; each level halves every axis.
    blocks: convolutions per encoder level; decoder levels have one, after the skip is added.
    """

    def __init__(
        self,
        n_classes: Count,
        channels: Counts = (16, 32, 64, 128, 256),
        blocks: Counts = (1, 2, 3, 3, 3),
        in_channels: Count = 1,
    ) -> None:
        super().__init__()
        if len(channels) != len(blocks):
            raise ValueError("channels and blocks need one number per level each")
        self.divisor = 2 ** (len(channels) - 1)
        self.fine_channels, self.deep_channels = channels[0], channels[-1]
        widths = [in_channels, *channels]
        self.encoder = nn.ModuleList(
            Stage(before, width, n, stride=1 if level == 0 else 2)
            for level, (before, width, n) in enumerate(zip(widths, channels, blocks, strict=False))
        )
        steps = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose3d(deep, shallow, 2, 2) for deep, shallow in steps)
        self.decoder = nn.ModuleList(convolution(shallow, shallow) for _, shallow in steps)
        self.head = nn.Conv3d(channels[0], n_classes, 1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`."""
        features, skips = image, []
        for stage in self.encoder:
            features = stage(features)
            skips.append(features)
        for up, refine, skip in zip(self.up, self.decoder, skips[-2::-1], strict=True):
            features = refine(up(features) + skip)
        return skips[-1], features


class Stage(nn.Module):
    """The convolutions of one encoder level; the first one may stride, the others add to what came in."""

    def __init__(self, before: int, width: int, n: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(before, width, stride)
        self.rest = nn.ModuleList(convolution(width, width) for _ in range(n - 1))

    def forward(self, features: Tensor) -> Tensor:
        """(B, before, Z, Y, X) -> (B, width, Z / stride, Y / stride, X / stride)."""
        features = self.first(features)
        for layer in self.rest:
            features = features + layer(features)
        return features


def convolution(before: int, width: int, stride: int = 1) -> nn.Sequential:
    """3 x 3 x 3 convolution, instance normalisation, leaky ReLU."""
    return nn.Sequential(
        nn.Conv3d(before, width, 3, stride, 1, bias=False),
        nn.InstanceNorm3d(width, affine=True),
        nn.LeakyReLU(0.01, inplace=True),
    )
