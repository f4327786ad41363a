"""Shared by all tests: nothing touches the user's cache, and small real inputs are made once."""

import json
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Every test, and every process it starts, has folders of the session for caches and models, not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
            patch.setenv(variable, str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SLICER", raising=False)
        # Threads of a small network wait for each other longer than they work when the computer has other things to do.
        patch.setenv("OMP_NUM_THREADS", "1")
        # Children find the code whatever folder they run in, installed or not.
        root = Path(__file__).parent.parent
        patch.setenv("PYTHONPATH", os.pathsep.join([str(root), str(root / "training")]))
        yield


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """Folder of a whole bundle: a tiny network with random weights."""
    return write_bundle(tmp_path_factory.mktemp("models") / "tiny", random_weights())


@pytest.fixture(scope="session")
def sealed_bundle(tmp_path_factory):
    """Folder of a bundle whose hashes are right but whose weights are none: for what must not need the network."""
    return write_bundle(tmp_path_factory.mktemp("models") / "sealed", b"no weights")


@pytest.fixture(scope="session")
def bundle_writer():
    """The function `write_bundle`, for tests that need a bundle of their own."""
    return write_bundle


@pytest.fixture(scope="session")
def phantom_ct(tmp_path_factory):
    """A small NIfTI CT of the phantom (47 x 33 x 48 voxels of 8 mm)."""
    from PartialSegLib.image import write_volume
    from PartialSegLib.phantom import make_phantom

    path = tmp_path_factory.mktemp("phantom") / "phantom.nii.gz"
    write_volume(path, make_phantom((8.0, 8.0, 8.0))[0])
    return path


NETWORK = {"name": "unet", "n_classes": 17, "channels": [4, 8], "blocks": [1, 1]}


def random_weights(seed: int = 0) -> bytes:
    """A safetensors file of random weights for `NETWORK`."""
    import torch
    from safetensors.torch import save

    from PartialSegLib.networks import build_network

    torch.manual_seed(seed)
    return save(build_network(NETWORK).state_dict())


def write_bundle(folder: Path, weights: bytes, label_set: str = "abdomen16") -> Path:
    """Write a bundle for `NETWORK` with voxels of 8 mm and windows of 32 voxels."""
    from PartialSegLib.bundle import CARD, FORMAT_VERSION, INFERENCE, METADATA, WEIGHTS, write_sums
    from PartialSegLib.preprocessing import Preprocessing

    metadata = {"format_version": FORMAT_VERSION, "name": "tiny", "version": "0.0.1", "label_set": label_set}
    preprocessing = Preprocessing(spacing=(8.0, 8.0, 8.0)).to_json()
    inference = {"network": NETWORK, "patch_size": [32, 32, 32], "preprocessing": preprocessing}
    contents = {METADATA: json.dumps(metadata), INFERENCE: json.dumps(inference), CARD: "A model for tests."}
    for name, content in {**{name: text.encode() for name, text in contents.items()}, WEIGHTS: weights}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    write_sums(folder)
    return folder
