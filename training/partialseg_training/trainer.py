"""Train one network: reads top-down."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from partialseg_training.config import TrainConfig
from partialseg_training.data.learnt import learnt_structures
from partialseg_training.data.patches import PatchDataset
from partialseg_training.data.prepare import prepare
from partialseg_training.distributed import Processes, joined, restarted
from partialseg_training.export import export_bundle
from partialseg_training.final_scores import score_validation
from partialseg_training.interruption import interruption
from partialseg_training.learning import Learner
from partialseg_training.processes import end_with_parent
from partialseg_training.recorder import Recorder
from partialseg_training.report import write_run_report
from partialseg_training.run_folder import RunFolder
from partialseg_training.stages import Progress, StageRunner
from partialseg_training.validation import Validation
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set


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


def _finish(config: TrainConfig, folder: RunFolder, device: str, progress: Progress) -> None:
    weights = folder.best if folder.best.exists() else folder.checkpoint
    export_bundle(weights, folder.bundle, version=f"{date.today():%Y.%m.%d}")

    def tell(done: int, total: int) -> None:
        progress("evaluate", done, total, {})

    score_validation(folder.bundle, config, folder.evaluation, device, tell)
    write_run_report(folder.path)
