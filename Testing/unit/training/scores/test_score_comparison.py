"""Two models on the same cases."""

import json

import pytest
from score_rows import absent, row

from partialseg_training.scores.comparison import compare
from partialseg_training.scores.files import write_comparison
from PartialSegLib.errors import UserError

FIRST = [row("a", 6, 0.9), row("b", 6, 0.8), row("c", 6, 0.7), row("a", 1, 0.5), row("x", 6, 0.4), absent("a", 4, 1.0)]
SECOND = [row("a", 6, 0.8), row("b", 6, 0.8), row("c", 6, 0.9), row("a", 1, 0.1), row("y", 6, 0.4), absent("a", 4, 1.0)]


def test_paired_differences():
    result = compare(FIRST, SECOND)
    assert (result["cases"], result["pairs"], result["unpaired"]) == (["a", "b", "c"], 4, 2)
    liver = result["metrics"]["dsc"]["structures"]["liver"]
    assert (liver["n"], liver["wins"], liver["ties"], liver["losses"]) == (3, 1, 1, 1)
    assert liver["mean"] == pytest.approx(-0.0333, abs=1e-4) and liver["interval"] == [-0.2, 0.1]
    spleen = result["metrics"]["dsc"]["structures"]["spleen"]
    assert (spleen["mean"], spleen["interval"]) == (0.4, None)
    # a: (0.1 + 0.4) / 2, b: 0, c: -0.2
    assert result["metrics"]["dsc"]["per_subject"]["mean"] == pytest.approx(0.05 / 3, abs=1e-4)
    assert result["metrics"]["nsd"]["structures"]["liver"]["ties"] == 3


def test_the_cases_that_changed_most_come_first():
    changed = compare(FIRST, SECOND)["metrics"]["dsc"]["changed_most"]
    assert [(c["case"], c["structure"]) for c in changed] == [("a", "spleen"), ("c", "liver")]
    assert changed[0]["difference"] == pytest.approx(0.25) and changed[1]["structure_difference"] == pytest.approx(-0.2)


def test_a_model_compared_with_itself():
    result = compare(FIRST, FIRST)
    assert result["unpaired"] == 0 and result["metrics"]["dsc"]["changed_most"] == []
    assert result["metrics"]["dsc"]["per_subject"]["interval"] == [0, 0]


@pytest.mark.parametrize(
    "other",
    [
        [row("z", 6, 0.9)],
        [row("a", 6, 0.9, dataset="else")],
        [row("a", 6, 0.9, truth_ml=11.0)],
        [absent("a", 6, 1.0)],
        [],
    ],
)
def test_without_a_pair_there_is_nothing_to_compare(other):
    """Another case, another data set, a truth that was changed, nothing present, nothing at all."""
    with pytest.raises(UserError, match="share no scored structure"):
        compare([row("a", 6, 0.8)], other)


def test_missed_surfaces_do_not_break_the_pairs():
    first = [row("a", 6, 0.8, None, None, scope="part"), row("b", 6, 0.5)]
    second = [row("a", 6, 0.7, None, None, scope="part"), row("b", 6, 0.6)]
    result = compare(first, second)
    assert result["metrics"]["dsc"]["structures"]["liver"]["n"] == 2
    assert result["metrics"]["nsd"]["structures"]["liver"]["n"] == 1


def test_the_files_of_a_comparison(tmp_path):
    write_comparison({"this": "new", "other": "old", **compare(FIRST, SECOND)}, tmp_path)
    text = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert "# new compared with old" in text and "| liver | 3 | -3.3 (15.3) | -20.0 to +10.0 | 1 | 1 | 1 |" in text
    assert "| a | +25.0 | spleen | +40.0 |" in text
    assert json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))["pairs"] == 4
