"""What learns in a run: the trainee, its moving average and the optimiser; one call is one step."""

import copy
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor, nn

from partialseg_training.checkpoint import load_checkpoint, load_weights, save_batch, save_checkpoint
from partialseg_training.config import TrainConfig
from partialseg_training.distributed import Processes
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods import Batch
from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet


class Learner:
    """Trainee, moving average, optimiser and loss scale of `config.method`.

    Raises UserError where the network cannot be built, the patch does not fit it, or `start_from` is of another one.
    """

    def __init__(self, config: TrainConfig, label_set: LabelSet, processes: Processes) -> None:
        self.config, self.processes = config, processes
        torch.manual_seed(config.seed)
        self.trainee = config.method.build(config.network, label_set).to(processes.device)
        self.trainee.require_window(config.patch_size)  # type: ignore[operator]
        self.precision = usable_precision(config, self.trainee, processes.device)
        if config.start_from is not None:
            load_weights(self.trainee, config.start_from)
        self.average = copy.deepcopy(self.trainee).requires_grad_(False).eval()
        self.optimiser = torch.optim.AdamW(
            self.trainee.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.scaler = torch.amp.GradScaler(torch.device(processes.device).type, enabled=config.precision == "float16")
        self._wrapped = processes.wrap(self.trainee)

    def learns(self, structures: tuple[int, ...]) -> None:
        """Settle what there is to learn, unless the configuration says it."""
        if self.config.structures is None:
            self.config = self.config.model_copy(update={"structures": structures})

    def step(self, step: int, samples: dict[str, Tensor], names: list[str], rescue: Path) -> dict[str, float]:
        """Learn from one batch and return its losses, this process's share of them.

        names: of the cases in the batch. A loss or gradient that is not finite saves the batch to `rescue` and raises
        UserError; the weights are then still those of the step before.
        """
        config = self.config
        # Dropout and the like depend on the step alone: a resumed run goes on as if it had never stopped.
        torch.manual_seed((config.seed << 32) + step * self.processes.world + self.processes.rank)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(step, config)
        losses = config.method.losses(self._forward, _batch(samples, config, self.processes.device), step)
        finite = bool(torch.isfinite(losses["loss"]))
        if finite:
            self.optimiser.zero_grad()
            self.scaler.scale(losses["loss"]).backward()
            self.scaler.unscale_(self.optimiser)
            norm = nn.utils.clip_grad_norm_(self.trainee.parameters(), config.clip_gradient)
            # With a scaled loss, gradients that overflow are part of finding the scale: that step is skipped.
            finite = bool(torch.isfinite(norm)) or self.scaler.is_enabled()
        if not finite:
            save_batch(rescue, samples, names)
            cases = ", ".join(dict.fromkeys(names))
            advice = f"check these cases, or lower learning_rate and resume; the batch is in {rescue}"
            raise UserError(f"the loss is not finite at step {step}, with {cases}: {advice}")
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self._update_average(min(config.ema_decay, (1 + step) / (10 + step)))
        return {name: float(value.detach()) for name, value in losses.items()}

    def save(self, path: Path, step: int) -> None:
        """Write a checkpoint after `step` steps."""
        save_checkpoint(
            path, step, self.config.model_dump_json(), self.trainee, self.average, self.optimiser, self.scaler
        )

    def resume(self, path: Path) -> int:
        """The step that the checkpoint at `path` was saved after, restored; 0 where there is none."""
        if not path.exists():
            return 0
        return load_checkpoint(path, self.trainee, self.average, self.optimiser, self.scaler)

    def _forward(self, *inputs: Tensor) -> Tensor:
        with autocast(self.precision, self.processes.device):
            return self._wrapped(*inputs)

    def _update_average(self, decay: float) -> None:
        with torch.no_grad():
            for average, parameter in zip(self.average.parameters(), self.trainee.parameters(), strict=True):
                average.lerp_(parameter, 1 - decay)
            for kept, buffer in zip(self.average.buffers(), self.trainee.buffers(), strict=True):
                kept.copy_(buffer)


def autocast(precision: str, device: str) -> AbstractContextManager:
    """Arithmetic of a forward pass in `precision` ("float32" changes nothing)."""
    dtype = getattr(torch, precision)
    return torch.autocast(torch.device(device).type, dtype, enabled=dtype != torch.float32)


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then (1 - step / steps)^0.9."""
    warm = min(1.0, (step + 1) / max(config.warm_up, 1))
    return config.learning_rate * warm * (1 - step / config.steps) ** 0.9


def _batch(samples: dict[str, Tensor], config: TrainConfig, device: str) -> Batch:
    slices = {axis: samples[axis] if bool(samples[axis].any()) else None for axis in "zyx"}
    supervision = Supervision(samples["candidates"], samples["annotated"], **slices)
    return Batch(samples["image"].to(device), supervision.to(device), config.structures)


def usable_precision(config: TrainConfig, trainee: nn.Module, device: str) -> str:
    """`config.precision`, or float32 where the CPU's bfloat16 arithmetic is wrong.

    In torch 2.13 the weight gradient of a padded convolution in bfloat16 is wrong on a CPU where the input has more
    than one, but fewer slices than the kernel; it shows in the levels of a network in which few slices are left.
    """
    if device != "cpu" or config.precision != "bfloat16":
        return config.precision
    kernel = max((layer.kernel_size[0] for layer in trainee.modules() if isinstance(layer, nn.Conv3d)), default=1)
    slices = config.patch_size[0]
    while slices > 1:
        if slices < kernel:
            return "float32"
        slices //= 2
    return config.precision
