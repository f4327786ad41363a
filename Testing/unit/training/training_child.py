"""What the child processes of test_resume.py run."""

import time
from pathlib import Path

import torch

from partialseg_training.config import load_config
from partialseg_training.trainer import train


def run(config: Path, output: Path, seconds_per_step: float) -> None:
    """Train or go on training, with some time between the steps in which to be killed."""
    torch.set_num_threads(1)
    train(load_config(config), output, resume=True, progress=lambda *_: time.sleep(seconds_per_step))
