"""The benchmark runs, on tiny inputs, and what it compares our loss with is the same loss."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from Testing.benchmarks.children import FailedError, run_isolated
from Testing.benchmarks.losses.names import AXIAL, KINDS, NAIVE, OURS, PARTIAL, PLAIN, SCRIBBLES, THREE_AXES
from Testing.benchmarks.results import Check, ratio

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def quick_look(tmp_path_factory):
    """Folder with the results of a quick look."""
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "Testing.benchmarks", "--quick", "--only", "infer,loss,step,loader,export"]
    # One thread: on a busy machine two threads would wait for each other most of the time.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--output", str(folder)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (folder / "results.json").exists(), done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def parts(quick_look):
    """Its parts by name."""
    return json.loads((quick_look / "results.json").read_text())["parts"]


def test_everything_that_is_installed_is_measured(parts):
    reasons = [why for part in parts.values() for why in part["failures"].values()]
    assert [why for why in reasons if not why.endswith("is not installed")] == []
    expected = 1 + 3 * (find_spec("openvino") is not None) + (find_spec("monai") is not None)
    assert len(parts["infer"]["measurements"]) >= expected
    assert len(parts["loss"]["measurements"]) == 3 * len(KINDS)
    assert len(parts["step"]["measurements"]) == 2 + len(KINDS)
    assert len(parts["loader"]["measurements"]) == 4


def test_contenders_run_the_same_windows(parts):
    windows = {m["name"]: m["facts"]["windows"] for m in parts["infer"]["measurements"]}
    assert len({count for name, count in windows.items() if "every window" in name or "PartialSeg" not in name}) == 1
    if find_spec("openvino"):
        assert windows["PartialSeg"] < windows["PartialSeg, every window, torch"]


def test_stages_add_up_to_the_whole(parts):
    for measurement in parts["infer"]["measurements"]:
        assert list(measurement["stages"]) == ["load", "preprocess", "network", "export", "save"]
        assert sum(stage[0] for stage in measurement["stages"].values()) <= measurement["seconds"][0]


@pytest.mark.skipif(find_spec("nnunetv2") is None, reason="nnU-Net is not installed")
def test_labels_are_those_of_nnunet(parts):
    agreement = {check["what"]: check["median"] for check in parts["infer"]["checks"]}
    what = "labels of nnU-Net, given PartialSeg's preprocessed array = PartialSeg's network"
    assert agreement[what] > 0.995


def test_the_loop_over_slices_is_our_loss(parts):
    values = {m["name"]: m["facts"]["value"] for m in parts["loss"]["measurements"]}
    for kind in (PARTIAL, AXIAL, SCRIBBLES):
        assert values[f"{kind}: {NAIVE}"] == pytest.approx(values[f"{kind}: {OURS}"], rel=1e-5)
    # Where slices cross, the loop counts a voxel once per axis.
    assert values[f"{THREE_AXES}: {NAIVE}"] == pytest.approx(values[f"{THREE_AXES}: {OURS}"], rel=0.02)
    assert values[f"{PARTIAL}: {PLAIN}"] != pytest.approx(values[f"{PARTIAL}: {OURS}"], rel=0.02)


def test_loaders_read_the_same_labels(parts):
    agreement = {check["what"]: check["median"] for check in parts["loader"]["checks"]}
    assert agreement["labels of files = store, same place"] > 0.99


def test_results_name_the_machine_and_are_drawn(quick_look):
    page = (quick_look / "results.md").read_text()
    assert "processor: " in page
    assert "packages: partialseg " in page
    assert (quick_look / "results.png").exists() == (find_spec("matplotlib") is not None)


def test_a_job_of_its_own_process_returns_values_and_peak(tmp_path):
    for name, array in {"a": np.zeros(4), "b": np.arange(4)}.items():
        np.save(tmp_path / f"{name}.npy", array)
    outcome = run_isolated("compare", reference=str(tmp_path / "a.npy"), others={"b": str(tmp_path / "b.npy")})
    assert outcome.values == {"b": {"all": 0.25, "labelled": 0.0}}
    assert outcome.peak_bytes > 10 << 20
    assert outcome.wall > 0


def test_a_failed_job_says_why(tmp_path):
    with pytest.raises(FailedError, match=r"No such file.*missing\.npy"):
        run_isolated("compare", reference=str(tmp_path / "missing.npy"), others={})


def test_ratios_are_paired_by_round():
    (check,) = ratio("slow / fast", [8.0, 90.0, 12.0], [2.0, 30.0, 2.0], target=3.5)
    assert check.values == [4.0, 3.0, 6.0]
    assert (check.median, check.met) == (4.0, True)
    assert not Check("seconds", [2.0], "s", target=1.0, at_least=False).met
    assert Check("seconds", [2.0], "s").met is None
    assert ratio("nobody", [], [1.0]) == []
