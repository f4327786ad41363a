"""The 2D residual U-Net that Luo et al. (WORD, Medical Image Analysis 2022) train from scribbles, slice by slice.

The paper takes it from Diakogiannis et al. (ResUNet-a, 2020) and trains it in nnU-Net's way. Residual units, skips
that are joined and instance normalisation are what both have in common; the atrous branches and the pyramid pooling
of ResUNet-a are left out.
"""

import torch
from torch import Tensor, nn

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.options import Count, Counts


class ResUNet2D(Network):
    """Sees every axial slice by itself: no slice changes the logits of another.

    channels: features per level, finest first; each level halves y and x. blocks: residual units per encoder level;
    decoder levels have one, after the skip is joined.
    """

    averaged_axes = (1, 2)

    def __init__(
        self,
        n_classes: Count,
        channels: Counts = (32, 64, 128, 256, 512),
        blocks: Counts = (1, 2, 2, 2, 2),
        in_channels: Count = 1,
    ) -> None:
        super().__init__()
        if len(channels) != len(blocks):
            raise ValueError("channels and blocks need one number per level each")
        factor = 2 ** (len(channels) - 1)
        self.divisor = (1, factor, factor)
        self.fine_channels, self.deep_channels = channels[0], channels[-1]
        self.encoder = nn.ModuleList(
            nn.Sequential(Unit(before, width, stride), *(Unit(width, width) for _ in range(n - 1)))
            for before, width, n, stride in zip(
                (in_channels, *channels), channels, blocks, (1, *[2] * (len(blocks) - 1)), strict=False
            )
        )
        steps = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 2, 2) for deep, shallow in steps)
        self.decoder = nn.ModuleList(Unit(2 * shallow, shallow) for _, shallow in steps)
        self.head = nn.Conv3d(channels[0], n_classes, 1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`; the deepest have as many slices as the image."""
        slices, skips = image.transpose(1, 2).flatten(0, 1), []
        for stage in self.encoder:
            slices = stage(slices)
            skips.append(slices)
        deep = slices
        for up, refine, skip in zip(self.up, self.decoder, skips[-2::-1], strict=True):
            slices = refine(torch.cat([up(slices), skip], 1))
        n = image.shape[0]
        return stacked(deep, n), stacked(slices, n)


class Unit(nn.Module):
    """Two 3 x 3 convolutions whose result is added to what came in."""

    def __init__(self, before: int, width: int, stride: int = 1) -> None:
        super().__init__()
        is_same = before == width and stride == 1
        self.short = nn.Identity() if is_same else nn.Conv2d(before, width, 1, stride, bias=False)
        self.first = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.first_norm = nn.InstanceNorm2d(width, affine=True)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.second_norm = nn.InstanceNorm2d(width, affine=True)
        self.act = nn.LeakyReLU(0.01)

    def forward(self, slices: Tensor) -> Tensor:
        """(N, before, Y, X) -> (N, width, Y / stride, X / stride)."""
        features = self.act(self.first_norm(self.first(slices)))
        return self.act(self.short(slices) + self.second_norm(self.second(features)))


def stacked(slices: Tensor, n: int) -> Tensor:
    """Slices (n Z, C, Y, X) of `n` images as volumes (n, C, Z, Y, X)."""
    return slices.unflatten(0, (n, -1)).transpose(1, 2)
