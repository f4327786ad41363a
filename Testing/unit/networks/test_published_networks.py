"""MONAI's networks compute here what they compute there, and default sizes are the published ones."""

import pytest
import torch
from tiny_networks import N_CLASSES, OPTIONS, images, tiny_network

from PartialSegLib.networks import build_network


def monai_network(name):
    """MONAI's own network of the tiny size, and what its head is called."""
    from monai.networks import nets

    if name == "unetpp":
        return nets.BasicUNetPlusPlus(3, 1, N_CLASSES, features=(4, 4, 4, 4, 8, 4)), "final_conv_0_4"
    if name == "segresnet":
        return nets.SegResNet(3, 8, 1, N_CLASSES, blocks_down=(1, 1), blocks_up=(1,)), "conv_final.2.conv"
    if name == "mednext":
        return nets.MedNeXt(3, 2, 1, N_CLASSES, kernel_size=3, use_residual_connection=True), "out_0.conv_out"
    options = OPTIONS["swin_unetr"]
    sizes = {"depths": options["depths"], "num_heads": options["heads"], "window_size": options["attention_window"]}
    return nets.SwinUNETR(1, N_CLASSES, feature_size=options["width"], **sizes), "out.conv.conv"


@pytest.mark.parametrize("name", ["unetpp", "segresnet", "mednext", "swin_unetr"])
def test_the_same_weights_give_the_same_logits_as_in_monai(name):
    network = tiny_network(name)
    theirs, head = monai_network(name)
    state = {key.removeprefix("body."): tensor for key, tensor in network.state_dict().items()}
    for part in ("weight", "bias"):
        ours = state.pop(f"head.{part}")
        state[f"{head}.{part}"] = ours.transpose(0, 1) if (name, part) == ("mednext", "weight") else ours
    missing, unexpected = theirs.load_state_dict(state, strict=False)
    assert unexpected == []
    assert all("relative_position_index" in key or "final_conv_0_" in key for key in missing)
    with torch.no_grad():
        logits = theirs.eval()(images(name))
        torch.testing.assert_close(network(images(name)), logits[0] if name == "unetpp" else logits)


@pytest.mark.parametrize(
    ("options", "millions"),
    [
        ({"name": "unet"}, 6.8),  # the shipped model's
        ({"name": "transunet"}, 67.4),  # the published code's
        ({"name": "unetpp"}, 7.0),
        ({"name": "swin_unetr", "width": 48}, 62.2),  # MONAI's research contributions
        ({"name": "mednext"}, 5.6),  # table 2 of the paper, as are the next three
        ({"name": "mednext", "size": "B"}, 10.5),
        ({"name": "mednext", "size": "M"}, 17.6),
        ({"name": "mednext", "size": "L", "kernel_size": 5}, 63.0),
        ({"name": "segresnet"}, 4.7),  # MONAI's model zoo
        ({"name": "resunet2d"}, 14.4),
    ],
)
def test_parameters_of_the_published_sizes(options, millions):
    network = build_network({**options, "n_classes": 17})
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)
