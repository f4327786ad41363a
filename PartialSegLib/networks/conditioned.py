"""One network that is asked about one structure after the other: the question decides the weights of its last layers.

    theta_k = controller(w_k, f)    w_k: what stands for structure k; f: the deepest features, averaged over the window
    P_k = sigmoid(head(features; theta_k))    the features are the same for all structures

`TextHead` takes an embedding of a sentence that names the structure for w_k, `DoDNet` a one-hot vector. The backbone
is any other network. Every structure is decided by itself against the background, whose logit is 0: the largest logit
is the background's unless a structure has more than one half.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from PartialSegLib.networks.base import Network
from PartialSegLib.networks.dynamic import N_PARAMETERS, WIDTH, dynamic_head, initial_parameters
from PartialSegLib.networks.options import Count


class ConditionedNetwork(Network):
    """A backbone, a controller and a dynamic head per structure.

    backbone: name and options of the network that computes the features, without n_classes.
    conditions: w_k, (K, E) for the K = n_classes - 1 structures; saved with the weights.
    hidden: units of the controller's hidden layer; None for a controller of one layer.
    """

    conditions: Tensor

    def __init__(self, n_classes: int, backbone: dict[str, Any], conditions: Tensor, hidden: int | None) -> None:
        super().__init__()
        from PartialSegLib.networks import build_network  # here: it builds this network too

        if n_classes < 2:
            raise ValueError("n_classes must be at least 2: there is nothing to ask for")
        self.backbone: Network = build_network({**backbone, "n_classes": n_classes})  # type: ignore[assignment]
        if isinstance(self.backbone, ConditionedNetwork):
            raise ValueError("the backbone must be a network without conditions of its own")
        self.backbone.head = nn.Identity()  # never used, and weights without gradient hinder data-parallel training
        self.divisor, self.averaged_axes = self.backbone.divisor, self.backbone.averaged_axes
        self.deep_channels, self.fine_channels = self.backbone.deep_channels, self.backbone.fine_channels
        self.register_buffer("conditions", conditions)
        inputs = conditions.shape[1] + self.deep_channels
        layers = [] if hidden is None else [nn.Linear(inputs, hidden), nn.ReLU()]
        last = nn.Linear(hidden or inputs, N_PARAMETERS)
        with torch.no_grad():
            last.bias.copy_(initial_parameters())
        self.controller = nn.Sequential(*layers, last)
        self.reduce = nn.Conv3d(self.fine_channels, WIDTH, 1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network.features`."""
        return self.backbone.features(image)

    def forward(self, image: Tensor, values: Tensor | None = None) -> Tensor:
        """(B, 1, Z, Y, X) -> logits (B, n_classes, Z, Y, X), 0 for the background.

        values: (B,) label value of the one structure that each image is asked for; the logits are (B, 1, Z, Y, X) then.
        """
        deep, fine = self.features(image)
        f = deep.mean((2, 3, 4))
        features = functional.relu(self.reduce(fine))
        if values is not None:
            return dynamic_head(features, self._theta(self.conditions[values - 1, None], f))
        logits = dynamic_head(features, self._theta(self.conditions.expand(len(f), -1, -1), f))
        return torch.cat([torch.zeros_like(logits[:, :1]), logits], 1)

    def _theta(self, conditions: Tensor, f: Tensor) -> Tensor:
        """w_k (B, K, E) and f (B, D) -> theta_k (B, K, 153)."""
        f = f[:, None].expand(-1, conditions.shape[1], -1)
        return self.controller(torch.cat([conditions.to(f.dtype), f], 2))


class TextHead(ConditionedNetwork):
    """The CLIP-driven Universal Model (Liu et al., FLARE 2023): w_k is a text embedding, the controller an MLP.

    The embeddings are 0 until they are loaded with the weights or set by `set_embeddings`.
    """

    def __init__(
        self, n_classes: Count, backbone: dict[str, Any], embedding_size: Count = 384, hidden: Count = 256
    ) -> None:
        super().__init__(n_classes, backbone, torch.zeros(n_classes - 1, embedding_size), hidden)

    def set_embeddings(self, embeddings: Tensor) -> None:
        """Take w_k (K, embedding_size), less their mean and scaled to length 1.

        What all the sentences share tells no structure from another and would drown what they do not: the controller
        learns twice as fast without it. Longer vectors would let each step of the optimiser change it too much.
        """
        self.conditions.copy_(functional.normalize(embeddings - embeddings.mean(0), dim=1))


class DoDNet(ConditionedNetwork):
    """DoDNet (Zhang et al., CVPR 2021): w_k is one-hot, the controller is one layer.

    One output channel as in the comparison of Chen et al. (CVPR 2024): the second of the original is for tumours.
    """

    def __init__(self, n_classes: Count, backbone: dict[str, Any]) -> None:
        super().__init__(n_classes, backbone, torch.eye(n_classes - 1), None)
