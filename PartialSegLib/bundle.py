"""A model on disk: a MONAI bundle folder whose every file is checked by hash before it is used.

    SHA256SUMS                    hash of every other file, in the format of sha256sum
    configs/metadata.json         name, version, date, label set, metrics, intended use
    configs/inference.json        network, preprocessing, patch size
    models/model.safetensors      weights (no pickle is ever read)
    docs/README.md                model card
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.errors import UserError
from PartialSegLib.files import sha256
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.resources import resource_path
from PartialSegLib.structures import LabelSet, load_label_set

if TYPE_CHECKING:
    from torch import nn

FORMAT_VERSION = 1
METADATA = "configs/metadata.json"
INFERENCE = "configs/inference.json"
WEIGHTS = "models/model.safetensors"
CARD = "docs/README.md"
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Bundle:
    """A verified bundle folder.

    patch_size: (z, y, x) voxels of one window; network_config: what `networks.build_network` takes.
    smallest_part: parts of a structure below this fraction of its largest part are removed; 0 keeps all.
    """

    path: Path
    metadata: dict[str, Any]
    preprocessing: Preprocessing
    patch_size: tuple[int, int, int]
    network_config: dict[str, Any]
    smallest_part: float = 0.0

    @classmethod
    def load(cls, path: str | Path | None = None) -> "Bundle":
        """Open the bundle in folder `path`, or the one that ships.

        Raises UserError when a file is missing, does not match its hash, or needs a newer PartialSeg.
        """
        folder = Path(path) if path is not None else resource_path("models", "abdomen16")
        verify(folder)
        metadata, inference = _read_json(folder / METADATA), _read_json(folder / INFERENCE)
        if metadata.get("format_version") != FORMAT_VERSION:
            raise UserError(f"model {folder} has format {metadata.get('format_version')}: update PartialSeg to use it")
        try:
            preprocessing = Preprocessing.from_json(inference["preprocessing"])
            z, y, x = inference["patch_size"]
            smallest = float(inference.get("smallest_part", 0.0))
            bundle = cls(folder, metadata, preprocessing, (z, y, x), inference["network"], smallest)
            if bundle.network_config["n_classes"] != bundle.label_set.n_classes:
                wanted = metadata["label_set"]
                raise UserError(f"model {folder} was made for another label set: install one for {wanted}")
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"model {folder} lacks a setting ({error}): install the model again") from error
        return bundle

    @cached_property
    def label_set(self) -> LabelSet:
        """The structures that the network's output channels 1, 2, ... stand for."""
        return load_label_set(self.metadata["label_set"])

    def load_network(self) -> "nn.Module":
        """The network with its weights, in evaluation mode, float32, on the CPU."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from PartialSegLib.networks import build_network

        network = build_network(self.network_config)
        try:
            weights = load_file(self.path / WEIGHTS)
            network.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
        except (OSError, SafetensorError, RuntimeError) as error:
            first_line = str(error).splitlines()[0]
            raise UserError(f"weights in {self.path} do not fit ({first_line}): install the model again") from error
        return network.eval()


def verify(folder: Path) -> None:
    """Check every file of a bundle against SHA256SUMS; raises UserError naming the first that is missing or changed."""
    if not (folder / SUMS).is_file():
        raise UserError(f"{folder} is not a model: it has no {SUMS}; pass the folder of a PartialSeg bundle")
    listed = {}
    # A damaged list may hold any bytes: it must not fail to decode, but to list what is there.
    for line in (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    missing = {METADATA, INFERENCE, WEIGHTS, CARD} - set(listed)
    if missing:
        raise UserError(f"model {folder}: {SUMS} does not list {min(missing)}; install the model again")
    for name, digest in listed.items():
        if not (folder / name).is_file():
            raise UserError(f"model {folder}: {name} is missing; install the model again")
        if sha256(folder / name) != digest:
            raise UserError(f"model {folder}: {name} was changed or damaged (SHA-256 differs); install the model again")


def write_sums(folder: Path) -> None:
    """(Re)write SHA256SUMS over all other files of a bundle."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): install the model again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} does not hold a JSON object: install the model again")
    return content
