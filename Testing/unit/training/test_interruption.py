"""A run that is asked to end saves first."""

import json
import signal
import subprocess
import sys
import time

import pytest
from tiny_dataset import write_config

from partialseg_training.checkpoint import checkpoint_step
from partialseg_training.interruption import interruption


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can catch")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_ends_the_run(tmp_path, manifest, store, number, code):
    settings = {"dataset": str(manifest), "store": str(store[0].parent), "steps": 100000}
    config, output = write_config(tmp_path / "config.yaml", **settings), tmp_path / "out"
    # Started from a shell that ignores Ctrl-C, a child would ignore it too.
    program = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "from PartialSegLib.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "train", str(config), "-o", str(output), "--quiet"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    log = output / "log.jsonl"
    while process.poll() is None and not (log.exists() and log.stat().st_size):
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    steps = [json.loads(line)["step"] for line in log.read_text(encoding="utf-8").splitlines()]
    # Every step that was made is in the checkpoint.
    assert checkpoint_step(output / "checkpoint.safetensors") == steps[-1]
    assert "Traceback" not in said


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with interruption() as asked:
        signal.raise_signal(signal.SIGTERM)
        assert asked.signal == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
