"""Seconds of whole training steps (network forward, loss, backward, optimiser), alternating in one process."""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from partialseg_training.methods.base import Batch, Method
from partialseg_training.methods.scribble import Scribble
from partialseg_training.methods.self_disambiguation import SelfDisambiguation
from PartialSegLib.networks import build_network
from Testing.benchmarks.losses.cases import N_CLASSES, make_case
from Testing.benchmarks.losses.names import KINDS, PARTIAL, PLAIN, SCRIBBLE_METHOD, SCRIBBLES

Loss = Callable[[Tensor], Tensor]


def run(contenders: list[str], channels: list[int], blocks: list[int], size: int, rounds: int) -> dict:
    """{"seconds": {contender: [...]}, "processor": the same in processor time}: one network, a patch of `size`^3."""
    torch.manual_seed(0)
    network = build_network({"name": "unet", "n_classes": N_CLASSES, "channels": channels, "blocks": blocks})
    optimiser = torch.optim.AdamW(network.parameters(), 1e-4)
    image = torch.rand(1, 1, size, size, size)
    losses = {name: _loss(name, image, size) for name in contenders}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    processor: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, loss in losses.items():
            start, worked = time.perf_counter(), time.process_time()
            _step(network, optimiser, image, loss)
            if number:  # the first round sets up what is set up once
                seconds[name].append(time.perf_counter() - start)
                processor[name].append(time.process_time() - worked)
    return {"seconds": seconds, "processor": processor}


def _step(network: nn.Module, optimiser: torch.optim.Optimizer, image: Tensor, loss: Loss) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(image)
    value = loss(logits)
    optimiser.zero_grad()
    value.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 12.0)
    optimiser.step()


def _loss(contender: str, image: Tensor, size: int) -> Loss:
    if contender == PLAIN:
        from monai.losses import DiceCELoss

        plain, labels = DiceCELoss(softmax=True, to_onehot_y=True), make_case(PARTIAL, size).labels[:, None]
        return lambda logits: plain(logits.float(), labels)
    method: Method = Scribble() if contender == SCRIBBLE_METHOD else SelfDisambiguation()
    supervision = make_case(contender if contender in KINDS else SCRIBBLES, size).supervision
    return lambda logits: method.losses(lambda _: logits, Batch(image, supervision), 0)["loss"]
