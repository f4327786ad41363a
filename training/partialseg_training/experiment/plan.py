"""What an experiment compares: every method under every kind of annotation, with equal data, network and steps."""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from partialseg_training.mistakes import first_mistake
from partialseg_training.simulation import Rule
from PartialSegLib.errors import UserError


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Contender(_Frozen):
    """One method.

    settings: of the method. stage_steps: settings that are steps of earlier trainings, as shares of the budget; steps:
    share that is left for the last training. supervisions: under which it is run; all when left out.
    """

    settings: dict[str, Any] = Field(default_factory=dict)
    stage_steps: dict[str, float] = Field(default_factory=dict)
    steps: float = Field(default=1.0, gt=0, le=1)
    supervisions: tuple[str, ...] | None = None


class Plan(_Frozen):
    """An experiment.

    train, test: cases of the dataset. structures: label values that are annotated and scored, where the dataset has
    them; all when left out. base: training settings that all runs share. scales: by name, settings that
    replace those of `base`. supervisions: by name, how much of the labels the methods see: rules that are
    dealt to the cases in turn. methods: who takes part.
    """

    name: str
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    structures: tuple[PositiveInt, ...] | None = None
    seeds: tuple[int, ...] = Field(min_length=1)
    base: dict[str, Any]
    scales: dict[str, dict[str, Any]]
    supervisions: dict[str, tuple[Rule, ...]]
    methods: dict[str, Contender]

    def settings(self, scale: str, method: str, seed: int) -> dict[str, Any]:
        """Training settings of one run, without its data; the budget is split over the method's trainings."""
        contender = self.methods[method]
        values = {**self.base, **self.scales[scale]}
        budget = values["steps"]
        stages = {key: max(1, round(share * budget)) for key, share in contender.stage_steps.items()}
        return {
            **values,
            "name": f"{self.name}-{method}",
            "method": {"name": method, **contender.settings, **stages},
            "steps": max(1, round(contender.steps * budget)),
            "seed": seed,
        }

    def rules(self, supervision: str) -> list[Rule]:
        """The rules of one kind of annotation, for the structures of this experiment alone."""
        chosen = self.structures
        return [
            rule if chosen is None else rule.model_copy(update={"structures": _both(rule.structures, chosen)})
            for rule in self.supervisions[supervision]
        ]

    def runs(self) -> list[tuple[str, str, int]]:
        """(method, supervision, seed) of every run; the first seed of all comes first."""
        return [
            (method, supervision, seed)
            for seed in self.seeds
            for supervision in self.supervisions
            for method, contender in self.methods.items()
            if contender.supervisions is None or supervision in contender.supervisions
        ]


def _both(structures: tuple[int, ...] | None, chosen: tuple[int, ...]) -> tuple[int, ...]:
    return chosen if structures is None else tuple(value for value in structures if value in chosen)


def shipped_plans() -> dict[str, Path]:
    """Experiments that come with the package, by name."""
    folder = Path(str(resources.files("partialseg_training"))) / "configs" / "experiments"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_plan(source: str | Path, scale: str) -> Plan:
    """Read a plan: a YAML file or the name of one that ships. UserError naming what is wrong."""
    shipped = shipped_plans()
    path = Path(source) if Path(source).suffix else shipped.get(str(source))
    if path is None:
        raise UserError(f"experiment {source} is unknown: choose one of {', '.join(shipped)}, or a YAML file")
    try:
        plan = Plan.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"experiment {path} cannot be read: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise UserError(f"experiment {path}: {first_mistake(error)}") from error
    if scale not in plan.scales:
        raise UserError(f"experiment {path} has no scale {scale!r}: choose one of {', '.join(plan.scales)}")
    return plan
