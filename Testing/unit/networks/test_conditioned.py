"""Heads that are computed for each structure, on any backbone."""

import importlib.util

import pytest
import torch
from tiny_networks import OPTIONS, WINDOWS, images
from torch.nn import functional

from PartialSegLib.errors import UserError
from PartialSegLib.networks import build_network, dynamic

N_CLASSES, EMBEDDING = 5, 6
UNET = {"name": "unet", **OPTIONS["unet"]}
SEGRESNET = {"name": "segresnet", **OPTIONS["segresnet"]}
KINDS = {"text_head": {"embedding_size": EMBEDDING, "hidden": 7}, "dodnet": {}}


def network(kind, backbone=UNET, seed=0):
    torch.manual_seed(seed)
    built = build_network({"name": kind, "n_classes": N_CLASSES, "backbone": backbone, **KINDS[kind]})
    if kind == "text_head":
        built.set_embeddings(torch.randn(N_CLASSES - 1, EMBEDDING))
    return built.eval()


@pytest.fixture(params=list(KINDS))
def kind(request):
    return request.param


def one_by_one(features, parameters):
    """The same head, structure by structure and image by image, with the library's convolution."""
    rows = []
    for b, image in enumerate(features):
        for theta in parameters[b]:
            weights = theta[:64].reshape(8, 8), theta[72:136].reshape(8, 8), theta[144:152].reshape(1, 8)
            biases = theta[64:72], theta[136:144], theta[152:]
            values = image[None]
            for index in range(3):
                values = functional.conv3d(values, weights[index][:, :, None, None, None], biases[index])
                values = values if index == 2 else values.relu()
            rows.append(values[0, 0])
    return torch.stack(rows).reshape(len(features), parameters.shape[1], *features.shape[2:])


@pytest.mark.parametrize("chunk", [1, 300, 1 << 21])
def test_the_head_and_its_gradients_are_those_of_one_structure_after_the_other(chunk, monkeypatch):
    monkeypatch.setattr(dynamic, "_CHUNK", chunk)
    torch.manual_seed(0)
    features = torch.randn(2, 8, 3, 2, 5, dtype=torch.float64, requires_grad=True)
    parameters = torch.randn(2, 4, 153, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 4, 3, 2, 5, dtype=torch.float64)
    results = []
    for head in (dynamic.dynamic_head, one_by_one):
        logits = head(features, parameters)
        results.append([logits, *torch.autograd.grad((logits * weight).sum(), (features, parameters))])
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)
    with torch.inference_mode():
        torch.testing.assert_close(dynamic.dynamic_head(features, parameters), results[1][0])


def test_there_are_153_parameters_per_structure():
    assert dynamic.N_PARAMETERS == 153
    layers = dynamic.split_parameters(torch.zeros(2, 153))
    assert [weight.shape[1:] for weight, _ in layers] == [(8, 8), (8, 8), (1, 8)]
    assert [bias.shape[1:] for _, bias in layers] == [(8, 1), (8, 1), (1, 1)]


@pytest.mark.parametrize("backbone", list(OPTIONS))
def test_every_network_can_be_the_backbone(kind, backbone):
    conditioned = network(kind, {"name": backbone, **OPTIONS[backbone]})
    with torch.inference_mode():
        logits = conditioned(images(backbone))
    assert logits.shape == (1, N_CLASSES, *WINDOWS[backbone])
    assert not logits[:, 0].any() and logits[:, 1:].std() > 1e-4
    conditioned.require_window(WINDOWS[backbone])


def test_the_largest_logit_is_the_most_probable_structure_above_one_half(kind):
    with torch.no_grad():
        logits = network(kind)(images("unet"))
    logits[:, 1:] -= logits[:, 1:].flatten(2).median(2).values[..., None, None, None]
    probability, strongest = logits[:, 1:].sigmoid().max(1)
    expected = torch.where(probability > 0.5, strongest + 1, 0)
    assert len(expected.unique()) > 1
    torch.testing.assert_close(logits.argmax(1), expected)


def test_asking_for_one_structure_gives_its_channel(kind):
    conditioned, image = network(kind), images("unet", 3)
    values = torch.tensor([4, 1, 4])
    with torch.inference_mode():
        one, every = conditioned(image, values), conditioned(image)
    assert one.shape == (3, 1, *WINDOWS["unet"])
    torch.testing.assert_close(one[:, 0], every[torch.arange(3), values], rtol=1e-4, atol=1e-5)


