"""Checkpoints: weights, their moving average, the optimiser's state and the step, in one safetensors file.

No pickle; written beside and renamed, so that a run killed at any moment resumes from the last whole checkpoint.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def save_checkpoint(
    path: Path,
    step: int,
    config_json: str,
    network: nn.Module,
    ema: nn.Module,
    optimiser: torch.optim.AdamW,
    scaler: torch.amp.GradScaler,
) -> None:
    """Write everything that the rest of the run depends on after `step` steps.

    Learning rate, random numbers and the order of the samples follow from the configuration and the step.
    """
    tensors = {f"network/{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"ema/{name}": tensor for name, tensor in ema.state_dict().items()}
    for name, parameter in network.named_parameters():
        for moment in _MOMENTS:
            tensors[f"{moment}/{name}"] = optimiser.state[parameter][moment]
    _save(path, tensors, {"step": str(step), "config": config_json, "scaler": json.dumps(scaler.state_dict())})


def save_weights(path: Path, step: int, config_json: str, ema: nn.Module) -> None:
    """Write averaged weights alone, for `checkpoint_weights`."""
    tensors = {f"ema/{name}": tensor for name, tensor in ema.state_dict().items()}
    _save(path, tensors, {"step": str(step), "config": config_json})


def save_batch(path: Path, samples: dict[str, torch.Tensor], names: list[str]) -> None:
    """Write a batch and the names of its cases, so that what broke a run can be looked at."""
    _save(path, samples, {"cases": json.dumps(names)})


def _save(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    with atomic_path(path) as temporary:
        try:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata)
        except SafetensorError as error:
            raise UserError(f"cannot write {path} ({error}): check the free space and the folder") from error


def load_checkpoint(
    path: Path, network: nn.Module, ema: nn.Module, optimiser: torch.optim.AdamW, scaler: torch.amp.GradScaler
) -> int:
    """Restore what `save_checkpoint` wrote and return its step; raises UserError for a file that does not fit."""
    with _opened(path) as file:
        step = int(file.metadata()["step"])
        scaler.load_state_dict(json.loads(file.metadata()["scaler"]))
        network.load_state_dict(_part(file, "network"))
        ema.load_state_dict(_part(file, "ema"))
        moments = {moment: _part(file, moment) for moment in _MOMENTS}
        for name, parameter in network.named_parameters():
            # The optimiser keeps its step counts on the CPU, whatever the device.
            optimiser.state[parameter] = {
                moment: tensors[name] if moment == "step" else tensors[name].to(parameter.device)
                for moment, tensors in moments.items()
            }
    return step


def checkpoint_config(path: Path) -> dict:
    """The configuration that a checkpoint was trained with; raises UserError as the functions below do."""
    with _opened(path) as file:
        return json.loads(file.metadata()["config"])


def checkpoint_step(path: Path) -> int:
    """How many steps a checkpoint was trained for."""
    with _opened(path) as file:
        return int(file.metadata()["step"])


def checkpoint_weights(path: Path, averaged: bool = True) -> dict[str, torch.Tensor]:
    """The weights of a checkpoint as a network's state dict: their moving average, or those of its last step."""
    with _opened(path) as file:
        return _part(file, "ema" if averaged else "network")


def load_weights(network: nn.Module, path: Path) -> None:
    """Give `network` the last step's weights of another run's checkpoint; UserError where they do not fit."""
    try:
        network.load_state_dict(checkpoint_weights(path, averaged=False))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"checkpoint {path} is of another network ({reason}): correct start_from") from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"checkpoint {path} is damaged or of another run ({reason}): use another folder") from error


def _part(file: Any, prefix: str) -> dict[str, torch.Tensor]:
    names = (name for name in file.keys() if name.startswith(f"{prefix}/"))  # noqa: SIM118  (not a dict)
    return {name.removeprefix(f"{prefix}/"): file.get_tensor(name) for name in names}
