"""The 3D TransUNet of Chen et al., "Versatile medical image segmentation learned from multi-source datasets via model
self-disambiguation", CVPR 2024.

The paper names it without describing it; this is the network of the code that its authors published (MIT licence),
which is not the 3D TransUNet of Chen et al. 2023. Convolutions have standardised weights (Qiao et al. 2019) and are
followed by instance normalisation; levels are halved and doubled by trilinear interpolation.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.options import Count
from PartialSegLib.networks.transformer import TransformerLayer

Three = Annotated[Sequence[Count], Field(min_length=3, max_length=3)]

# Per encoder stage (features that go in, come out, and are between a unit's two convolutions, in multiples of `width`)
# of its first and of its last unit; those between are like the first one's output.
_STAGES = (((1, 2, 1), (2, 4, 2)), ((4, 4, 2), (4, 8, 2)), ((8, 8, 4), (8, 16, 4)))


class TransUNet(Network):
    """Convolutional encoder of four halvings, a transformer over its deepest voxels, and a decoder with joined skips.

    width: features at full resolution; blocks: residual units of the three deeper encoder stages, at least 2 each.
    dim, layers, heads: of the transformer. tokens: grid (z, y, x) of learned positions, which is the window over 16 (7
    for 112 voxels); windows of another size interpolate it.
    """

    divisor = 16

    def __init__(
        self,
        n_classes: Count,
        width: Count = 64,
        blocks: Three = (2, 3, 4),
        dim: Count = 512,
        layers: Count = 4,
        heads: Count = 8,
        tokens: Three = (7, 7, 7),
        in_channels: Count = 1,
    ) -> None:
        super().__init__()
        if min(blocks) < 2 or width < 2:
            raise ValueError("blocks and width must be at least 2")
        self.deep_channels, self.fine_channels = dim, width
        self.stem = nn.Sequential(convolution(in_channels, width // 2, 5), convolution(width // 2, width, 5))
        self.stages = nn.ModuleList(encoder_stage(width, *ends, n) for ends, n in zip(_STAGES, blocks, strict=True))
        self.embed = nn.Conv3d(16 * width, dim, 1)
        self.positions = nn.Parameter(torch.zeros(1, dim, *tokens))
        self.layers = nn.Sequential(*(TransformerLayer(dim, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.spread = convolution(dim, dim)
        self.decoder = nn.ModuleList(
            nn.Sequential(convolution(before, after), convolution(after, after))
            for before, after in ((dim + 8 * width, 4 * width), (8 * width, width), (2 * width, width))
        )
        self.refine = nn.Sequential(convolution(2 * width, width), nn.Conv3d(width, width, 3, padding=1))
        self.head = nn.Conv3d(width, n_classes, 1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`; the deepest are those that leave the transformer."""
        features = self.stem(image)
        skips = [features]
        for stage in self.stages:
            features = halve(features)
            skips.append(features)
            features = stage(features)
        deep = self._attend(self.embed(halve(features)))
        features = self.spread(deep)
        for refine, skip in zip([*self.decoder, self.refine], skips[::-1], strict=True):
            features = refine(torch.cat([double(features), skip], 1))
        return deep, features

    def _attend(self, grid: Tensor) -> Tensor:
        size = grid.shape[2:]
        grid = grid + functional.interpolate(self.positions, size, mode="trilinear", align_corners=True)
        tokens = self.norm(self.layers(grid.flatten(2).transpose(1, 2)))
        return tokens.transpose(1, 2).reshape(grid.shape)


class StandardisedConv(nn.Conv3d):
    """Convolution whose weights have mean 0 and variance 1 per output feature."""

    def forward(self, image: Tensor) -> Tensor:
        """(B, in, Z, Y, X) -> (B, out, Z, Y, X)."""
        variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3, 4), keepdim=True, unbiased=False)
        weight = (self.weight - mean) / torch.sqrt(variance + 1e-5)
        return functional.conv3d(image, weight, self.bias, padding=self.padding)


class Unit(nn.Module):
    """Two convolutions whose result is added to what came in, through a 1 x 1 x 1 convolution where widths differ."""

    def __init__(self, before: int, after: int, between: int) -> None:
        super().__init__()
        self.short = StandardisedConv(before, after, 1) if before != after else nn.Identity()
        self.first = convolution(before, between)
        self.second = StandardisedConv(between, after, 3, padding=1)
        self.norm = nn.GroupNorm(after, after, eps=1e-6)

    def forward(self, features: Tensor) -> Tensor:
        """(B, before, Z, Y, X) -> (B, after, Z, Y, X)."""
        return torch.relu(self.short(features) + self.norm(self.second(self.first(features))))


def encoder_stage(width: int, first: Sequence[int], last: Sequence[int], n: int) -> nn.Sequential:
    """`n` units, of which the first and the last have the given widths, in multiples of `width`."""
    middle = (first[1], first[1], first[2])
    return nn.Sequential(*(Unit(*(width * part for part in unit)) for unit in (first, *[middle] * (n - 2), last)))


def convolution(before: int, after: int, kernel: int = 3) -> nn.Sequential:
    """Weight-standardised convolution, instance normalisation, ReLU."""
    return nn.Sequential(
        StandardisedConv(before, after, kernel, padding=kernel // 2),
        nn.GroupNorm(after, after, eps=1e-6),
        nn.ReLU(inplace=True),
    )


def halve(features: Tensor) -> Tensor:
    """Half as many voxels per axis; the corners stay where they are."""
    return functional.interpolate(features, scale_factor=0.5, mode="trilinear", align_corners=True)


def double(features: Tensor) -> Tensor:
    """Twice as many voxels per axis; the corners stay where they are."""
    return functional.interpolate(features, scale_factor=2.0, mode="trilinear", align_corners=True)
