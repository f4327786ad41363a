"""Means, deviations and intervals against numbers worked out by hand."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_rows import absent, row

from partialseg_training.scores.bootstrap import interval_over_columns, mean_interval
from partialseg_training.scores.files import write_scores
from partialseg_training.scores.summary import subject_means, summarise

ROWS = [
    row("a", 6, 0.9, 0.8, 2.0),
    row("b", 6, 0.7, 0.6, 4.0),
    row("c", 6, 0.8, 0.7, 6.0),
    row("a", 4, 0.0, 0.0, None),
    row("d", 6, 0.1, None, None, dataset="other", scope="part"),
    absent("a", 1, 0.0),
    absent("b", 1, 3.0),
]


def test_per_structure_over_cases():
    summary = summarise(ROWS)
    assert list(summary["datasets"]) == ["other", "tiny"]
    liver = summary["datasets"]["tiny"]["structures"]["liver"]
    assert (liver["n"], liver["missed"], liver["in_part"]) == (3, 0, 0)
    assert {key: liver["dsc"][key] for key in ("n", "mean", "sd")} == {"n": 3, "mean": 0.8, "sd": 0.1}
    assert liver["hd95_mm"]["mean"] == 4.0 and liver["dsc"]["interval"] == [0.7, 0.9]
    gallbladder = summary["datasets"]["tiny"]["structures"]["gallbladder"]
    assert gallbladder["dsc"] == {"n": 1, "mean": 0.0, "sd": None, "interval": None}
    assert gallbladder["missed"] == 1 and gallbladder["hd95_mm"] is None
    other = summary["datasets"]["other"]["structures"]["liver"]
    assert other["in_part"] == 1 and other["nsd"] is None


def test_per_subject_is_the_mean_over_cases_of_the_mean_over_structures():
    """Table 1 of Chen et al. 2024: a is (0.9 + 0) / 2, b is 0.7, c is 0.8."""
    tiny = summarise(ROWS)["datasets"]["tiny"]
    assert subject_means(ROWS) == pytest.approx({"a": 0.45, "b": 0.7, "c": 0.8, "d": 0.1})
    assert tiny["per_subject"]["dsc"]["mean"] == pytest.approx(0.65)
    assert tiny["per_subject"]["dsc"]["n"] == 3


def test_over_structures_every_structure_counts_as_much():
    """Table 4: the mean of 0.8 and 0; of the deviations only the liver has one."""
    tiny = summarise(ROWS)["datasets"]["tiny"]
    assert tiny["over_structures"]["dsc"]["mean"] == pytest.approx(0.4)
    assert tiny["over_structures"]["dsc"]["sd"] == pytest.approx(0.1)
    assert tiny["mean_over_structures"]["dsc"] == tiny["over_structures"]["dsc"]["mean"]


def test_what_is_known_absent_enters_no_mean():
    tiny = summarise(ROWS)["datasets"]["tiny"]
    assert "spleen" not in tiny["structures"]
    assert tiny["known_absent"] == {"spleen": {"n": 2, "predicted_in": 1, "mean_ml": 1.5, "most_ml": 3.0}}


def test_only_absent_structures():
    summary = summarise([absent("a", 1, 1.0)])
    assert summary["overall"]["per_subject"]["dsc"] is None and summary["overall"]["mean_over_structures"] == {}


def test_files_of_an_evaluation(tmp_path):
    summary = write_scores(ROWS, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == summary
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| liver | 10.0 n=1 | 80.0 (10.0) n=3 | 62.5 (35.9) n=4 |" in table
    assert "| mean per subject | 10.0 n=1 | 65.0 (18.0) n=3 |" in table
    assert "| spleen | 2 | 1 | 1.5 | 3.0 |" in table and "Not for clinical use" in table
    subjects = (tmp_path / "subjects.csv").read_text(encoding="utf-8").splitlines()
    assert subjects[1:3] == ["other,d,1,0.1,,,liver", "tiny,a,2,0.45,0.4,2.0,gallbladder"]
    long = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert long[0] == "structure,dataset,metric,n,mean,sd,low,high"
    assert "liver,tiny,dsc,3,0.8,0.1,0.7,0.9" in long


def test_no_rows_at_all(tmp_path):
    assert write_scores([], tmp_path)["datasets"] == {}
    assert (tmp_path / "cases.csv").is_file()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=30))
def test_an_interval_holds_the_mean_and_is_always_the_same(values):
    low, high = mean_interval(np.array(values))
    assert low - 1e-9 <= np.mean(values) <= high + 1e-9 and min(values) - 1e-9 <= low and high <= max(values) + 1e-9
    assert mean_interval(np.array(values)) == (low, high)


def test_an_interval_is_as_wide_as_theory_says():
    values = np.random.default_rng(0).normal(0.8, 0.1, 200)
    low, high = mean_interval(values)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.1)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_cases_have_no_interval(n):
    assert mean_interval(np.zeros(n)) is None


def test_structures_of_a_case_stay_together():
    """Two structures that always have the same score are no more certain than one; unrelated ones are."""
    rng = np.random.default_rng(0)
    one, two = rng.random((2, 100))
    width = np.ptp(mean_interval(one))
    assert np.ptp(interval_over_columns(np.stack([one, one], 1))) == pytest.approx(width)
    assert np.ptp(interval_over_columns(np.stack([one, two], 1))) < 0.85 * width


def test_a_structure_that_a_draw_leaves_out_does_not_move_the_mean():
    matrix = np.full((10, 2), 0.9)
    matrix[1:, 1] = np.nan
    matrix[0, 1] = 0.1
    assert interval_over_columns(matrix) == pytest.approx((0.5, 0.5))
