"""Both methods that train in stages, end to end on a few thousand voxels: through the trainer to a model that runs."""

import json

import numpy as np
import pytest
from tiny_dataset import LIVER, SHAPE, SPACING, blobs

from partialseg_training.trainer import train
from PartialSegLib.bundle import Bundle
from PartialSegLib.dataset import CaseEntry, load_dataset, read_annotation, write_case
from PartialSegLib.image import Volume, read_volume
from PartialSegLib.inference import Engine

LESION = 17
QUICK = {"steps": 3, "warm_up": 0, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """seen: liver and lesions are complete; organs: the liver is; bare: nothing is. A bright lesion in each liver."""
    folder = tmp_path_factory.mktemp("cases")
    for seed, (name, annotated) in enumerate([("seen", (LIVER, LESION)), ("organs", (LIVER,)), ("bare", ())]):
        rng = np.random.default_rng(seed)
        labels = np.where(blobs(rng) == LIVER, LIVER, 0).astype(np.uint8)
        labels[12:16, 8:12, 7:11] = LESION
        intensity = np.select([labels == LIVER, labels == LESION], [110, 350], 0) + rng.normal(0, 5, SHAPE)
        intensity[:, :2] = -1000
        image = Volume(intensity.astype(np.int16), SPACING, (0.0, 0.0, 0.0), np.eye(3))
        painted = np.where(np.isin(labels, annotated), labels, 0).astype(np.uint8)
        entry = {"name": name, "dataset": "toy", "modality": "ct", "image": "i", "label": "l" if annotated else None}
        written = image.like(painted) if annotated else None
        write_case(folder, CaseEntry(annotated=annotated, **entry), image, written)
    return folder


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """No compiling of networks that run three times, no reports of runs of three steps."""
    monkeypatch.setattr("PartialSegLib.inference.backends.available_devices", lambda: ["cpu"])
    monkeypatch.setattr("partialseg_training.trainer.write_run_report", lambda *_: None, raising=False)


@pytest.fixture
def configure(make_config, cases):
    """A quick run on these cases."""
    common = {"dataset": str(cases), "train": ["seen", "organs", "bare"], "label_set": "abdomen16_lesion", **QUICK}
    return lambda **settings: make_config(**{**common, **settings})


def segmented(bundle, cases):
    volume = read_volume(load_dataset(cases).cases["seen"].image)
    result = Engine(Bundle.load(bundle), "cpu").segment(volume, "ct")
    assert result.labels.same_grid(volume)
    return result


def lines(output):
    return (output / "log.jsonl").read_text(encoding="utf-8").splitlines()


def test_selected_partial(configure, cases, tmp_path):
    output = tmp_path / "run"
    config = configure(method={"name": "selected_partial", "agreement": 0.0})
    bundle = train(config, output)
    assert sorted(path.name for path in (output / "stages").iterdir()) == ["pseudo_labels", "teacher_1", "teacher_2"]
    decided = json.loads((output / "stages" / "pseudo_labels" / "pseudo.json").read_text(encoding="utf-8"))
    assert decided["settings"]["agreement"] == 0 and LESION not in decided["settings"]["structures"]
    for line in map(json.loads, lines(output)):
        assert np.isclose(line["loss"], line["bce"] + line["dice"])
    assert Bundle.load(bundle).resample == "labels"
    assert segmented(bundle, cases).windows > 0


def test_progressive_in_stages_with_a_coarse_network(configure, cases, tmp_path):
    output = tmp_path / "run"
    method = {"name": "progressive", "coarse_spacing": [8, 8, 10], "stage_steps": 2}
    bundle = train(configure(method=method), output)
    stages = output / "stages"
    trained = {"coarse", "organs_1", "organs_2", "lesions_1"}
    assert {path.parent.name for path in stages.glob("*/bundle")} == trained
    for name in ("coarse", "organs_1", "organs_2"):
        assert Bundle.load(stages / name / "bundle").label_set.name == "abdomen16"

    filled = load_dataset(stages / "organs_2_labels" / "dataset.json").cases
    assert set(filled) == {"seen"}, "cases in which nobody looked for lesions are left out"
    labels, _ = read_annotation(filled["seen"], Bundle.load(bundle).label_set)
    painted, _ = read_annotation(load_dataset(cases).cases["seen"], Bundle.load(bundle).label_set)
    said = painted.array > 0
    np.testing.assert_array_equal(labels.array[said], painted.array[said])

    loaded = Bundle.load(bundle)
    assert loaded.coarse.preprocessing.spacing == (8.0, 8.0, 10.0) and loaded.margin_mm == 20
    assert loaded.coarse.label_set.name == "abdomen16"
    assert segmented(bundle, cases).timings["coarse"] > 0

    kept = [*stages.rglob("checkpoint.safetensors"), *stages.rglob("pseudo.json")]
    times = {path: path.stat().st_mtime_ns for path in kept}
    before = lines(output)
    train(configure(method=method, steps=4), output, resume=True)
    assert lines(output)[:3] == before and len(lines(output)) == 4
    assert {path: path.stat().st_mtime_ns for path in kept} == times and len(kept) == 7
