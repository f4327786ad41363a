"""Networks by name, and the U-Net."""

import pytest
import torch
from torch import nn

from PartialSegLib.errors import UserError
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


def test_all_weights_learn(network):
    torch.manual_seed(0)
    training = build_network(SMALL)
    training(torch.randn(1, 1, 8, 8, 8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in training.parameters())


def test_the_image_of_a_batch_does_not_depend_on_the_others(network):
    images = torch.randn(2, 1, 8, 8, 8)
    with torch.inference_mode():
        torch.testing.assert_close(network(images)[1:], network(images[1:]), rtol=1e-4, atol=1e-5)


def test_brightness_and_contrast_of_the_first_features_are_normalised(network):
    """Instance normalisation: what an image is multiplied by does not matter (but for zeros beyond its border)."""
    image = torch.randn(1, 1, 8, 8, 8)
    with torch.inference_mode():
        torch.testing.assert_close(network(image), network(50 * image), rtol=1e-2, atol=1e-2)


def test_a_seed_gives_the_weights():
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(build_network(SMALL).state_dict())
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_several_input_channels():
    assert build_network({**SMALL, "in_channels": 3})(torch.zeros(1, 3, 8, 8, 8)).shape == (1, 5, 8, 8, 8)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "network None is unknown: choose one of unet"),
        ({**SMALL, "name": "vnet"}, "network 'vnet' is unknown"),
        ({**SMALL, "depth": 3}, "depth"),
        ({"name": "unet"}, "n_classes"),
        ({**SMALL, "blocks": [1, 2]}, "one number per level"),
        ({**SMALL, "channels": [], "blocks": []}, "one number per level"),
        ({**SMALL, "channels": [4, 0, 8]}, "at least 1"),
        ({**SMALL, "blocks": [1, 0, 1]}, "at least 1"),
        ({**SMALL, "n_classes": 0}, "at least 1"),
        ({**SMALL, "channels": 3}, "cannot be built"),
        ({**SMALL, "channels": ["a", "b", "c"]}, "cannot be built"),
    ],
)
def test_networks_that_cannot_be_built(config, said):
    with pytest.raises(UserError, match=said) as caught:
        build_network(config)
    assert "\n" not in str(caught.value)
