"""Makes what the contenders share: the CT, and a network where no trained one is."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from PartialSegLib.bundle import CARD, FORMAT_VERSION, INFERENCE, METADATA, WEIGHTS, write_sums
from PartialSegLib.image import Volume, write_volume
from PartialSegLib.preprocessing import Preprocessing

_AIR_HU = -1000
_CT_WINDOW = (-125.0, 275.0)


def run(ct: str, shape: Sequence[int], spacing: Sequence[float], random_bundle: Mapping[str, Any] | None) -> dict:
    """Write the CT to `ct`, and a bundle with random weights as `random_bundle` says, unless they are there already."""
    if not Path(ct).exists():
        write_volume(ct, make_ct(shape, spacing))
    if random_bundle is not None and not (Path(random_bundle["folder"]) / "SHA256SUMS").exists():
        _write_bundle(**random_bundle)
    return {}


def make_ct(shape: Sequence[int], spacing: Sequence[float]) -> Volume:
    """The phantom in the middle of air: as on a real scan, part of the field of view is empty. shape: (z, y, x)."""
    return make_case(shape, spacing)[0]


def make_case(shape: Sequence[int], spacing: Sequence[float]) -> tuple[Volume, Volume]:
    """The same with its labels."""
    from PartialSegLib.phantom import make_phantom

    x, y, z = spacing
    phantom, organs = make_phantom((x, y, z))
    field = np.random.default_rng(0).normal(_AIR_HU, 10, tuple(shape)).astype(np.int16)
    labels = np.zeros(field.shape, np.uint8)
    inside, source = zip(*map(_centred, shape, phantom.array.shape), strict=True)
    field[inside], labels[inside] = phantom.array[source], organs.array[source]
    volume = Volume(field, (x, y, z), (0.0, 0.0, 0.0), np.eye(3))
    return volume, volume.like(labels)


def _centred(to: int, size: int) -> tuple[slice, slice]:
    """Where the middles of two lengths meet: a slice of the one and a slice of the other."""
    common = min(to, size)
    return slice((to - common) // 2, (to + common) // 2), slice((size - common) // 2, (size + common) // 2)


def _write_bundle(folder: str, network: dict, patch: Sequence[int], spacing: Sequence[float]) -> None:
    import torch
    from safetensors.torch import save_file

    from PartialSegLib.networks import build_network

    torch.manual_seed(0)
    x, y, z = spacing
    metadata = {"format_version": FORMAT_VERSION, "name": "random", "version": "0", "label_set": "abdomen16"}
    inference = {
        "network": network,
        "patch_size": patch,
        "preprocessing": Preprocessing((x, y, z), _CT_WINDOW).to_json(),
    }
    contents = {METADATA: json.dumps(metadata), INFERENCE: json.dumps(inference), CARD: "Random weights."}
    for name in (*contents, WEIGHTS):
        (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (Path(folder) / name).write_text(content, encoding="utf-8")
    save_file(build_network(network).state_dict(), Path(folder) / WEIGHTS)
    write_sums(Path(folder))
