"""What a run leaves behind while it goes on."""

import time

from partialseg_training.checkpoint import save_weights
from partialseg_training.config import TrainConfig
from partialseg_training.distributed import Processes
from partialseg_training.learning import Learner, learning_rate
from partialseg_training.report.tensorboard import Board
from partialseg_training.run_folder import RunFolder
from partialseg_training.stages import Progress
from partialseg_training.train_log import JsonLines


class Recorder:
    """Writes what happens, in the first process: logs, checkpoints, the best weights."""

    def __init__(
        self, folder: RunFolder, step: int, config: TrainConfig, processes: Processes, progress: Progress
    ) -> None:
        self._folder, self._config, self._processes, self._progress = folder, config, processes, progress
        self._saved = self._stepped = time.monotonic()
        if processes.is_first:
            self._log = JsonLines(folder.log, step)
            self._validation = JsonLines(folder.validation, step)
            self._board = Board(folder.board, step)

    def step(self, step: int, losses: dict[str, float]) -> None:
        """After every step; losses of the whole batch."""
        now = time.monotonic()
        rate = self._config.batch_size / max(now - self._stepped, 1e-9)
        self._stepped = now
        if self._processes.is_first:
            values = {**losses, "learning_rate": learning_rate(step - 1, self._config)}
            self._log.write(step, time=round(time.time(), 3), samples_per_s=round(rate, 3), **values)
            self._board.scalars(step, values)
            self._progress("train", step, self._config.steps, {**losses, "samples_per_s": rate})

    def validation(self, step: int, scores: dict[str, float], learner: Learner) -> None:
        """After a validation: keep the weights if they are the best so far."""
        if not self._processes.is_first:
            return
        mean = round(sum(scores.values()) / max(len(scores), 1), 4)
        best = all(mean > event["mean_dsc"] for event in self._validation.read())
        if best:
            save_weights(self._folder.best, step, learner.config.model_dump_json(), learner.average)
        self._validation.write(step, time=round(time.time(), 3), mean_dsc=mean, structures=scores, best=best)
        self._board.scalars(step, {"mean_dsc": mean, **{f"dsc/{name}": dsc for name, dsc in scores.items()}})

    def close(self) -> None:
        """Write what is still held back."""
        if self._processes.is_first:
            self._board.close()

    def checkpoint_due(self) -> bool:
        """Whether it is time to save; the clock of the first process counts, which is the one that saves."""
        return time.monotonic() - self._saved > self._config.checkpoint_seconds

    def save(self, step: int, learner: Learner) -> None:
        """Write the checkpoint."""
        if self._processes.is_first:
            learner.save(self._folder.checkpoint, step)
        self._saved = time.monotonic()
