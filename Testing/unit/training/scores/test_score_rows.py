"""The table of all cases: written, read again, refused where it is something else."""

import csv

import numpy as np
import pytest
from score_rows import absent, row

from partialseg_training.scores.rows import columns, read_rows, score_matrix, write_rows
from PartialSegLib.errors import UserError

ROWS = [
    row("a", 6, 0.9, dataset='odd, "name"'),
    row("b", 6, 0.0, 0.0, None),
    row("c", 4, 0.123456789, None, None, scope="part"),
    absent("c", 1, 2.5),
]


def test_what_is_written_is_read_again(tmp_path):
    write_rows(ROWS, tmp_path / "cases.csv")
    assert read_rows(tmp_path / "cases.csv") == ROWS
    with open(tmp_path / "cases.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == [
        *("dataset", "case", "modality", "value", "structure"),
        *("dsc", "nsd", "hd95", "truth_ml", "predicted_ml", "scope"),
    ]
    assert lines[3]["dsc"] == "" and lines[3]["predicted_ml"] == "2.5"


def test_a_table_without_scope_is_of_whole_volumes(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(
        "dataset,case,modality,value,structure,dsc,nsd,hd95,truth_ml,predicted_ml\nd,a,ct,6,liver,1,1,,1,1\n"
    )
    (read,) = read_rows(path)
    assert (read.scores.scope, read.scores.dsc, read.scores.hd95) == ("volume", 1, None)


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "dataset,case,modality,value,structure,dsc,nsd,hd95,truth_ml,predicted_ml\nd,a,ct,x,l,1,1,1,1,1\n"],
)
def test_other_files_are_refused_in_one_line(text, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"no table of scores") as caught:
        read_rows(path)
    assert "\n" not in str(caught.value)


def test_a_missing_table(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        read_rows(tmp_path / "nothing.csv")


def test_a_data_set_of_two_modalities_has_two_columns():
    rows = [row("a", 6, 0.9), row("b", 6, 0.8, modality="mr"), row("c", 6, 0.7, dataset="other")]
    assert {name: [r.case for r in mine] for name, mine in columns(rows).items()} == {
        "other": ["c"],
        "tiny-ct": ["a"],
        "tiny-mr": ["b"],
    }


def test_the_matrix_of_one_score():
    matrix, cases, values = score_matrix(ROWS, "nsd")
    assert cases == ["a", "b", "c"] and values == [1, 4, 6]
    expected = [[np.nan, np.nan, 0.5], [np.nan, np.nan, 0.0], [np.nan, np.nan, np.nan]]
    np.testing.assert_array_equal(matrix, expected)
