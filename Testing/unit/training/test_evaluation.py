"""Evaluation from a manifest and a model to a table."""

import csv
import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_dataset import LEFT_KIDNEY, LIVER, RIGHT_KIDNEY

from partialseg_training.data.prepare import manifest_entries
from partialseg_training.evaluate import Row, evaluate, summarise, write_report
from partialseg_training.metrics import Scores
from PartialSegLib.bundle import Bundle
from PartialSegLib.errors import UserError
from PartialSegLib.image import read_labels
from PartialSegLib.inference import Engine
from PartialSegLib.structures import load_label_set


@dataclass
class KnowingEngine:
    """Returns what was painted, with some of it forgotten."""

    manifest: object
    forgets: int
    bundle = SimpleNamespace(label_set=load_label_set("abdomen16"))

    def segment(self, volume, modality):
        self.modality = modality
        truth = read_labels(self.manifest.parent / "ct_a_labels.nii.gz")
        return SimpleNamespace(labels=truth.like(np.where(truth.array == self.forgets, 0, truth.array)))


def test_scores_of_every_structure_that_is_annotated_and_present(manifest):
    told = []
    rows = evaluate(KnowingEngine(manifest, LIVER), manifest, ["ct_a"], lambda *event: told.append(event))
    assert [(r.dataset, r.case, r.modality, r.structure) for r in rows] == [
        ("tiny", "ct_a", "ct", name) for name in ("right kidney", "left kidney", "liver")
    ]
    by_value = {row.value: row.scores for row in rows}
    assert (by_value[RIGHT_KIDNEY].dsc, by_value[LEFT_KIDNEY].nsd, by_value[LEFT_KIDNEY].hd95) == (1, 1, 0)
    assert (by_value[LIVER].dsc, by_value[LIVER].hd95) == (0, None)
    assert told == [(0, 1, "ct_a"), (1, 1, "")]


def test_structures_that_are_painted_but_not_declared_complete_are_not_scored(manifest):
    entry = {**manifest_entries(manifest)["ct_a"], "annotated": [LIVER], "modality": "mr"}
    other = manifest.parent / "partial.json"
    other.write_text(json.dumps({"cases": [entry]}), encoding="utf-8")
    engine = KnowingEngine(manifest, RIGHT_KIDNEY)
    assert [row.value for row in evaluate(engine, other, ["ct_a"])] == [LIVER]
    assert engine.modality == "mr"  # the manifest's, whatever the intensities look like


def test_with_a_real_model_from_end_to_end(manifest, tiny_bundle, tmp_path):
    engine = Engine(Bundle.load(tiny_bundle), device="cpu")
    rows = evaluate(engine, manifest, ["ct_a", "mr"])
    assert [(row.case, row.value) for row in rows] == [("ct_a", 2), ("ct_a", 3), ("ct_a", 6), ("mr", 6)]
    assert all(0 <= row.scores.dsc <= 1 and 0 <= row.scores.nsd <= 1 and row.scores.truth_ml > 0 for row in rows)
    summary = write_report(rows, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == summary
    with open(tmp_path / "cases.csv", newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [float(line["dsc"]) for line in written] == [row.scores.dsc for row in rows]
    assert list(written[0]) == [
        *("dataset", "case", "modality", "value", "structure"),
        *("dsc", "nsd", "hd95", "truth_ml", "predicted_ml"),
    ]


@pytest.mark.parametrize("name", ["nobody", "body"])
def test_names_without_an_image_are_refused_before_anything_runs(manifest, name):
    with pytest.raises(UserError, match=f"no image named {name}"):
        evaluate(None, manifest, ["ct_a", name])


def test_a_summary_is_the_mean_over_structures_of_the_mean_over_cases():
    rows = [
        row("a", 6, dsc=0.9, nsd=0.8, hd95=2.0),
        row("b", 6, dsc=0.7, nsd=0.6, hd95=4.0),
        row("c", 6, dsc=0.8, nsd=0.7, hd95=6.0),
        row("a", 4, dsc=0.5, nsd=0.25, hd95=None),
        row("d", 6, dsc=0.1, nsd=0.2, hd95=1.0, dataset="other"),
    ]
    summary = summarise(rows)
    assert list(summary) == ["other", "tiny"]
    tiny = summary["tiny"]
    assert tiny["cases"] == ["a", "b", "c"]
    assert tiny["structures"]["6"] == {
        "n": 3,
        "missed": 0,
        "dsc": {"mean": 0.8, "sd": 0.1},
        "nsd": {"mean": 0.7, "sd": 0.1},
        "hd95_mm": {"mean": 4.0, "sd": 2.0},
    }
    only = {"mean": 0.5, "sd": None}
    assert tiny["structures"]["4"] == {
        "n": 1, "missed": 1, "dsc": only, "nsd": {"mean": 0.25, "sd": None}, "hd95_mm": None,
    }  # fmt: skip
    assert tiny["mean_over_structures"] == {"dsc": 0.65, "nsd": 0.475}


def test_a_report_without_rows(tmp_path):
    assert write_report([], tmp_path) == {}
    assert (tmp_path / "cases.csv").is_file()


def row(case, value, dsc, nsd, hd95, dataset="tiny"):
    return Row(dataset, case, "ct", value, str(value), Scores(dsc, nsd, hd95, 10.0, 9.0))
