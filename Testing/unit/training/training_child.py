"""What the child processes of test_resume.py run."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Client, Connection
from pathlib import Path

import torch

from partialseg_training.config import load_config
from partialseg_training.processes import end_with_parent
from partialseg_training.trainer import train


def run(config: Path, output: Path, seconds_per_step: float) -> None:
    """Train or go on training, with some time between the steps in which to be killed."""
    torch.set_num_threads(1)
    train(load_config(config), output, resume=True, progress=lambda *_: time.sleep(seconds_per_step))


def prepare_for_ever(address: str) -> None:
    """Keep a pool of one worker, which holds a connection to `address` open for as long as it lives."""
    with ProcessPoolExecutor(1, initializer=end_with_parent) as pool:
        pool.submit(_connect, address).result()
        time.sleep(3600)


_connections: list[Connection] = []


def _connect(address: str) -> None:
    _connections.append(Client(address))
