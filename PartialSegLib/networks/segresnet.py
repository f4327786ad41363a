"""SegResNet (Myronenko, "3D MRI brain tumor segmentation using autoencoder regularization", 2018) of MONAI."""

from monai.networks.nets.segresnet import SegResNet as MonaiSegResNet
from torch import Tensor, nn

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.options import Count, Counts


class SegResNet(Network):
    """Residual encoder and a decoder of one residual block per level; without the autoencoder branch.

    width: features at full resolution, a multiple of 8 (groups of the normalisation); published with 32.
    blocks: residual units per encoder level, finest first.
    """

    def __init__(
        self, n_classes: Count, width: Count = 16, blocks: Counts = (1, 2, 2, 4), in_channels: Count = 1
    ) -> None:
        super().__init__()
        if width % 8:
            raise ValueError("width must be a multiple of 8")
        steps = len(blocks) - 1
        self.divisor = 2**steps
        self.fine_channels, self.deep_channels = width, width * 2**steps
        self.body = MonaiSegResNet(3, width, in_channels, 1, blocks_down=tuple(blocks), blocks_up=(1,) * steps)
        self.body.conv_final = self.body.conv_final[:2]  # normalisation and activation; the head is ours
        self.head = nn.Conv3d(width, n_classes, 1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`."""
        deep, skips = self.body.encode(image)
        return deep, self.body.decode(deep, skips[::-1])
