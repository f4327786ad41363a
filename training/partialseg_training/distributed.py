"""One process or many: `torchrun` starts them (gloo on CPUs, NCCL on GPUs), this module lets them act as one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

# Preparing cases on the first process may take this long while the others wait.
_PATIENCE = timedelta(hours=12)


@dataclass(frozen=True)
class Processes:
    """This process among `world` equal ones; `rank` 0 writes files and speaks. device: a torch device's name."""

    rank: int
    world: int
    device: str

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def once(self, work: Callable[[], object]) -> None:
        """Let the first process do `work` while the others wait."""
        if self.is_first:
            work()
        self.wait()

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.world > 1:
            distributed.barrier()

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the processes of `values` (any shape, equal everywhere)."""
        return self.sum(values) / self.world

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the processes of `values` (any shape, equal everywhere)."""
        if self.world > 1:
            distributed.all_reduce(values)
        return values

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are averaged over the processes."""
        if self.world == 1:
            return network
        devices = [torch.device(self.device)] if self.device.startswith("cuda") else None
        return nn.parallel.DistributedDataParallel(network, device_ids=devices)


def restarted() -> bool:
    """Whether torchrun has started this process again because a worker was lost."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def _store(rank: int, world: int) -> distributed.Store:
    """Where the processes find each other.

    torchrun keeps its store when it starts lost workers again; without a name for each attempt they would look for the
    addresses of the processes that are gone.
    """
    hosted = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = distributed.TCPStore(address, port, world, is_master=rank == 0 and not hosted, timeout=_PATIENCE)
    return distributed.PrefixStore(f"attempt {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started; alone without torchrun. Each process has a GPU of its own."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Processes(0, 1, device)
        return
    gpu = device.startswith("cuda")
    if gpu:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    rank = int(os.environ["RANK"])
    store = _store(rank, world)
    backend = "nccl" if gpu else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=_PATIENCE)
    try:
        yield Processes(rank, world, device)
    finally:
        distributed.destroy_process_group()
