"""What a method trains before its last network: each stage is a run of its own that resumes or is skipped."""

from collections.abc import Callable
from pathlib import Path

from partialseg_training.config import TrainConfig
from partialseg_training.distributed import Processes
from partialseg_training.run_folder import RunFolder

Progress = Callable[[str, int, int, dict[str, float]], None]
TrainStage = Callable[[TrainConfig, RunFolder, Processes, Progress], Path]


class StageRunner:
    """Implements `methods.base.Stages`."""

    def __init__(
        self, config: TrainConfig, folder: RunFolder, processes: Processes, progress: Progress, train: TrainStage
    ) -> None:
        self.config, self.output = config, folder.path
        self._folder, self._processes, self._progress, self._train = folder, processes, progress, train

    def train(self, name: str, config: TrainConfig) -> Path:
        """Train `config` in output/stages/<name>, or resume that, or skip it when finished; returns its bundle."""
        folder = self._folder.stage(name)
        config = folder.claim(config, True, self._processes)

        def tell(stage: str, done: int, total: int, values: dict[str, float]) -> None:
            self._progress(f"{name}: {stage}", done, total, values)

        return self._train(config, folder, self._processes, tell)

    def once(self, work: Callable[[], object]) -> None:
        """Let one of the processes do `work` while the others wait."""
        self._processes.once(work)

    def report(self, stage: str, done: int, total: int) -> None:
        """Show progress."""
        self._progress(stage, done, total, {})
