"""What makes the 3D TransUNet that network: standardised weights, learned positions, cosine attention."""

import pytest
import torch
from tiny_networks import images, tiny_network
from torch.nn import functional

from PartialSegLib.networks.transformer import CosineAttention
from PartialSegLib.networks.transunet import StandardisedConv, double, halve


@pytest.fixture
def network():
    return tiny_network("transunet")


def test_scale_and_offset_of_a_kernel_do_not_matter(network):
    with torch.no_grad():
        before = network(images("transunet"))
        for module in network.modules():
            if isinstance(module, StandardisedConv):
                module.weight.mul_(3).add_(0.5)
        torch.testing.assert_close(network(images("transunet")), before, rtol=1e-2, atol=1e-2)


def test_every_filter_has_mean_0_and_variance_1():
    convolution = StandardisedConv(2, 3, 3, padding=1)
    impulse = torch.zeros(2, 2, 5, 5, 5)
    impulse[0, 0, 2, 2, 2] = impulse[1, 1, 2, 2, 2] = 1
    with torch.no_grad():
        filters = convolution(impulse) - convolution.bias[:, None, None, None]
    seen = filters[:, :, 1:4, 1:4, 1:4].transpose(0, 1).flatten(1)
    torch.testing.assert_close(seen.mean(1), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.var(1, unbiased=False), torch.ones(3), atol=2e-2, rtol=0)


def test_positions_are_added_as_they_are_where_the_grid_is_theirs(network):
    grid = torch.rand(1, 16, 3, 1, 1)
    with torch.no_grad():
        with_positions = network._attend(grid)
        moved = grid + network.positions
        network.positions.zero_()
        torch.testing.assert_close(network._attend(moved), with_positions)
        assert not torch.allclose(network._attend(grid), with_positions)


def test_positions_are_interpolated_for_other_windows(network):
    """Without positions tokens are a set; a grid of five takes every second position as it is."""
    grid = torch.zeros(1, 16, 5, 1, 1)
    with torch.no_grad():
        network.positions.mul_(10)
        doubled = functional.interpolate(network.positions, (5, 1, 1), mode="trilinear", align_corners=True)
        torch.testing.assert_close(doubled[:, :, ::2], network.positions)
        attended = network._attend(grid)
        assert not torch.allclose(attended[:, :, 0], attended[:, :, 1])
        network.positions.zero_()
        torch.testing.assert_close(network._attend(doubled), attended)
        same = network._attend(grid)
        torch.testing.assert_close(same[:, :, 0], same[:, :, 1])


def test_attention_is_softmax_of_scaled_cosines():
    torch.manual_seed(0)
    attention, tokens = CosineAttention(6, 2), torch.randn(2, 5, 6)
    q, k, v = attention.query_key_value(tokens).reshape(2, 5, 3, 2, 3).permute(2, 0, 3, 1, 4)
    cosines = functional.cosine_similarity(q[:, :, :, None], k[:, :, None], dim=-1)
    expected = (10 * cosines).softmax(-1) @ v
    torch.testing.assert_close(attention(tokens), attention.out(expected.transpose(1, 2).reshape(2, 5, 6)))


def test_the_scale_of_queries_does_not_matter_and_sharpness_is_limited():
    torch.manual_seed(0)
    attention, tokens = CosineAttention(4, 1), torch.randn(1, 5, 4)
    with torch.no_grad():
        before = attention(tokens)
        attention.query_key_value.weight[:4] *= 7
        attention.query_key_value.bias[:4] *= 7
        torch.testing.assert_close(attention(tokens), before)
        attention.log_scale.fill_(50.0)
        sharp = attention(tokens)
        attention.log_scale.fill_(4.6051702)  # log 100
        torch.testing.assert_close(attention(tokens), sharp)


def test_halving_and_doubling_keep_the_corners():
    line = torch.arange(4.0).reshape(1, 1, 4, 1, 1).expand(1, 1, 4, 2, 2)
    assert halve(line)[0, 0, :, 0, 0].tolist() == [0, 3]
    torch.testing.assert_close(double(halve(line))[0, 0, :, 0, 0], torch.arange(4.0))
