"""What holds for every network: the same tests, one network after the other."""

import copy
import re

import pytest
import torch
from safetensors.torch import load, save
from tiny_networks import N_CLASSES, OPTIONS, WINDOWS, images, tiny_network
from torch import nn

from PartialSegLib.errors import UserError
from PartialSegLib.networks import NETWORKS, build_network
from PartialSegLib.networks.base import Network

CONFIGS = {name: {"name": name, "n_classes": N_CLASSES, **options} for name, options in OPTIONS.items()}


@pytest.fixture(scope="module", params=list(OPTIONS))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def network(name):
    return tiny_network(name)


@pytest.fixture(scope="module")
def logits(name, network):
    with torch.no_grad():
        return network(images(name, 2))


def test_logits_have_the_size_of_the_image(name, logits):
    assert logits.shape == (2, N_CLASSES, *WINDOWS[name])
    assert logits.isfinite().all()
    assert logits.std((2, 3, 4)).min() > 1e-3


def test_features_are_what_it_says_and_the_head_turns_them_into_logits(name, network, logits):
    divisor = network.divisor
    divisors = (divisor,) * 3 if isinstance(divisor, int) else divisor
    with torch.no_grad():
        deep, fine = network.features(images(name, 2))
        torch.testing.assert_close(network.head(fine), logits, rtol=0, atol=0)
    assert deep.shape == (2, network.deep_channels, *(n // d for n, d in zip(WINDOWS[name], divisors, strict=True)))
    assert fine.shape == (2, network.fine_channels, *WINDOWS[name])
    assert isinstance(network, Network)


def test_all_weights_learn(name, network):
    """Data-parallel training waits for the gradient of every weight: none may be without."""
    training = copy.deepcopy(network).train()
    training(images(name)).square().mean().backward()
    without = [key for key, weight in training.named_parameters() if weight.grad is None]
    still = [key for key, weight in training.named_parameters() if weight.dim() > 1 and not weight.grad.any()]
    assert (without, still) == ([], [])


def test_the_deepest_features_and_the_image_are_on_the_graph(name, network):
    image = images(name).requires_grad_()
    deep, fine = network.features(image)
    for features in (deep, fine):
        gradient = torch.autograd.grad(features.square().mean(), image, retain_graph=True)[0]
        assert gradient.isfinite().all() and gradient.any()


def test_bfloat16_stays_close(name, network, logits):
    training = copy.deepcopy(network).train()
    with torch.autocast("cpu", torch.bfloat16):
        rounded = training(images(name, 2))
    rounded.float().square().mean().backward()
    assert all(weight.grad.isfinite().all() for weight in training.parameters())
    assert (rounded.float() - logits).abs().mean() < 0.05 * logits.std()


def test_weights_survive_their_file(name, network, logits):
    """No tensor is shared, none is a whole number that float16 would round, and float16 weights still fit."""
    state = network.state_dict()
    assert all(tensor.is_floating_point() for tensor in state.values())
    again = build_network(CONFIGS[name]).eval()
    again.load_state_dict(load(save(state)))
    halved = build_network(CONFIGS[name]).eval()
    halved.load_state_dict({k: v.float() for k, v in load(save({k: v.half() for k, v in state.items()})).items()})
    with torch.no_grad():
        assert torch.equal(again(images(name, 2)), logits)
        assert (halved(images(name, 2)) - logits).abs().mean() < 0.01 * logits.std()


def test_the_same_image_gives_the_same_logits(name, network, logits):
    with torch.no_grad():
        assert torch.equal(network(images(name, 2)), logits)
        torch.testing.assert_close(network(images(name, 2)[1:]), logits[1:], rtol=1e-3, atol=1e-4)


def test_a_seed_gives_the_weights(name, network):
    again = tiny_network(name).state_dict()
    other = tiny_network(name, seed=1).state_dict()
    state = network.state_dict()
    assert list(again) == list(state) and all(torch.equal(again[key], state[key]) for key in state)
    assert not torch.equal(other["head.weight"], state["head.weight"])


def test_several_input_channels(name):
    network = tiny_network(name, in_channels=3)
    with torch.no_grad():
        assert network(images(name).expand(-1, 3, -1, -1, -1)).shape == (1, N_CLASSES, *WINDOWS[name])


def test_the_head_is_all_that_knows_the_classes(name):
    state = build_network({**CONFIGS[name], "n_classes": 2}).state_dict()
    more = build_network({**CONFIGS[name], "n_classes": 9}).state_dict()
    assert [key for key in state if state[key].shape != more[key].shape] == ["head.weight", "head.bias"]


def test_windows_that_do_not_fit(name, network):
    largest = network.divisor if isinstance(network.divisor, int) else max(network.divisor)
    for size in ((largest,) * 3, (2 * largest, 2 * largest, 2 * largest + 1), (2 * largest, 0, 2 * largest)):
        with pytest.raises(UserError, match=f"windows of {' x '.join(map(str, size))} voxels") as caught:
            network(torch.zeros(1, 1, *size))
        assert "\n" not in str(caught.value)
        assert re.search(rf"multiples? of (1 x )?{largest}", str(caught.value))
    network.require_window(WINDOWS[name])


def test_an_example_window_fits_and_is_no_larger(name, network):
    divisor = network.divisor if isinstance(network.divisor, int) else max(network.divisor)
    window = (4 * divisor, 2 * divisor, 6 * divisor)
    example = network.example_window(window)
    network.require_window(example)
    assert all(n <= m for n, m in zip(example, window, strict=True))
    assert (example == window) is (name == "swin_unetr")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"depth": 3}, "has no option 'depth': choose from n_classes, "),
        ({"n_classes": 0}, "option 'n_classes': Input should be greater than or equal to 1, not 0"),
        ({"n_classes": "five"}, "option 'n_classes': Input should be a valid integer, not 'five'"),
        ({"n_classes": True}, "option 'n_classes'"),
        ({"in_channels": 1.5}, "option 'in_channels'"),
    ],
)
def test_options_that_are_wrong(name, change, said):
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        build_network({**CONFIGS[name], **change})
    assert f"network {name!r}" in str(caught.value) and "\n" not in str(caught.value)


def test_all_networks_are_listed_and_tested(name):
    assert isinstance(NETWORKS[name].build, type) and issubclass(NETWORKS[name].build, nn.Module)
    assert NETWORKS[name].summary and NETWORKS[name].paper
    assert set(OPTIONS) <= set(NETWORKS)
