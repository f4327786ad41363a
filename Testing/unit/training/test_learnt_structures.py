"""What there is to learn, and that a model gives no more than that."""

import json

import pytest

from partialseg_training.data.learnt import learnt_structures
from partialseg_training.data.prepare import prepare
from partialseg_training.simulation import Rule, simulate_dataset
from partialseg_training.trainer import train
from PartialSegLib.bundle import Bundle
from PartialSegLib.dataset import load_dataset
from PartialSegLib.preprocessing import Preprocessing

KIDNEYS_AND_LIVER = (2, 3, 6)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, KIDNEYS_AND_LIVER),
        ({"structures": [6]}, (6,)),
        ({"slices": {"fraction": 0.2}}, KIDNEYS_AND_LIVER),
        ({"scribbles": {"fraction": 0.5, "background": False}}, KIDNEYS_AND_LIVER),
        ({"structures": []}, ()),
    ],
)
def test_whatever_is_said_in_any_way_counts(manifest, tmp_path, rule, expected):
    simulate_dataset(load_dataset(manifest), ["ct_a"], Rule.model_validate(rule), 0, tmp_path / "data")
    folders = prepare(tmp_path / "data", None, Preprocessing(spacing=(4, 4, 5)), "abdomen16", tmp_path / "store")
    assert learnt_structures(folders) == expected


def test_cases_add_up(store):
    folders = {folder.name: folder for folder in store}
    assert learnt_structures([folders["ct_b"], folders["mr"]]) == (6,)
    assert learnt_structures([folders["ct_a"], folders["mr"]]) == KIDNEYS_AND_LIVER
    assert learnt_structures([folders["body"]]) == tuple(range(1, 17))  # a label map is complete


@pytest.mark.parametrize("chosen", [None, (3,)])
def test_the_bundle_says_what_was_learnt(make_config, store, tmp_path, chosen):
    settings = {"train": ["ct_a", "mr"], "validation": ["ct_b"], "structures": chosen, "store": str(store[0].parent)}
    bundle = Bundle.load(train(make_config(steps=1, **settings), tmp_path))
    learnt = set(chosen or KIDNEYS_AND_LIVER)
    assert set(bundle.unlearnt) == set(range(1, 17)) - learnt
    scores = json.loads((tmp_path / "evaluation" / "summary.json").read_text(encoding="utf-8"))["overall"]
    assert set(scores["structures"]) == ({"liver"} if 6 in learnt else set())
