"""The U-Net."""

import pytest
import torch
from torch import nn

from PartialSegLib.bundle import Bundle
from PartialSegLib.networks import build_network

SMALL = {"name": "unet", "n_classes": 5, "channels": [4, 8, 16], "blocks": [1, 2, 3]}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_network(SMALL).eval()


@pytest.mark.parametrize("size", [(8, 8, 8), (8, 12, 20), (4, 16, 8)])
def test_logits_have_the_size_of_the_image(network, size):
    with torch.inference_mode():
        assert network(torch.zeros(2, 1, *size)).shape == (2, 5, *size)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_every_level_halves_the_image(levels):
    network = build_network({**SMALL, "channels": [4] * levels, "blocks": [1] * levels})
    assert network.divisor == 2 ** (levels - 1)
    strides = [m.stride for m in network.modules() if isinstance(m, nn.Conv3d) and m.stride != (1, 1, 1)]
    assert strides == [(2, 2, 2)] * (levels - 1)
    size = 2 * network.divisor
    assert network(torch.zeros(1, 1, size, size, size)).shape == (1, 5, size, size, size)


def test_blocks_are_convolutions_per_encoder_level(network):
    assert [1 + len(stage.rest) for stage in network.encoder] == SMALL["blocks"]
    assert [stage.first[0].out_channels for stage in network.encoder] == SMALL["channels"]


def test_detail_passes_by_the_deeper_levels():
    torch.manual_seed(0)
    network = build_network(SMALL).eval()
    with torch.inference_mode():
        for up in network.up:
            up.weight.zero_()
        assert network(torch.randn(1, 1, 8, 8, 8)).std((2, 3, 4)).min() > 0.01


def test_brightness_and_contrast_of_the_first_features_are_normalised(network):
    """Instance normalisation: what an image is multiplied by does not matter (but for zeros beyond its border)."""
    image = torch.randn(1, 1, 8, 8, 8)
    with torch.inference_mode():
        torch.testing.assert_close(network(image), network(50 * image), rtol=1e-2, atol=1e-2)


def test_the_shipped_weights_fit():
    bundle = Bundle.load()
    assert bundle.network_config["name"] == "unet"
    assert not bundle.load_network().training


def test_left_out_options_are_those_of_the_shipped_model():
    config = Bundle.load().network_config
    states = [build_network(c).state_dict() for c in (config, {"name": "unet", "n_classes": config["n_classes"]})]
    shipped, default = ({name: tensor.shape for name, tensor in state.items()} for state in states)
    assert shipped == default
