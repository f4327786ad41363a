"""Every network at a size that a test can afford, and the smallest window that fits it."""

import torch

from PartialSegLib.networks import build_network

N_CLASSES = 5

OPTIONS = {
    "unet": {"channels": [4, 8], "blocks": [1, 2]},
    "transunet": {"width": 4, "blocks": [2, 2, 2], "dim": 16, "layers": 1, "heads": 2, "tokens": [3, 1, 1]},
    "unetpp": {"channels": [4, 4, 4, 4, 8]},
    "swin_unetr": {"width": 12, "depths": [2, 1, 1, 1], "heads": [1, 1, 2, 2], "attention_window": 3},
    "mednext": {"width": 2},
    "segresnet": {"width": 8, "blocks": [1, 1]},
    "resunet2d": {"channels": [4, 8], "blocks": [1, 2]},
}
# No level of more than eight features is two voxels deep: what torch 2.13 computes there on a CPU as the gradient of a
# bfloat16 convolution's weights is wrong, or not even a number.
WINDOWS = {
    "unet": (4, 2, 6),
    "transunet": (48, 16, 16),
    "unetpp": (48, 16, 16),
    "swin_unetr": (96, 32, 32),
    "mednext": (48, 16, 16),
    "segresnet": (6, 2, 4),
    "resunet2d": (3, 4, 2),
}


def tiny_network(name, seed=0, **options):
    """A network with random weights; those that start as zeros are random too, so that they matter."""
    torch.manual_seed(seed)
    network = build_network({"name": name, "n_classes": N_CLASSES, **OPTIONS[name], **options})
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.2)
    return network.eval()


def images(name, n=1, seed=1):
    """`n` random images of the network's window."""
    return torch.rand(n, 1, *WINDOWS[name], generator=torch.Generator().manual_seed(seed))
