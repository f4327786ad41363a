"""A run that is killed at any moment and resumed is the run that was never disturbed."""

import json
import multiprocessing
import multiprocessing.connection
import random
import shutil
import signal
import time

import pytest
from safetensors.torch import load_file
from tiny_dataset import write_config
from training_child import prepare_for_ever, run

STEPS = 40
KILLS = 10
pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="this system has no SIGKILL"
)


@pytest.fixture(scope="module")
def start():
    """Start processes that run a function; forked from one that has loaded torch, so that each starts at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["training_child", "torch._dynamo", "matplotlib.figure"])
    started = []

    def start(function, *arguments):
        process = context.Process(target=function, args=arguments)
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join()


@pytest.fixture(scope="module")
def undisturbed(start, manifest, tmp_path_factory):
    """Folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    process = start(run, _config(folder, manifest, workers=0), folder / "out", 0)
    process.join()
    assert process.exitcode == 0
    return folder / "out"


@pytest.mark.parametrize("workers", [0, 1])
def test_killed_and_resumed(start, undisturbed, manifest, tmp_path, workers):
    config, output, chance = _config(tmp_path, manifest, workers), tmp_path / "out", random.Random(workers)
    exits = []
    # Once while the cases are prepared or the first batch is made, then at random steps further on.
    for target in (0, *sorted(chance.sample(range(1, STEPS - 4), KILLS - 1))):
        process = start(run, config, output, 0.02)
        _wait_for_step(target, output / "log.jsonl", process)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.join()
        exits.append(process.exitcode)
    assert exits.count(-signal.SIGKILL) >= KILLS // 2
    process = start(run, config, output, 0)
    process.join()
    assert process.exitcode == 0
    assert _curve(output) == _curve(undisturbed)
    mine, theirs = (load_file(folder / "checkpoint.safetensors") for folder in (output, undisturbed))
    assert mine.keys() == theirs.keys()
    assert all(mine[name].equal(theirs[name]) for name in mine)


def test_a_run_without_its_log_still_goes_on(start, undisturbed, manifest, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "out")
    (tmp_path / "out" / "log.jsonl").unlink()
    process = start(run, _config(tmp_path, manifest, workers=0, steps=STEPS + 2), tmp_path / "out", 0)
    process.join()
    assert process.exitcode == 0
    assert [json.loads(line)["step"] for line in (tmp_path / "out" / "log.jsonl").open()] == [STEPS + 1, STEPS + 2]


def test_nothing_is_left_running_when_a_run_is_killed_while_it_prepares(start):
    with multiprocessing.connection.Listener() as listener:
        process = start(prepare_for_ever, listener.address)
        worker = listener.accept()
        process.kill()
        assert worker.poll(300)
        with pytest.raises(EOFError):
            worker.recv()


def _config(folder, manifest, workers, steps=STEPS):
    settings = {"dataset": str(manifest), "steps": steps, "workers": workers, "checkpoint_seconds": 0.15}
    return write_config(folder / "config.yaml", **settings)


def _wait_for_step(step, log, process):
    while process.is_alive():
        if step == 0 or (log.exists() and len(log.read_bytes().splitlines()) >= step):
            return
        time.sleep(0.005)


def _curve(output):
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key not in ("time", "samples_per_s")} for line in lines]
