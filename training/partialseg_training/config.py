"""What defines a training run: one YAML file, checked when it is read, saved beside the weights."""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator, model_validator

from partialseg_training.data.augment import AugmentConfig
from partialseg_training.data.sampler import SamplingConfig
from partialseg_training.methods import DEFAULT, AnyMethod
from partialseg_training.mistakes import first_mistake
from PartialSegLib.errors import UserError
from PartialSegLib.preprocessing import Preprocessing


class TrainConfig(BaseModel):
    """A run. Sizes are (z, y, x) in voxels, spacing is (x, y, z) in mm.

    dataset: JSON list of cases, or folder of cases (see README, "Training data").
    phantoms: learn from this many generated torsos instead of a dataset, to try things out.
    store: folder that `partialseg prepare` made of the dataset; cases are prepared in the run's folder when left out.
    train: names of the cases and label maps to learn from, labelled or not; all but the held out ones when left out.
    structures: label values that the model gives; all that the training cases say something of when left out.
    validation: cases to follow the training with, every `validate_every` steps; the best weights are kept.
    held_out: cases that the model is tested on. No case of one list may be in another.
    method: name of a training method, or its name and settings.
    network: name and options of a network.
    start_from: checkpoint of another run whose last weights this one starts with; at random when left out.
    notes: what else a reader of the model card must know about the run.
    terms: where the data come from and under which terms the weights may be used; goes into the model card.
    smallest_part: after inference, parts of a structure below this fraction of its largest part are removed.
    batch_size: over all processes together.
    learning_rate: of AdamW after `warm_up` steps; decays as (1 - step / steps)^0.9.
    precision: of the forward pass; float16 scales the loss.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    label_set: str = "abdomen16"
    dataset: Path | None = None
    phantoms: int = Field(default=0, ge=0)
    store: Path | None = None
    train: tuple[str, ...] = ()
    structures: tuple[PositiveInt, ...] | None = None
    validation: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    method: AnyMethod = DEFAULT  # type: ignore[assignment]
    start_from: Path | None = None
    notes: str = ""
    terms: str = ""
    preprocessing: Preprocessing = Preprocessing()
    network: dict[str, Any]
    patch_size: tuple[PositiveInt, PositiveInt, PositiveInt]
    batch_size: int = Field(default=2, ge=1)
    steps: int = Field(ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    warm_up: int = Field(default=100, ge=0)
    weight_decay: float = Field(default=1e-5, ge=0)
    clip_gradient: float = Field(default=12.0, gt=0)
    ema_decay: float = Field(default=0.999, ge=0, lt=1)
    precision: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    augment: AugmentConfig = AugmentConfig()
    sampling: SamplingConfig = SamplingConfig()
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=0)
    smallest_part: float = Field(default=0.0, ge=0, le=1)
    validate_every: int = Field(default=500, ge=1)
    checkpoint_seconds: float = Field(default=180.0, gt=0)

    @property
    def dataset_path(self) -> Path:
        """`dataset`; a run that has begun has one, of phantoms too."""
        if self.dataset is None:
            raise UserError("no dataset was chosen: set `dataset` to a manifest or a folder of cases")
        return self.dataset

    def training_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """`train`, or where it is left out all of a dataset's `names` that are on no other side."""
        apart = {*self.validation, *self.held_out}
        return self.train or tuple(name for name in names if name not in apart)

    @field_validator("train", "validation", "held_out")
    @classmethod
    def _each_case_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is named twice: use sampling.weights to show a case more often")
        return names

    @model_validator(mode="after")
    def _sides_are_apart(self) -> "TrainConfig":
        sides = {"train": self.train, "validation": self.validation, "held_out": self.held_out}
        for a, b in (("train", "held_out"), ("train", "validation"), ("validation", "held_out")):
            both = sorted(set(sides[a]) & set(sides[b]))
            if both:
                raise ValueError(f"{both[0]} is in {a} and in {b}: a case can only be on one side")
        if (self.dataset is None) == (self.phantoms == 0):
            raise ValueError("give either dataset or phantoms: a run learns from one of them")
        return self


def load_config(source: str | Path, overrides: dict[str, str] | None = None) -> TrainConfig:
    """Read a YAML configuration: a file, or the name of one that ships; `overrides` are "a.b" -> YAML text (--set).

    A relative path in the file is relative to the file, one in `overrides` to the working folder.
    Raises UserError naming the key that is wrong.
    """
    path = _path_of(source)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        replacements = {key: yaml.safe_load(text) for key, text in (overrides or {}).items()}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"configuration {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UserError(f"configuration {path} holds no settings: it must be a YAML mapping")
    for folder, settings in ((path.parent, values), (Path.cwd(), replacements)):
        for key in ("dataset", "store", "start_from"):
            if isinstance(settings.get(key), str):
                settings[key] = str((folder / settings[key]).resolve())
    for key, value in replacements.items():
        _set(values, key, value)
    return validated(values, f"configuration {path}")


def validated(values: dict[str, Any], where: str) -> TrainConfig:
    """A TrainConfig of plain values; UserError that begins with `where` and names the key that is wrong."""
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{where}: {first_mistake(error)}") from error


def shipped_configs() -> dict[str, Path]:
    """Configurations that come with the package, by name."""
    folder = Path(str(resources.files("partialseg_training"))) / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _path_of(source: str | Path) -> Path:
    path = Path(source)
    shipped = shipped_configs()
    if path.exists() or path.suffix or len(path.parts) > 1:
        return path
    if path.name not in shipped:
        raise UserError(f"{source} is neither a file nor a shipped configuration: choose one of {', '.join(shipped)}")
    return shipped[path.name]


def _set(values: dict, key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        if values.get(parent) is None:
            values[parent] = {}
        if isinstance(values[parent], str) and parent in ("method", "network"):
            values[parent] = {"name": values[parent]}
        values = values[parent]
        if not isinstance(values, dict):
            raise UserError(f"setting {key} cannot be replaced: {parent} holds no further settings")
    values[last] = value
