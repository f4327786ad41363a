"""`partialseg evaluate`: which cases it takes, what it writes, and with what it compares."""

import json

import numpy as np
import pytest

pytest.importorskip("partialseg_training.evaluate")

from types import SimpleNamespace

from PartialSegLib.bundle import METADATA, write_sums
from PartialSegLib.image import Volume, write_volume

LIVER, SPLEEN = 6, 1


@pytest.fixture
def cases(tmp_path):
    """Two annotated CTs with a liver and no spleen, one the model was trained on, one unlabelled, one begun."""
    listed = []
    for seed, name in enumerate(("seen", "new_a", "new_b", "unlabelled", "begun")):
        rng = np.random.default_rng(seed)
        labels = np.zeros((10, 12, 14), np.uint8)
        labels[2:8, 3:9, 2:9] = LIVER
        image = (100 * (labels > 0) + rng.normal(0, 5, labels.shape)).astype(np.int16)
        for kind, array in (("image", image), ("labels", labels)):
            volume = Volume(array, (4.0, 4.0, 5.0), (0.0, 0.0, 0.0), np.eye(3))
            write_volume(tmp_path / f"{name}_{kind}.nii.gz", volume)
        case = {"name": name, "dataset": "tiny", "modality": "ct", "image": f"{name}_image.nii.gz"}
        if name != "unlabelled":
            case["label"] = f"{name}_labels.nii.gz"
            case["in_part" if name == "begun" else "annotated"] = [LIVER] if name == "begun" else [SPLEEN, LIVER]
        listed.append(case)
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"cases": listed}), encoding="utf-8")
    return path


@pytest.fixture
def bundle(bundle_writer, tmp_path):
    """A bundle that says it was trained on the case named seen."""
    folder = bundle_writer(tmp_path / "model", b"")
    metadata = json.loads((folder / METADATA).read_text())
    (folder / METADATA).write_text(json.dumps({**metadata, "training": {"cases": ["seen"]}}))
    write_sums(folder)
    return folder


@pytest.fixture
def segmented(monkeypatch):
    """An engine that finds the liver but for its last slice, and a voxel of spleen; lists the modalities asked for."""
    from PartialSegLib.inference import Engine

    asked = []

    def segment(self, volume, modality=None, *_, **__):
        asked.append(modality)
        labels = np.where(volume.array > 50, LIVER, 0).astype(np.uint8)
        labels[7] = 0
        labels[0, 0, 0] = SPLEEN
        return SimpleNamespace(labels=volume.like(labels))

    monkeypatch.setattr(Engine, "__init__", lambda self, bundle, **_: setattr(self, "bundle", bundle))
    monkeypatch.setattr(Engine, "segment", segment)
    return asked


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_it_takes_the_annotated_cases_no_training_saw(cli, cases, bundle, segmented, tmp_path):
    done = cli("evaluate", cases, "-o", tmp_path / "scores", "--model", bundle)
    assert done.code == 0 and segmented == ["ct", "ct"]
    assert "Skipped 1, it has no labels: unlabelled" in done.err
    assert "Skipped 1, no structure is declared complete in it: begun" in done.err
    summary = read(tmp_path / "scores" / "summary.json")
    assert summary["overall"]["cases"] == ["new_a", "new_b"]
    # 5 of the 6 slices: 2 * 5 / (6 + 5)
    assert summary["overall"]["structures"]["liver"]["dsc"]["mean"] == pytest.approx(10 / 11, abs=1e-4)
    assert summary["overall"]["known_absent"]["spleen"]["predicted_in"] == 2
    assert "0.909 (0.000)" in done.out and "Known absent: spleen" in done.out and "report.html" in done.out
    assert {path.name for path in (tmp_path / "scores" / "worst").iterdir()} == {"new_a.png", "new_b.png"}
    assert len(read(tmp_path / "scores" / "worst.json")) == 2


def test_named_cases_are_taken_even_if_they_were_seen(cli, cases, bundle, segmented, tmp_path):
    done = cli("evaluate", cases, "-o", tmp_path / "scores", "--model", bundle, "--cases", "seen, new_a", "--json")
    assert done.code == 0 and json.loads(done.out)["overall"]["cases"] == ["new_a", "seen"]


def test_scores_that_exist_are_kept_unless_told(cli, cases, bundle, segmented, tmp_path):
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "comparison.md").write_text("of before")
    arguments = ("evaluate", cases, "-o", tmp_path / "scores", "--model", bundle, "--quiet")
    refused = cli(*arguments)
    assert refused.code == 2 and "--overwrite" in refused.err and segmented == []
    done = cli(*arguments, "--overwrite")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert not (tmp_path / "scores" / "comparison.md").exists()


def test_compared_with_scores_of_before(cli, cases, bundle, segmented, tmp_path):
    arguments = ("evaluate", cases, "--model", bundle)
    assert cli(*arguments, "-o", tmp_path / "old").code == 0
    done = cli(*arguments, "-o", tmp_path / "new", "--compare", tmp_path / "old")
    assert done.code == 0 and "DSC of tiny 0.0.1 minus DSC of old, 2 cases" in done.out
    assert read(tmp_path / "new" / "comparison.json")["metrics"]["dsc"]["structures"]["liver"]["ties"] == 2
    assert "Compared with old" in (tmp_path / "new" / "report.html").read_text(encoding="utf-8")


def test_compared_with_a_model_on_cases_that_neither_saw(cli, cases, bundle, segmented, bundle_writer, tmp_path):
    other = bundle_writer(tmp_path / "other", b"")
    metadata = json.loads((other / METADATA).read_text())
    (other / METADATA).write_text(json.dumps({**metadata, "name": "other", "training": {"cases": ["new_b"]}}))
    write_sums(other)
    done = cli("evaluate", cases, "-o", tmp_path / "scores", "--model", bundle, "--compare", other, "--json")
    assert done.code == 0 and segmented == ["ct", "ct"]
    comparison = json.loads(done.out)["comparison"]
    assert comparison["cases"] == ["new_a"] and comparison["other"] == "other 0.0.1"
    assert (tmp_path / "scores" / "compared" / "cases.csv").is_file()


def test_scores_of_a_run_go_into_its_report(cli, cases, bundle, segmented, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    config = {"name": "first", "label_set": "abdomen16", "patch_size": [8, 8, 8], "steps": 1}
    (run / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (run / "log.jsonl").touch()
    assert cli("evaluate", cases, "-o", run / "evaluation", "--model", bundle).code == 0
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "Training of first" in text and "DSC per subject, evaluated on 2" in text and "new_a" in text


@pytest.mark.parametrize(
    "options, text",
    [
        (["--cases", "nobody"], "no image named nobody"),
        (["--cases", "unlabelled"], "no case can be scored"),
        (["--compare", "nowhere"], "neither scores nor a model"),
    ],
)
def test_mistakes_are_told_in_one_line_before_anything_runs(options, text, cli, cases, bundle, segmented, tmp_path):
    done = cli("evaluate", cases, "-o", tmp_path / "scores", "--model", bundle, "--quiet", *options)
    assert done.code == 2 and text in done.err and done.err.count("\n") == 1
    assert segmented == [] and not (tmp_path / "scores").exists()
