"""A model on disk: a MONAI bundle folder whose every file is checked by hash before it is used.

    SHA256SUMS                    hash of every other file, in the format of sha256sum
    configs/metadata.json         name, version, date, label set, metrics, intended use
    configs/inference.json        network, preprocessing, patch size
    models/model.safetensors      weights (no pickle is ever read)
    models/coarse.safetensors     weights of a first, coarse network, where inference.json has settings for one
    docs/README.md                model card
"""

import json
from dataclasses import dataclass, replace
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
COARSE_WEIGHTS = "models/coarse.safetensors"
CARD = "docs/README.md"
SUMS = "SHA256SUMS"
SHIPPED = ("models", "abdomen16")  # the model that ships, in Resources


@dataclass(frozen=True)
class Bundle:
    """A verified bundle folder.

    patch_size: (z, y, x) voxels of one window; network_config: what `networks.build_network` takes.
    smallest_part: parts of a structure below this fraction of its largest part are removed; 0 keeps all.
    resample: "logits" interpolates the logits to the image's grid and decides there, "labels" decides on the network's.
    one_part: values of the structures of which only the largest part is kept.
    unlearnt: values of the structures that the training data said nothing of; they are never given.
    independent: whether each structure is decided by itself, as by a sigmoid.
    weights: file of the weights below `path`.
    coarse: the network, with preprocessing, windows and label set of its own, that says where this one has to look;
        margin_mm: how far beyond what it finds. None where this network sees the whole body.
    """

    path: Path
    metadata: dict[str, Any]
    preprocessing: Preprocessing
    patch_size: tuple[int, int, int]
    network_config: dict[str, Any]
    smallest_part: float = 0.0
    resample: str = "logits"
    one_part: tuple[int, ...] = ()
    unlearnt: tuple[int, ...] = ()
    independent: bool = False
    weights: str = WEIGHTS
    coarse: "Bundle | None" = None
    margin_mm: float = 0.0

    @classmethod
    def load(cls, path: str | Path | None = None) -> "Bundle":
        """Open the bundle in folder `path`, or the one that ships.

        Raises UserError when a file is missing, does not match its hash, or needs a newer PartialSeg.
        """
        folder = Path(path) if path is not None else resource_path(*SHIPPED)
        listed = verify(folder)
        metadata, inference = _read_json(folder / METADATA), _read_json(folder / INFERENCE)
        if metadata.get("format_version") != FORMAT_VERSION:
            raise UserError(f"model {folder} has format {metadata.get('format_version')}: update PartialSeg to use it")
        try:
            bundle = cls._of(folder, metadata, inference, WEIGHTS)
            if "coarse" not in inference:
                return bundle
            if COARSE_WEIGHTS not in listed:
                raise UserError(f"model {folder}: {SUMS} does not list {COARSE_WEIGHTS}; install the model again")
            settings = inference["coarse"]
            coarse = cls._of(folder, {**metadata, "label_set": settings["label_set"]}, settings, COARSE_WEIGHTS)
            return replace(bundle, coarse=coarse, margin_mm=float(settings["margin_mm"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"model {folder} lacks a setting ({error}): install the model again") from error

    @classmethod
    def _of(cls, folder: Path, metadata: dict[str, Any], settings: dict[str, Any], weights: str) -> "Bundle":
        """One of the bundle's networks with its settings."""
        label_set = load_label_set(metadata["label_set"])
        if settings["network"]["n_classes"] != label_set.n_classes:
            raise UserError(f"model {folder} was made for another label set: install one for {metadata['label_set']}")
        z, y, x = settings["patch_size"]
        resample = settings.get("resample", "logits")
        if resample not in ("logits", "labels"):
            raise ValueError(f"resample {resample!r} is neither logits nor labels")
        return cls(
            path=folder,
            metadata=metadata,
            preprocessing=Preprocessing.from_json(settings["preprocessing"]),
            patch_size=(z, y, x),
            network_config=settings["network"],
            smallest_part=float(settings.get("smallest_part", 0.0)),
            resample=resample,
            one_part=_values(settings.get("largest_component", []), label_set),
            unlearnt=_unlearnt(settings.get("structures"), label_set),
            independent=bool(settings.get("independent", False)),
            weights=weights,
        )

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
            weights = load_file(self.path / self.weights)
            network.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
        except (OSError, SafetensorError, RuntimeError) as error:
            first_line = str(error).splitlines()[0]
            raise UserError(f"weights in {self.path} do not fit ({first_line}): install the model again") from error
        return network.eval()


def verify(folder: Path) -> set[str]:
    """Check every file of a bundle against SHA256SUMS and return their names.

    Raises UserError naming the first that is missing or changed.
    """
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
    return set(listed)


def write_sums(folder: Path) -> None:
    """(Re)write SHA256SUMS over all other files of a bundle."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _values(wanted: list[int] | str, label_set: LabelSet) -> tuple[int, ...]:
    """Label values of a list of them, or of "organs": all structures but lesions."""
    if wanted == "organs":
        return tuple(structure.value for structure in label_set if structure.value not in label_set.lesions)
    return tuple(label_set.by_value(int(value)).value for value in wanted)


def _unlearnt(learnt: list[int] | None, label_set: LabelSet) -> tuple[int, ...]:
    """What is left of the label set; nothing where the bundle does not say what was learnt."""
    known = {structure.value for structure in label_set} if learnt is None else set(_values(learnt, label_set))
    return tuple(structure.value for structure in label_set if structure.value not in known)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): install the model again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} does not hold a JSON object: install the model again")
    return content
