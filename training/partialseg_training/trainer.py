"""Train one network: reads top-down."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from partialseg_training.checkpoint import save_weights
from partialseg_training.config import TrainConfig
from partialseg_training.data.learnt import learnt_structures
from partialseg_training.data.patches import PatchDataset
from partialseg_training.data.prepare import prepare
from partialseg_training.distributed import Processes, joined, restarted
from partialseg_training.export import export_bundle
from partialseg_training.final_scores import score_validation
from partialseg_training.interruption import interruption
from partialseg_training.learning import Learner, learning_rate
from partialseg_training.processes import end_with_parent
from partialseg_training.report import write_run_report
from partialseg_training.report.tensorboard import Board
from partialseg_training.run_folder import RunFolder
from partialseg_training.stages import StageRunner
from partialseg_training.train_log import JsonLines
from partialseg_training.validation import Validation
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set

Progress = Callable[[str, int, int, dict[str, float]], None]


def train(
    config: TrainConfig,
    output: Path,
    resume: bool = False,
    device: str = "cpu",
    progress: Progress = lambda *_: None,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Run `config` in `output` and return the bundle it ends with; `RunFolder` says what else is there.

    With `resume`, continues from the checkpoint in `output`, if there is one: sample number i is the same whoever
    draws it, so the run goes on as if it had never stopped. Without, an `output` that holds a run is refused.
    Several processes that torchrun started train together.
    progress: called with (stage, done, total, values). say: called with what is odd about the dataset.
    """
    with joined(device) as processes:
        tell = progress if processes.is_first else lambda *_: None
        folder = RunFolder(output)
        config = folder.claim(config, resume or restarted(), processes)
        processes.once(lambda: _say_all(folder.check(config), say))
        stages = StageRunner(config, folder, processes, tell, train_stage)
        return train_stage(config.method.first_stages(stages), folder, processes, tell)


def _say_all(lines: list[str], say: Callable[[str], None]) -> None:
    for line in lines:
        say(line)


def train_stage(config: TrainConfig, folder: RunFolder, processes: Processes, progress: Progress) -> Path:
    """Train one network to its last step, from its last saved one; returns its bundle."""
    if folder.is_finished(config):
        return folder.bundle
    label_set = load_label_set(config.label_set)
    learner = Learner(config, label_set, processes)  # first: what does not fit is said before the cases are prepared
    folders = _prepare(config, folder, processes, progress)
    learner.learns(learnt_structures(folders[: len(config.train)]))
    step = learner.resume(folder.checkpoint)
    patches = PatchDataset(folders[: len(config.train)], config, label_set.n_classes)
    validation = Validation(learner.config, label_set, folders[len(config.train) :], processes)
    recorder = Recorder(folder, step, config, processes, progress)
    with interruption() as asked:
        for samples in _batches(patches, config, processes, first_step=step):
            names = [patches.names[i] for i in samples.pop("case")]
            losses = learner.step(step, samples, names, folder.not_finite)
            step += 1
            losses, asked.signal = _together(losses, asked.signal, processes)
            recorder.step(step, losses)
            if validation.due(step):
                recorder.validation(step, validation.scores(learner.average), learner)
            if step == config.steps or asked.signal or recorder.checkpoint_due():
                recorder.save(step, learner)
            if asked.signal:
                asked.leave(asked.signal)
    recorder.close()
    processes.once(lambda: _finish(config, folder, processes.device, progress))
    return folder.bundle


def _prepare(config: TrainConfig, folder: RunFolder, processes: Processes, progress: Progress) -> list[Path]:
    """Folders of the prepared cases, those to train on first."""
    names, store = [*config.train, *config.validation], folder.store(config)

    def tell(done: int, total: int) -> None:
        progress("prepare", done, total, {})

    processes.once(lambda: prepare(config.dataset_path, names, config.preprocessing, config.label_set, store, tell))
    return [store / name for name in names]


def _batches(patches: PatchDataset, config: TrainConfig, processes: Processes, first_step: int) -> Iterator[dict]:
    """This process's share of each batch from `first_step` on; samples are numbered, whoever draws them."""
    size, odd = divmod(config.batch_size, processes.world)
    if odd:
        raise UserError(f"batch_size {config.batch_size} cannot be split over {processes.world} processes: change one")
    first = processes.rank * size
    numbers = [step * config.batch_size + first + i for step in range(first_step, config.steps) for i in range(size)]
    return iter(
        DataLoader(
            patches,
            batch_size=size,
            sampler=numbers,
            num_workers=config.workers,
            persistent_workers=config.workers > 0,
            prefetch_factor=4 if config.workers else None,
            worker_init_fn=end_with_parent,
        )
    )


def _together(losses: dict[str, float], signal: int, processes: Processes) -> tuple[dict[str, float], int]:
    """Losses of the whole batch, and the signal that any process was sent: all stop after the same step."""
    if processes.world == 1:
        return losses, signal
    shares = torch.tensor([*losses.values()], dtype=torch.float64, device=processes.device)
    signals = torch.zeros(processes.world, dtype=torch.int64, device=processes.device)
    signals[processes.rank] = signal
    means = processes.mean(shares).tolist()
    return dict(zip(losses, means, strict=True)), int(processes.sum(signals).max())


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


def _finish(config: TrainConfig, folder: RunFolder, device: str, progress: Progress) -> None:
    weights = folder.best if folder.best.exists() else folder.checkpoint
    export_bundle(weights, folder.bundle, version=f"{date.today():%Y.%m.%d}")

    def tell(done: int, total: int) -> None:
        progress("evaluate", done, total, {})

    score_validation(folder.bundle, config, folder.evaluation, device, tell)
    write_run_report(folder.path)
