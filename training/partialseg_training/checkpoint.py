"""Checkpoints: weights, their moving average, the optimiser's state and the step, in one safetensors file.

No pickle; written beside and renamed, so that a run killed at any moment resumes from the last whole checkpoint.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def save_checkpoint(path: Path, step: int, config_json: str, network: nn.Module, ema: nn.Module, optimiser: torch.optim.AdamW) -> None:
    """Write everything that the rest of the run depends on after `step` steps."""
    tensors = {f"network/{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"ema/{name}": tensor for name, tensor in ema.state_dict().items()}
    for name, parameter in network.named_parameters():
        for moment in _MOMENTS:
            tensors[f"{moment}/{name}"] = optimiser.state[parameter][moment]
    metadata = {"step": str(step), "config": config_json}
    with atomic_path(path) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata)


def load_checkpoint(path: Path, network: nn.Module, ema: nn.Module, optimiser: torch.optim.AdamW) -> int:
    """Restore what `save_checkpoint` wrote and return its step; raises UserError for a file that does not fit."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
            step = int(file.metadata()["step"])
        network.load_state_dict(_part(tensors, "network"))
        ema.load_state_dict(_part(tensors, "ema"))
        for name, parameter in network.named_parameters():
            optimiser.state[parameter] = {moment: tensors[f"{moment}/{name}"] for moment in _MOMENTS}
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise UserError(f"checkpoint {path} does not fit this run ({error}): use another --output folder") from error
    return step


def checkpoint_config(path: Path) -> dict:
    """The configuration that a checkpoint was trained with."""
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["config"])


def checkpoint_step(path: Path) -> int:
    """How many steps a checkpoint was trained for."""
    with safe_open(path, framework="pt") as file:
        return int(file.metadata()["step"])


def checkpoint_weights(path: Path) -> dict[str, torch.Tensor]:
    """The averaged weights of a checkpoint, as a network's state dict."""
    with safe_open(path, framework="pt") as file:
        return {name[4:]: file.get_tensor(name) for name in file.keys() if name.startswith("ema/")}  # noqa: SIM118


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}/")}