def test_the_backbone_computes_once_whatever_the_number_of_structures(kind, monkeypatch):
    conditioned, calls = network(kind), []
    features = conditioned.backbone.features
    monkeypatch.setattr(conditioned.backbone, "features", lambda image: calls.append(1) or features(image))
    conditioned(images("unet"))
    assert calls == [1]


def test_structures_differ_because_of_what_stands_for_them(kind):
    conditioned = network(kind)
    with torch.inference_mode():
        before = conditioned(images("unet"))
        conditioned.conditions[1] = conditioned.conditions[0]
        after = conditioned(images("unet"))
    torch.testing.assert_close(after[:, 2], after[:, 1])
    assert (before[:, 2] - before[:, 1]).abs().max() > 1e-3
    torch.testing.assert_close(after[:, [0, 1, 3, 4]], before[:, [0, 1, 3, 4]])


def test_the_controller_sees_the_image(kind):
    """theta depends on the pooled deepest features: where only those change, so do the logits."""
    conditioned, image = network(kind), images("unet")
    deep, fine = conditioned.features(image)
    conditioned.features = lambda _: (deep + 1, fine)
    shifted = conditioned(image)
    conditioned.features = lambda _: (deep, fine)
    assert (shifted - conditioned(image)).abs().max() > 1e-3


@pytest.mark.parametrize("backbone", [UNET, SEGRESNET], ids=["unet", "segresnet"])
def test_all_weights_learn(kind, backbone):
    """Data-parallel training waits for the gradient of every weight: none may be without."""
    conditioned = network(kind, backbone).train()
    conditioned(images(backbone["name"])).square().mean().backward()
    assert [name for name, weight in conditioned.named_parameters() if weight.grad is None] == []


def test_the_conditions_are_saved_with_the_weights(kind):
    first, second = network(kind, seed=0), network(kind, seed=1)
    assert first.state_dict()["conditions"].shape == (N_CLASSES - 1, EMBEDDING if kind == "text_head" else 4)
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second(images("unet")), first(images("unet")))


def test_embeddings_are_told_apart_by_what_they_do_not_share():
    conditioned = network("text_head")
    embeddings, shared = torch.randn(N_CLASSES - 1, EMBEDDING), 10 * torch.randn(EMBEDDING)
    conditioned.set_embeddings(embeddings / 100)
    expected = conditioned.conditions.clone()
    torch.testing.assert_close(expected.norm(dim=1), torch.ones(N_CLASSES - 1))
    torch.testing.assert_close(functional.cosine_similarity(expected, embeddings - embeddings.mean(0)), torch.ones(4))
    conditioned.set_embeddings(embeddings + shared)
    torch.testing.assert_close(conditioned.conditions, expected, rtol=1e-4, atol=1e-5)


def test_heads_let_signal_through_from_the_start():
    """A controller that starts near 0 computes heads that are 0 for every image, and learns slowly."""
    torch.manual_seed(0)
    features, parameters = torch.rand(1, 8, 4, 4, 4), dynamic.initial_parameters()
    assert parameters.std() > 0.3
    logits = torch.cat([dynamic.dynamic_head(features, dynamic.initial_parameters()[None, None]) for _ in range(20)])
    assert logits.std((1, 2, 3, 4)).median() > 0.05


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
@pytest.mark.parametrize("backbone", [UNET, SEGRESNET], ids=["unet", "segresnet"])
def test_openvino_gives_the_labels_of_torch(kind, backbone, tmp_path, monkeypatch):
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    from PartialSegLib.inference.openvino_backend import convert

    conditioned, patch = network(kind, backbone), (8, 12, 16)
    window = torch.rand(1, 1, *patch, generator=torch.Generator().manual_seed(0))
    import openvino

    model = openvino.Core().compile_model(convert(conditioned, patch), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    ours = torch.from_numpy(model(window.numpy())[0])
    with torch.inference_mode():
        expected = conditioned(window)
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)
    assert (ours.argmax(1) == expected.argmax(1)).float().mean() > 0.999


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"backbone": {"name": "vnet"}}, "network 'vnet' is unknown"),
        ({"backbone": {**UNET, "depth": 3}}, "no option 'depth'"),
        ({"backbone": {"name": "dodnet", "backbone": UNET}}, "without conditions of its own"),
        ({"backbone": UNET, "n_classes": 1}, "n_classes must be at least 2"),
        ({"backbone": UNET, "width": 3}, "no option 'width'"),
        ({}, "needs the option 'backbone'"),
    ],
)
def test_what_cannot_be_built(kind, options, said):
    with pytest.raises(UserError, match=said) as caught:
        build_network({"name": kind, "n_classes": N_CLASSES, **options})
    assert "\n" not in str(caught.value)
