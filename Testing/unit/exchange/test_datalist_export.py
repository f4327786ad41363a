"""The MONAI datalist, read back with MONAI."""

import json

import numpy as np
import pytest
from exchange_cases import add_case, painted

from PartialSegLib.dataset import load_dataset
from PartialSegLib.exchange import export_datalist
from PartialSegLib.image import read_volume


def test_training_items_have_labels_and_folds_and_the_others_are_for_testing(tmp_path):
    add_case(tmp_path / "cases", "a", painted(6, 255, 20), annotated=(6,), unions={20: (2, 3)}, patient="s1")
    add_case(tmp_path / "cases", "b", painted(6), annotated=tuple(range(1, 17)), patient="s1")
    add_case(tmp_path / "cases", "c")
    report = export_datalist(load_dataset(tmp_path / "cases"), tmp_path / "monai")
    content = json.loads((tmp_path / "monai" / "datalist.json").read_text())
    assert [item["label"] for item in content["training"]] == ["labels/a.nii.gz", "labels/b.nii.gz"]
    assert {item["fold"] for item in content["training"]} == {0}  # one patient
    assert content["training"][0]["annotated"] == [6] and content["ignore_label"] == 255
    assert content["testing"] == [{"image": "images/c.nii.gz", "modality": "ct"}]
    assert read_volume(tmp_path / "monai" / "labels" / "a.nii.gz").array.ravel()[:4].tolist() == [6, 0, 255, 255]
    assert report.cases == ("a", "b", "c") and any("ignored (255)" in line for line in report.lost)


def test_monai_reads_it(tmp_path):
    decathlon = pytest.importorskip("monai.data.decathlon_datalist")
    add_case(tmp_path / "cases", "a", painted(6), annotated=(6,))
    export_datalist(load_dataset(tmp_path / "cases"), tmp_path / "monai")
    (item,) = decathlon.load_decathlon_datalist(tmp_path / "monai" / "datalist.json", True, "training")
    labels = read_volume(item["label"])
    assert labels.same_grid(read_volume(item["image"])) and np.count_nonzero(labels.array == 6) == 1
