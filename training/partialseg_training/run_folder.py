"""The folder a run lives in."""

import hashlib
import json
from pathlib import Path

from partialseg_training.checkpoint import checkpoint_step
from partialseg_training.checks import check_dataset
from partialseg_training.config import TrainConfig
from partialseg_training.data.phantoms import phantom_dataset
from partialseg_training.distributed import Processes
from partialseg_training.report.run import EVALUATION
from PartialSegLib.bundle import SUMS
from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.structures import load_label_set

# What may be changed when a run is resumed: nothing that decides what its steps are.
_FREE = {"steps", "checkpoint_seconds", "workers", "validate_every", "notes", "terms", "store"}


class RunFolder:
    """Paths of a run.

    config.json          what defines the run
    checks.json          what was found in the dataset before training, and what supervises which structure
    stages/              what the method trained before, each a folder like this one
    store/               prepared cases, shared with the stages
    log.jsonl            one line a step; validation.jsonl: one line a validation; tensorboard/
    checkpoint.safetensors, best.safetensors
    not_finite.safetensors  the batch that ended a run
    report.html, bundle/ what comes out; evaluation/: its scores on the validation cases
    """

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self.path = path
        self.root = root or path
        self.config, self.checks = path / "config.json", path / "checks.json"
        self.log, self.validation = path / "log.jsonl", path / "validation.jsonl"
        self.checkpoint, self.best = path / "checkpoint.safetensors", path / "best.safetensors"
        self.not_finite, self.board = path / "not_finite.safetensors", path / "tensorboard"
        self.report, self.bundle, self.evaluation = path / "report.html", path / "bundle", path / EVALUATION

    def stage(self, name: str) -> "RunFolder":
        """Folder of what is trained before."""
        return RunFolder(self.path / "stages" / name, self.root)

    def store(self, config: TrainConfig) -> Path:
        """Where the cases of `config` are prepared: one folder for each dataset and preprocessing."""
        if config.store is not None:
            return config.store
        told = f"{config.dataset} {config.preprocessing}"
        return self.root / "store" / hashlib.sha256(told.encode()).hexdigest()[:8]

    def is_finished(self, config: TrainConfig) -> bool:
        """Whether the last step was made and everything that comes out of it is there."""
        whole = self.checkpoint.exists() and (self.bundle / SUMS).exists() and self.report.exists()
        return whole and checkpoint_step(self.checkpoint) == config.steps

    def claim(self, config: TrainConfig, resume: bool, processes: Processes) -> TrainConfig:
        """Make this the folder of `config`; returns it with the dataset and the cases it trains on filled in.

        Raises UserError where another run lives here, or the dataset cannot be trained on.
        """
        if (self.checkpoint.exists() or self.bundle.exists()) and not resume:
            raise UserError(f"{self.path} holds a training run: pass --resume to continue it, or choose another folder")
        if config.dataset is None:
            phantoms = self.root / "phantoms"
            processes.once(lambda: phantom_dataset(phantoms, config.phantoms, load_label_set(config.label_set)))
            config = config.model_copy(update={"dataset": phantoms, "phantoms": 0})
        if not config.train:
            names = config.training_names(load_dataset(config.dataset_path).entries)
            config = config.model_copy(update={"train": names})
        processes.once(lambda: self._write(config))
        return config

    def _write(self, config: TrainConfig) -> None:
        settings = config.model_dump_json(indent=1)
        if self.checkpoint.exists() and self.config.exists():
            before, now = json.loads(self.config.read_text(encoding="utf-8")), json.loads(settings)
            other = [key for key in now if key not in _FREE and before.get(key) != now[key]]
            if other:
                raise UserError(
                    f"{self.path} holds a run with another {other[0]}: resume with the settings it began with, "
                    "or choose another folder"
                )
        for stale in self.path.glob(".partial-*"):
            stale.unlink()  # what a run was writing when it was killed
        with atomic_path(self.config) as temporary:
            temporary.write_text(settings, encoding="utf-8")

    def check(self, config: TrainConfig) -> list[str]:
        """Check the dataset and record what was found; returns warnings, raises UserError for what forbids training."""
        sides = config.train, config.validation, config.held_out
        report = check_dataset(load_dataset(config.dataset_path), *sides, load_label_set(config.label_set))
        if report.errors:
            raise UserError(report.errors[0])
        with atomic_path(self.checks) as temporary:
            temporary.write_text(json.dumps(report.to_json(), indent=1), encoding="utf-8")
        return list(report.warnings)
