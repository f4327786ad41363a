"""Swin UNETR (Hatamizadeh et al., "Swin UNETR: Swin transformers for semantic segmentation of brain tumors in MRI
images", 2021) of MONAI."""

from collections.abc import Sequence
from typing import Annotated

import einops  # noqa: F401  # MONAI's needs it, but says so only when it runs
from monai.networks.nets.swin_unetr import SwinUNETR as MonaiSwinUNETR
from pydantic import Field
from torch import Tensor, nn

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.options import Count

Four = Annotated[Sequence[Count], Field(min_length=4, max_length=4)]


class SwinUNETR(Network):
    """Encoder of transformers with shifted windows, decoder of residual convolutions.

    width: features at full resolution, a multiple of 12; published with 48. depths, heads: transformer layers and
    attention heads of the four stages. attention_window: voxels per axis that attend to each other.
    """

    divisor = 32
    is_trace_fixed = True  # how a window is parted for attention

    def __init__(
        self,
        n_classes: Count,
        width: Count = 24,
        depths: Four = (2, 2, 2, 2),
        heads: Four = (3, 6, 12, 24),
        attention_window: Count = 7,
        in_channels: Count = 1,
    ) -> None:
        super().__init__()
        if width % 12:
            raise ValueError("width must be a multiple of 12")
        if any(width * 2**stage % n for stage, n in enumerate(heads)):
            raise ValueError("heads must divide the features of their stages: width, 2 width, 4 width, 8 width")
        self.fine_channels, self.deep_channels = width, 16 * width
        self.body = MonaiSwinUNETR(
            in_channels, 1, depths=depths, num_heads=heads, window_size=attention_window, feature_size=width
        )
        del self.body.out
        self._keep_indices_out_of_weights()
        self.head = nn.Conv3d(width, n_classes, 1)

    def _keep_indices_out_of_weights(self) -> None:
        # The table of relative positions is computed, not learned, and float16 weights could not hold its numbers.
        for module in self.body.modules():
            index = module._buffers.get("relative_position_index")
            if index is not None:
                module.register_buffer("relative_position_index", index, persistent=False)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`."""
        body = self.body
        halved = body.swinViT(image, body.normalize)
        skips = [body.encoder1(image), body.encoder2(halved[0]), body.encoder3(halved[1]), body.encoder4(halved[2])]
        features = deep = body.encoder10(halved[4])
        decoders = (body.decoder5, body.decoder4, body.decoder3, body.decoder2, body.decoder1)
        for decoder, skip in zip(decoders, [halved[3], *skips[::-1]], strict=True):
            features = decoder(features, skip)
        return deep, features
