"""The registry: what it takes to list networks, and what is said when one cannot be built."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_networks import OPTIONS

from PartialSegLib.errors import UserError
from PartialSegLib.networks import NETWORKS, build_network

ROOT = Path(__file__).parents[3]


def test_listing_networks_imports_none():
    code = "import sys; from PartialSegLib.networks import NETWORKS; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"torch", "monai", "numpy"} & set(done.stdout.split()) == set()


def test_one_line_each():
    assert all(len(row.summary) < 90 and "\n" not in row.summary + row.paper for row in NETWORKS.values())


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "network None is unknown: choose one of "),
        ({"name": "vnet"}, "network 'vnet' is unknown: choose one of "),
        ({"name": "unet"}, "network 'unet' needs the option 'n_classes'"),
        ({"name": "unet", "blocks": [1, 2]}, "channels and blocks need one number per level each"),
        ({"name": "unet", "channels": [], "blocks": []}, "option 'channels': Value should have at least 1 item"),
        ({"name": "unet", "channels": [4, 0, 8]}, "option 'channels.1': Input should be greater than or equal to 1"),
        ({"name": "unet", "channels": 3}, "option 'channels': "),
        ({"name": "unet", "channels": "abc"}, "option 'channels': "),
        ({"name": "transunet", "blocks": [2, 1, 2]}, "blocks and width must be at least 2"),
        ({"name": "transunet", "dim": 12, "heads": 8}, "dim 12 must be a multiple of heads 8"),
        ({"name": "transunet", "tokens": [7, 7]}, "option 'tokens': "),
        ({"name": "unetpp", "channels": [4, 4, 4, 4]}, "option 'channels': "),
        ({"name": "unetpp", "channels": [4, 4, 3, 4, 4]}, "channels must be even"),
        ({"name": "swin_unetr", "width": 20}, "width must be a multiple of 12"),
        ({"name": "swin_unetr", "heads": [5, 6, 12, 24]}, "heads must divide"),
        ({"name": "mednext", "size": "XL"}, "option 'size': Input should be 'S', 'B', 'M' or 'L', not 'XL'"),
        ({"name": "mednext", "kernel_size": 4}, "option 'kernel_size': "),
        ({"name": "segresnet", "width": 12}, "width must be a multiple of 8"),
        ({"name": "resunet2d", "blocks": [1]}, "channels and blocks need one number per level each"),
    ],
)
def test_networks_that_cannot_be_built(config, said):
    options = {} if said.endswith("'n_classes'") else {"n_classes": 3}
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        build_network({**options, **config})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("unetpp", "monai"),
        ("swin_unetr", "monai"),
        ("mednext", "monai"),
        ("segresnet", "monai"),
        ("swin_unetr", "einops"),
    ],
)
def test_a_library_that_is_not_installed(name, library, monkeypatch):
    monkeypatch.delitem(sys.modules, f"PartialSegLib.networks.{name}", raising=False)
    for module in [key for key in sys.modules if key.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    said = re.escape(f"network '{name}' needs {library}: pip install 'partialseg[train]'")
    with pytest.raises(UserError, match=said):
        build_network({"name": name, "n_classes": 3, **OPTIONS[name]})


def test_a_config_is_not_changed():
    config = {"name": "unet", "n_classes": 3, "channels": [4], "blocks": [1]}
    build_network(config)
    assert config == {"name": "unet", "n_classes": 3, "channels": [4], "blocks": [1]}
