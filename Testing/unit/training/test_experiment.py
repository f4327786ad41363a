"""All methods side by side: plans, their data, and a whole experiment in small."""

import csv
import json
from collections import Counter

import numpy as np
import pytest
import yaml

from partialseg_training.data.phantoms import phantom_dataset
from partialseg_training.experiment import load_plan, run_experiment, shipped_plans
from partialseg_training.experiment.data import annotate, resampled
from partialseg_training.methods import METHODS
from partialseg_training.simulation import Rule
from PartialSegLib.dataset import load_dataset, read_case
from PartialSegLib.errors import UserError
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.structures import load_label_set


@pytest.fixture
def plan_file(tmp_path):
    """A plan of two runs: one method under two kinds of annotation."""
    values = yaml.safe_load(shipped_plans()["seeds"].read_text(encoding="utf-8"))
    values |= {"seeds": [0], "methods": {"self_disambiguation": {}}}
    values["supervisions"] = {name: values["supervisions"][name] for name in ("full", "scribble")}
    values["scales"]["tiny"]["steps"] = 2
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_the_shipped_plan_runs_every_method_with_equal_budgets():
    plan = load_plan("seeds", "small")
    assert set(plan.methods) == set(METHODS)
    assert len(set(plan.seeds)) >= 2
    assert not set(plan.train) & set(plan.test)
    counts = Counter(method for method, _, _ in plan.runs())
    kinds, seeds = len(plan.supervisions), len(plan.seeds)
    assert counts == {name: seeds if name == "supervised" else kinds * seeds for name in METHODS}
    budget = plan.base["steps"]
    for name, contender in plan.methods.items():
        settings = plan.settings("small", name, 0)
        times = 2 if name == "selected_partial" else 1  # two teachers
        steps = settings["steps"] + sum(times * settings["method"][key] for key in contender.stage_steps)
        assert steps == budget, name
        assert settings["network"] == plan.base["network"]
        METHODS[name](**settings["method"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stepz": 3}, "stepz: Extra inputs"),
        ({"seeds": []}, "seeds"),
        ({"supervisions": {"full": [{"slicez": 1}]}}, "slicez"),
    ],
)
def test_plans_that_are_wrong(plan_file, change, said):
    plan_file.write_text(yaml.safe_dump({**yaml.safe_load(plan_file.read_text()), **change}), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        load_plan(plan_file, "tiny")


def test_unknown_plans_and_scales(plan_file, tmp_path):
    with pytest.raises(UserError, match="choose one of seeds"):
        load_plan("sides", "tiny")
    with pytest.raises(UserError, match="no scale 'huge': choose one of full, small, tiny"):
        load_plan(plan_file, "huge")
    with pytest.raises(UserError, match="cannot be read"):
        load_plan(tmp_path / "none.yaml", "tiny")


def test_a_fifth_of_the_slices_is_a_fifth_at_the_resolution_of_training(tmp_path):
    phantom_dataset(tmp_path / "source", 3, load_label_set("abdomen16"), partly=False)
    preprocessing = Preprocessing(spacing=(12.0, 12.0, 20.0))
    names = ["phantom_0", "phantom_1", "phantom_2"]
    coarse = resampled(tmp_path / "source", names, preprocessing, tmp_path / "coarse")
    axes = ("axial", "coronal", "sagittal")
    rules = [Rule.model_validate({"slices": {"fraction": 0.2, "axes": [axis]}}) for axis in axes]
    cases = load_dataset(annotate(coarse, names, rules, tmp_path / "annotated")).cases
    for name, table in zip(names, "zyx", strict=True):
        image, _, record = read_case(cases[name])
        assert preprocessing.grid_shape(image.array.shape, image.spacing) == image.array.shape
        complete = (getattr(record, table) == 2).any(axis=1)
        assert np.isclose(complete.mean(), 0.2, atol=0.5 / len(complete))


def test_a_whole_experiment_that_is_stopped_and_goes_on(plan_file, tmp_path):
    plan, output, told = load_plan(plan_file, "tiny"), tmp_path / "out", []
    rows = run_experiment(plan, "tiny", None, output, progress=lambda *event: told.append(event))
    assert [(row.method, row.supervision) for row in rows] == [
        *(("self_disambiguation", "full"), ("self_disambiguation", "scribble")),
    ]
    assert rows[0].annotated_voxels > 50 * rows[1].annotated_voxels > 0
    assert all(0 <= row.mean_dsc <= 1 and len(row.dsc) == len(plan.structures) for row in rows)
    assert told[-1][1:] == (2, 2)
    table = (output / "results.md").read_text(encoding="utf-8")
    assert "| self_disambiguation |" in table and "phantom_0, phantom_1" in table and "Chen et al." in table
    lines = list(csv.DictReader((output / "results.csv").open(encoding="utf-8")))
    assert [float(line["mean_dsc"]) for line in lines] == [pytest.approx(row.mean_dsc, abs=1e-4) for row in rows]
    assert (output / "results.png").read_bytes().startswith(b"\x89PNG")
    # What is done is not done again; what is missing is.
    kept = output / "runs" / "self_disambiguation-full-0" / "result.json"
    kept.write_text(json.dumps({"dsc": {"liver": 0.5, "duodenum": 0.1}, "seconds": 1}), encoding="utf-8")
    (output / "runs" / "self_disambiguation-scribble-0" / "result.json").unlink()
    again = run_experiment(plan, "tiny", None, output)
    assert again[0].mean_dsc == 0.5 and again[1].mean_dsc == rows[1].mean_dsc


def test_a_run_that_fails_is_named(plan_file, tmp_path):
    values = yaml.safe_load(plan_file.read_text(encoding="utf-8"))
    values["scales"]["tiny"]["patch_size"] = [15, 15, 15]
    plan_file.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(UserError, match=r"self_disambiguation-full-0 failed: windows of 15 x 15 x 15"):
        run_experiment(load_plan(plan_file, "tiny"), "tiny", None, tmp_path / "out")


def test_cases_that_are_not_there(plan_file, manifest, tmp_path):
    with pytest.raises(UserError, match="has no case sabs_00: name the cases with --train and --test"):
        run_experiment(load_plan(plan_file, "tiny"), "tiny", manifest, tmp_path / "out")
