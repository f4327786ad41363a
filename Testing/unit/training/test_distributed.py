"""Several processes that torchrun started learn what one does."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tiny_dataset import write_config

PROGRAM = [sys.executable, "-m", "PartialSegLib.cli", "train"]
STEPS = 4


def losses_of(output):
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(line["step"], pytest.approx(line["loss"], rel=1e-4)) for line in lines]


def torchrun(*options):
    return [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", *options]


@pytest.fixture
def config(tmp_path, manifest, store):
    settings = {"dataset": str(manifest), "store": str(store[0].parent), "steps": STEPS, "precision": "float32"}
    # Cases with whole, partial and no annotation on either process.
    return write_config(tmp_path / "config.yaml", **settings, batch_size=4, validation=["mr"], train=["ct_a", "ct_b"])


def run(command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def test_two_nodes_have_the_losses_of_one_process(config, tmp_path):
    run([*PROGRAM, str(config), "-o", str(tmp_path / "one"), "--quiet"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = f"127.0.0.1:{free.getsockname()[1]}"
    join = ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-endpoint", meeting]
    command = [sys.executable, "-m", "torch.distributed.run", *join, "-m", *PROGRAM[2:]]
    with ThreadPoolExecutor(2) as nodes:
        told = list(nodes.map(run, [[*command, str(config), "-o", str(tmp_path / "two")]] * 2))
    expected, found = losses_of(tmp_path / "one"), losses_of(tmp_path / "two")
    assert [step for step, _ in found] == list(range(1, STEPS + 1))
    assert [loss.expected for _, loss in found] == [loss for _, loss in expected]
    scores = [json.loads((tmp_path / name / "validation.jsonl").read_text())["structures"] for name in ("one", "two")]
    assert scores[0] == pytest.approx(scores[1], abs=2e-3) and scores[0]
    # One process speaks.
    said = "".join(node.stdout + node.stderr for node in told)
    assert said.count("Model ") == 1 and said.count(f"train {STEPS}/{STEPS}") == 1


def test_a_lost_worker_is_replaced_and_the_run_goes_on(config, tmp_path):
    """The second worker kills itself once, after the first checkpoint; torchrun starts both again."""
    output = tmp_path / "out"
    command = [*torchrun("--max-restarts", "1"), str(tmp_path / "dies_once.py"), str(config), str(output)]
    (tmp_path / "dies_once.py").write_text(DIES_ONCE, encoding="utf-8")
    run(command)
    assert (tmp_path / "died").exists()
    run([*PROGRAM, str(config), "-o", str(tmp_path / "one"), "--quiet", "--set", "checkpoint_seconds=0.000001"])
    assert [loss.expected for _, loss in losses_of(output)] == [loss for _, loss in losses_of(tmp_path / "one")]


DIES_ONCE = """
import os, signal, sys
from pathlib import Path

from partialseg_training.config import load_config
from partialseg_training.learning import Learner
from partialseg_training.trainer import train

died = Path(sys.argv[2]).with_name("died")
real_step = Learner.step


def step(self, number, *arguments):
    if number == 2 and os.environ["RANK"] == "1" and not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return real_step(self, number, *arguments)


Learner.step = step
train(load_config(sys.argv[1], {"checkpoint_seconds": "0.000001"}), Path(sys.argv[2]))
"""


def test_a_batch_that_cannot_be_split_is_refused(config, tmp_path):
    command = [*torchrun("-m"), *PROGRAM[2:], str(config), "-o", str(tmp_path / "odd"), "--set", "batch_size=3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "batch_size 3 cannot be split over 2 processes" in done.stderr
