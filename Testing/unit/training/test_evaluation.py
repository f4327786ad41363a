"""Evaluation from a data set and a model to rows."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_dataset import LEFT_KIDNEY, LIVER, RIGHT_KIDNEY

from partialseg_training.evaluate import evaluate, why_not
from partialseg_training.scores.files import SCORE_FILES, write_scores
from partialseg_training.scores.rows import read_rows
from PartialSegLib.bundle import Bundle
from PartialSegLib.dataset import CaseEntry, load_dataset, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_labels, to_lps
from PartialSegLib.inference import Engine
from PartialSegLib.structures import load_label_set


@dataclass
class KnowingEngine:
    """Returns what was painted, with some of it forgotten."""

    truth: object
    forgets: int = 0
    bundle = SimpleNamespace(label_set=load_label_set("abdomen16"), unlearnt=())

    def segment(self, volume, modality):
        self.modality = modality
        truth = read_labels(self.truth)
        return SimpleNamespace(labels=truth.like(np.where(truth.array == self.forgets, 0, truth.array)))


@pytest.fixture
def engine(manifest):
    return KnowingEngine(manifest.parent / "ct_a_labels.nii.gz")


def rewritten(manifest, **changes):
    """The data set with only ct_a in it, declared otherwise."""
    entry = next(e for e in json.loads(manifest.read_text(encoding="utf-8"))["cases"] if e["name"] == "ct_a")
    other = manifest.parent / "other.json"
    other.write_text(json.dumps({"cases": [{**entry, **changes}]}), encoding="utf-8")
    return other


def test_scores_of_every_structure_that_is_annotated_and_present(manifest, engine):
    engine.forgets = LIVER
    told, watched = [], []
    rows = evaluate(engine, manifest, ["ct_a"], lambda *event: told.append(event), watched.append)
    assert [(r.dataset, r.case, r.modality, r.structure) for r in rows] == [
        ("tiny", "ct_a", "ct", name) for name in ("right kidney", "left kidney", "liver")
    ]
    by_value = {row.value: row.scores for row in rows}
    assert (by_value[RIGHT_KIDNEY].dsc, by_value[LEFT_KIDNEY].nsd, by_value[LEFT_KIDNEY].hd95) == (1, 1, 0)
    assert (by_value[LIVER].dsc, by_value[LIVER].hd95) == (0, None)
    assert told == [(0, 1, "ct_a"), (1, 1, "")]
    assert [outcome.entry.name for outcome in watched] == ["ct_a"] and watched[0].rows == rows


def test_structures_that_are_painted_but_not_declared_complete_are_not_scored(manifest, engine):
    engine.forgets = RIGHT_KIDNEY
    other = rewritten(manifest, annotated=[LIVER], modality="mr")
    assert [row.value for row in evaluate(engine, other, ["ct_a"])] == [LIVER]
    assert engine.modality == "mr"  # the data set's, whatever the intensities look like


def test_sparse_cases_are_scored_in_their_slices(manifest, engine):
    truth = read_labels(engine.truth)
    inside = int((truth.array == LIVER).any(axis=(1, 2)).argmax())
    other = rewritten(manifest, annotated=[], slices={"k": {str(inside): [LIVER, 1]}})
    liver, spleen = sorted(evaluate(engine, other, ["ct_a"]), key=lambda row: -row.value)
    assert (liver.scores.dsc, liver.scores.nsd, liver.scores.scope) == (1, None, "part")
    painted = np.count_nonzero(truth.array[inside] == LIVER)
    assert liver.scores.truth_ml == pytest.approx(painted * truth.voxel_volume_ml)
    assert spleen.scores.dsc is None and spleen.scores.predicted_ml == 0


def test_a_label_file_with_its_own_axes(manifest, engine, tmp_path):
    """The label file runs from head to foot and its first array axis is the patient's left-right axis."""
    entry = load_dataset(manifest).cases["ct_a"]
    truth = read_labels(entry.label)
    array, view = to_lps(truth)
    turned = np.ascontiguousarray(array[::-1].transpose(2, 0, 1))
    x, y, z = view.spacing
    corner = truth.world((0, 0, truth.array.shape[0] - 1))
    # Index axes (i, j, k) of the turned array: posterior, inferior, left.
    direction = np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float)
    labels = Volume(turned, (y, z, x), tuple(corner), direction)
    slices = {"k": {"0-27": (LIVER,)}}
    values = {"annotated": (), "in_part": (), "slices": slices}
    write_case(tmp_path / "cases", entry.model_copy(update=values), entry.image, labels)
    engine.forgets = RIGHT_KIDNEY
    (row,) = evaluate(engine, tmp_path / "cases", ["ct_a"])
    assert (row.structure, row.scores.dsc, row.scores.scope) == ("liver", 1, "part")


def test_with_a_real_model_from_end_to_end(manifest, tiny_bundle, tmp_path):
    rows = evaluate(Engine(Bundle.load(tiny_bundle), device="cpu"), manifest, ["ct_a", "mr"])
    assert [(row.case, row.value) for row in rows] == [("ct_a", 2), ("ct_a", 3), ("ct_a", 6), ("mr", 6)]
    assert all(0 <= row.scores.dsc <= 1 and 0 <= row.scores.nsd <= 1 and row.scores.truth_ml > 0 for row in rows)
    summary = write_scores(rows, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == summary
    assert read_rows(tmp_path / "cases.csv") == rows
    assert all((tmp_path / name).stat().st_size for name in SCORE_FILES)


@pytest.mark.parametrize("name", ["nobody", "body"])
def test_names_without_an_image_are_refused_before_anything_runs(manifest, name):
    with pytest.raises(UserError, match=f"no image named {name}"):
        evaluate(None, manifest, ["ct_a", name])


@pytest.mark.parametrize(
    "values, reason",
    [
        ({"label": None, "annotated": (), "in_part": ()}, "no labels"),
        ({"annotated": (), "in_part": (6,)}, "no structure is declared complete"),
        ({"annotated": (), "slices": {"k": {"3": ()}}}, "no structure is declared complete"),
        ({"annotated": (6,)}, None),
        ({"annotated": (), "slices": {"j": {"3": (6,)}}}, None),
    ],
)
def test_what_cannot_be_scored_is_said(values, reason):
    case = {"name": "a", "dataset": "d", "modality": "ct", "image": "a.nii.gz", "label": "b.nii.gz"}
    found = why_not(CaseEntry(**{**case, **values}))
    assert reason in found if reason else found is None


def test_a_case_that_cannot_be_scored_is_refused_before_anything_runs(manifest):
    other = rewritten(manifest, annotated=[], in_part=[LIVER])
    with pytest.raises(UserError, match="ct_a cannot be scored"):
        evaluate(None, other, ["ct_a"])
