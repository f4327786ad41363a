"""Run an experiment: every training is a process of its own, and one that is finished is not done again."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import yaml

from partialseg_training.data.prepare import prepare
from partialseg_training.experiment.data import annotate, annotated_voxels, choose_cases, resampled
from partialseg_training.experiment.plan import Plan
from partialseg_training.experiment.results import ResultRow, write_results
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.inference.hardware import usable_cpus
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.structures import load_label_set

Progress = Callable[[str, int, int], None]


def run_experiment(
    plan: Plan, scale: str, dataset: Path | None, output: Path, jobs: int = 1, progress: Progress = lambda *_: None
) -> list[ResultRow]:
    """Train and test what `plan` lists, `jobs` at a time; returns all rows and writes results.md, .csv and .png.

    Everything is resumable: what `output` holds already is not done again. progress: (what, done, total).
    Raises UserError for the first run that fails, when the others at work are done.
    """
    dataset, train, test = choose_cases(plan, dataset, output)
    preprocessing = Preprocessing(**{**plan.base, **plan.scales[scale]}["preprocessing"])
    progress("resample", 0, len(plan.supervisions))
    source = resampled(dataset, train, preprocessing, output / "cases")
    amounts = {}
    for done, name in enumerate(plan.supervisions):
        progress(f"annotate: {name}", done, len(plan.supervisions))
        cases = annotate(source, train, plan.rules(name), output / "annotations" / name)
        folders = prepare(cases, list(train), preprocessing, "abdomen16", output / "stores" / name)
        amounts[name] = annotated_voxels(folders)

    names = load_label_set("abdomen16")
    scored = plan.structures and {names.by_value(value).name for value in plan.structures}

    def run(method: str, supervision: str, seed: int) -> ResultRow:
        folder = output / "runs" / f"{method}-{supervision}-{seed}"
        settings = {
            **plan.settings(scale, method, seed),
            "dataset": str(output / "annotations" / supervision),
            "store": str(output / "stores" / supervision),
            "train": list(train),
        }
        scores = _train_and_test(settings, dataset, test, folder, max(1, usable_cpus() // jobs))
        dsc = {name: mean for name, mean in scores["dsc"].items() if scored is None or name in scored}
        mean, voxels = sum(dsc.values()) / max(len(dsc), 1), round(amounts[supervision])
        return ResultRow(method, supervision, seed, dsc, mean, voxels, scores["seconds"])

    rows = _all(run, plan.runs(), jobs, progress)
    write_results(rows, plan, scale, (train, test), output)
    return rows


def _all(
    run: Callable[[str, str, int], ResultRow], todo: list[tuple[str, str, int]], jobs: int, progress: Progress
) -> list[ResultRow]:
    """Results of `run` over `todo`, in that order; after a failure nothing new is begun."""
    results: list[ResultRow | None] = [None] * len(todo)
    with ThreadPoolExecutor(jobs) as pool:
        waiting = list(enumerate(todo))
        running: dict[Future, int] = {}
        while waiting or running:
            while waiting and len(running) < jobs:
                place, what = waiting.pop(0)
                running[pool.submit(run, *what)] = place
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                place = running.pop(future)
                if future.exception() is not None:
                    waiting = []
                    failed = future
                else:
                    results[place] = future.result()
                    progress("-".join(map(str, todo[place])), len(todo) - len(waiting) - len(running), len(todo))
        if any(row is None for row in results):
            failed.result()
    return [row for row in results if row is not None]


def _train_and_test(settings: dict, dataset: Path, test: tuple[str, ...], folder: Path, threads: int) -> dict:
    """Scores of one run: {"dsc": mean of each structure, "seconds": of training}."""
    record = folder / "result.json"
    if record.exists():
        return json.loads(record.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    with atomic_path(config) as path:
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    start = time.monotonic()
    _command(folder, threads, "train", config, "-o", folder / "run", "--resume", "--quiet")
    seconds = time.monotonic() - start
    options = ("--cases", ",".join(test), "--model", folder / "run" / "bundle", "--overwrite", "--quiet")
    _command(folder, threads, "evaluate", dataset, "-o", folder / "scores", *options)
    scores = _mean_scores(folder / "scores", seconds)
    with atomic_path(record) as path:
        path.write_text(json.dumps(scores), encoding="utf-8")
    return scores


def _mean_scores(scores: Path, seconds: float) -> dict:
    group = json.loads((scores / "summary.json").read_text(encoding="utf-8"))["overall"]
    dsc = {name: record["dsc"]["mean"] for name, record in group["structures"].items()}
    return {"dsc": dsc, "seconds": round(seconds, 1)}


def _command(folder: Path, threads: int, *arguments: str | Path) -> None:
    """Run one `partialseg` command with `threads` threads; UserError with its last line where it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with open(folder / "output.txt", "a", encoding="utf-8") as log:
        command = [sys.executable, "-m", "PartialSegLib.cli", *map(str, arguments)]
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False).returncode
    if code:
        lines = (folder / "output.txt").read_text(encoding="utf-8").splitlines() or ["it said nothing"]
        raise UserError(f"{folder.name} failed: {lines[-1].removeprefix('partialseg: ')}")
