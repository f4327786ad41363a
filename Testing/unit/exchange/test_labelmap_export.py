"""A label map with its table: for people, for ITK-SNAP, and lossless for the import."""

import csv

import numpy as np
import pytest
from exchange_cases import add_case, painted

from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.exchange import export_labelmap, export_labelmaps, propose
from PartialSegLib.image import read_volume


@pytest.fixture
def case(tmp_path):
    return add_case(
        tmp_path / "cases", "p1", painted(6, 255, 20), annotated=(6, 8), in_part=(1,),
        slices={"k": {"1-2": (1, 2), "4": (1,)}, "i": {"3": (1,)}}, unions={20: (2, 3)},
    )  # fmt: skip


def test_labels_as_painted_and_what_they_mean(case, tmp_path):
    export_labelmap(case, tmp_path / "out.nii.gz")
    np.testing.assert_array_equal(read_volume(tmp_path / "out.nii.gz").array, painted(6, 255, 20))
    table = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    rows = {int(row["value"]): row for row in csv.DictReader(table)}
    assert rows[6] | {"name": "liver", "state": "complete", "code": "SCT 10200004"} == rows[6]
    assert rows[1]["state"] == "in part" and rows[1]["complete_slices"] == "k 1-2 4;i 3"
    assert rows[20]["members"] == "right_kidney;left_kidney" and rows[20]["name"] == "right kidney or left kidney"
    assert rows[255]["members"] == "background" and rows[9]["state"] == "not looked at"
    assert '"liver"' in (tmp_path / "out.txt").read_text()
    plan = propose(tmp_path / "out.nii.gz")
    assert plan.complete == (6, 8) and plan.in_part == (1,) and plan.targets[20] == (2, 3) and plan.targets[255] == (0,)


def test_every_annotated_case_of_a_dataset(case, tmp_path):
    add_case(tmp_path / "cases", "p2")
    report = export_labelmaps(load_dataset(tmp_path / "cases"), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["p1.csv", "p1.nii.gz", "p1.txt"]
    assert report.left_out == {"p2": "nobody annotated it"}


def test_bad_outputs(case, tmp_path):
    with pytest.raises(UserError, match=r"end its name in \.nii\.gz"):
        export_labelmap(case, tmp_path / "out.nrrd")
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(UserError, match=r"out\.csv exists already"):
        export_labelmap(case, tmp_path / "out.nii.gz")
    assert (tmp_path / "out.csv").read_text() == "mine" and not (tmp_path / "out.nii.gz").exists()
    with pytest.raises(UserError, match="nobody annotated it"):
        export_labelmap(case.model_copy(update={"label": None}), tmp_path / "new.nii.gz")


def test_a_damaged_table_is_told(case, tmp_path):
    export_labelmap(case, tmp_path / "out.nii.gz")
    text = (tmp_path / "out.csv").read_text(encoding="utf-8")
    for wrong in (text.replace("right_kidney;left_kidney", "kidney"), text.replace("k 1-2", "m 1-2"), text[:90]):
        (tmp_path / "out.csv").write_text(wrong, encoding="utf-8")
        with pytest.raises(UserError, match="damaged label table"):
            propose(tmp_path / "out.nii.gz")
