"""Train one network: reads top-down."""

import copy
import json
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from partialseg_training.checkpoint import load_checkpoint, load_weights, save_checkpoint
from partialseg_training.config import TrainConfig
from partialseg_training.curve import draw_loss_curve
from partialseg_training.data.patches import PatchDataset
from partialseg_training.data.prepare import prepare
from partialseg_training.export import export_bundle
from partialseg_training.losses.supervision import Supervision
from partialseg_training.processes import end_with_parent
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.networks import build_network
from PartialSegLib.structures import load_label_set

Progress = Callable[[str, int, int, dict[str, float]], None]


def train(
    config: TrainConfig,
    output: Path,
    resume: bool = False,
    device: str = "cpu",
    progress: Progress = lambda *_: None,
) -> Path:
    """Run `config` in `output` (store/, log.jsonl, checkpoint.safetensors, loss.png, bundle/); returns the bundle.

    With `resume`, continues from the checkpoint in `output`, if there is one: sample number i is the same whoever
    draws it, so the run goes on as if it had never stopped. Without, an `output` that holds a checkpoint is refused.
    progress: called with (stage, done, total, losses).
    """
    checkpoint = _claim(output, config, resume)
    folders = prepare(config, output / "store", lambda done, total: progress("prepare", done, total, {}))
    n_classes = load_label_set(config.label_set).n_classes
    network, ema, optimiser = _new_run(config, n_classes, device)
    step = load_checkpoint(checkpoint, network, ema, optimiser) if checkpoint.exists() else 0

    log = TrainLog(output / "log.jsonl", step)
    saved = time.monotonic()
    for batch in _batches(PatchDataset(folders, config, n_classes), config, first_step=step):
        losses = _train_step(network, optimiser, batch, step, config, device)
        _update_average(ema, network, min(config.ema_decay, (1 + step) / (10 + step)))
        step += 1
        log.write(step, losses)
        progress("train", step, config.steps, losses)
        if step == config.steps or time.monotonic() - saved > config.checkpoint_seconds:
            save_checkpoint(checkpoint, step, config.model_dump_json(), network, ema, optimiser)
            draw_loss_curve(log.path, output / "loss.png")
            saved = time.monotonic()
    export_bundle(checkpoint, output / "bundle", version=f"{date.today():%Y.%m.%d}")
    return output / "bundle"


def _claim(output: Path, config: TrainConfig, resume: bool) -> Path:
    """Make `output` the run's folder and return where its checkpoint goes; UserError where it holds another run."""
    checkpoint, record = output / "checkpoint.safetensors", output / "config.json"
    if checkpoint.exists() and not resume:
        raise UserError(f"{output} holds a training run: pass --resume to continue it, or choose another folder")
    settings = config.model_dump_json(indent=1)
    if record.exists():
        before, now = (json.loads(text)["preprocessing"] for text in (record.read_text(encoding="utf-8"), settings))
        if before != now:
            raise UserError(f"the cases in {output} were prepared with other preprocessing: choose another folder")
    for stale in output.glob(".partial-*"):
        stale.unlink()  # what a run was writing when it was killed
    with atomic_path(record) as temporary:
        temporary.write_text(settings, encoding="utf-8")
    return checkpoint


def _new_run(config: TrainConfig, n_classes: int, device: str) -> tuple[nn.Module, nn.Module, torch.optim.AdamW]:
    """Network, its moving average and optimiser before the first step; UserError where the patch does not fit."""
    torch.manual_seed(config.seed)
    network = build_network({**config.network, "n_classes": n_classes}).to(device)
    divisor = getattr(network, "divisor", 1)
    if any(n % divisor for n in config.patch_size) or max(config.patch_size) <= divisor:
        advice = f"use multiples of {divisor}, the largest of them at least {2 * divisor}"
        raise UserError(f"patch_size {config.patch_size} does not fit the network: {advice}")
    if config.start_from is not None:
        load_weights(network, config.start_from)
    optimiser = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    return network, copy.deepcopy(network).requires_grad_(False), optimiser


def _train_step(
    network: nn.Module,
    optimiser: torch.optim.AdamW,
    batch: dict[str, Tensor],
    step: int,
    config: TrainConfig,
    device: str,
) -> dict[str, float]:
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, config)
    supervision = Supervision(batch["candidates"], batch["annotated"]).to(device)
    with torch.autocast(torch.device(device).type, torch.bfloat16):
        logits = network(batch["image"].to(device))
    losses = config.loss(logits, supervision)
    optimiser.zero_grad()
    losses["loss"].backward()
    norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip_gradient)
    if not bool(torch.isfinite(norm)):
        raise UserError(f"the loss is not finite at step {step}: lower learning_rate and resume")
    optimiser.step()
    return {name: float(value.detach()) for name, value in losses.items()}


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then (1 - step / steps)^0.9."""
    warm = min(1.0, (step + 1) / max(config.warm_up, 1))
    return config.learning_rate * warm * (1 - step / config.steps) ** 0.9


def _update_average(ema: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for average, parameter in zip(ema.parameters(), network.parameters(), strict=True):
            average.lerp_(parameter, 1 - decay)


def _batches(dataset: PatchDataset, config: TrainConfig, first_step: int) -> DataLoader:
    """Batches from `first_step` on; the order is the sample number, whatever the number of workers."""
    numbers = range(first_step * config.batch_size, len(dataset))
    return DataLoader(
        dataset,
        batch_size=config.batch_size,
        sampler=numbers,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
        prefetch_factor=4 if config.workers else None,
        worker_init_fn=end_with_parent,
    )


class TrainLog:
    """One JSON line a step: {"step", "time", "loss", ...}; lines after `step` (of a killed run) are dropped first."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        path.touch()
        # Cut, not written anew: a run that is killed right here must not lose its curve.
        os.truncate(path, _length_until(path, step))

    def write(self, step: int, losses: dict[str, float]) -> None:
        """Append at once, so that others can watch and a kill loses nothing."""
        with open(self.path, "a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps({"step": step, "time": round(time.time(), 3), **losses}) + "\n")


def _length_until(path: Path, step: int) -> int:
    """Bytes of the whole lines up to and with `step`."""
    length = 0
    with open(path, "rb") as file:
        for line in file:
            if not line.endswith(b"\n") or _step_of(line) > step:
                break
            length += len(line)
    return length


def _step_of(line: bytes) -> float:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return float("inf")
