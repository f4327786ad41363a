"""Rows as an evaluation gives them, for the tests of what is made from them."""

from partialseg_training.metrics import Scores
from partialseg_training.scores.rows import Row

NAMES = {1: "spleen", 4: "gallbladder", 6: "liver"}


def row(case, value, dsc, nsd=0.5, hd95=3.0, dataset="tiny", modality="ct", **others):
    volumes = {"truth_ml": 10.0, "predicted_ml": 0.0 if dsc == 0 else 9.0}
    return Row(dataset, case, modality, value, NAMES[value], Scores(dsc, nsd, hd95, **{**volumes, **others}))


def absent(case, value, predicted_ml, dataset="tiny"):
    return row(case, value, None, None, None, dataset, truth_ml=0.0, predicted_ml=predicted_ml)
