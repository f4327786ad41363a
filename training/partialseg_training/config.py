"""What defines a training run: one YAML file, checked when it is read, saved beside the weights."""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator, model_validator

from partialseg_training.data.augment import AugmentConfig
from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
from PartialSegLib.errors import UserError
from PartialSegLib.preprocessing import Preprocessing

_Branch = Annotated[str, Field(pattern="^(class|modality|dataset):.")]
_Weight = Annotated[float, Field(ge=0)]


class TrainConfig(BaseModel):
    """A run. Sizes are (z, y, x) in voxels, spacing is (x, y, z) in mm.

    manifest: JSON list of cases (see README, "Training data").
    train: names of the cases and label maps to learn from; no other case is ever opened.
    held_out: names of the cases that the model is tested on; refused if one of them is also in `train`.
    start_from: checkpoint of another run whose last weights this one starts with; at random when left out.
    notes: what else a reader of the model card must know about the run.
    terms: where the data come from and under which terms the weights may be used; goes into the model card.
    sampling_weights: tempering of the class -> modality -> dataset -> image tree, e.g. {"modality:ct": 2}; the weight
        of a class, modality or dataset that is not named is 1.
    smallest_part: after inference, parts of a structure below this fraction of its largest part are removed.
    learning_rate: of AdamW after `warm_up` steps; decays as (1 - step / steps)^0.9.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    label_set: str = "abdomen16"
    manifest: Path
    train: tuple[str, ...] = Field(min_length=1)
    held_out: tuple[str, ...] = ()
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
    loss: SelfDisambiguationLoss = SelfDisambiguationLoss()
    augment: AugmentConfig = AugmentConfig()
    sampling_weights: dict[_Branch, _Weight] = Field(default_factory=dict)
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=0)
    smallest_part: float = Field(default=0.0, ge=0, le=1)
    checkpoint_seconds: float = Field(default=180.0, gt=0)

    @field_validator("train")
    @classmethod
    def _each_case_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is named twice: use sampling_weights to show a case more often")
        return names

    @model_validator(mode="after")
    def _held_out_cases_stay_out(self) -> "TrainConfig":
        both = sorted(set(self.train) & set(self.held_out))
        if both:
            raise ValueError(f"{both[0]} is in train and in held_out: a case can only be on one side")
        return self


def load_config(path: str | Path, overrides: dict[str, str] | None = None) -> TrainConfig:
    """Read a YAML configuration; `overrides` are "a.b" -> YAML text, as given by --set.

    A relative `manifest` is relative to the configuration file. Raises UserError naming the key that is wrong.
    """
    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        replacements = {key: yaml.safe_load(text) for key, text in (overrides or {}).items()}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"configuration {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UserError(f"configuration {path} holds no settings: it must be a YAML mapping")
    for key, value in replacements.items():
        _set(values, key, value)
    try:
        config = TrainConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(f"configuration {path}: {f'{where}: ' if where else ''}{reason}") from error
    return config.model_copy(update={"manifest": (path.parent / config.manifest).resolve()})


def _set(values: dict, key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        if values.get(parent) is None:
            values[parent] = {}
        values = values[parent]
        if not isinstance(values, dict):
            raise UserError(f"setting {key} cannot be replaced: {parent} holds no further settings")
    values[last] = value
