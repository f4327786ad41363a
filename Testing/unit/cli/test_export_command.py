"""`partialseg export`."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "exchange"))
from exchange_cases import add_case, image, painted


@pytest.fixture
def cases(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6, 255), annotated=(6,))
    add_case(tmp_path / "cases", "p2", painted(1), annotated=(1,))
    return tmp_path / "cases"


def test_nnunet_with_its_report(cli, cases, tmp_path):
    done = cli("export", cases, "--format", "nnunet", "-o", tmp_path / "raw" / "Dataset501_X")
    assert done.code == 0 and "nnU-Net v2: 2 cases written." in done.out and "What this format cannot say:" in done.out
    labels = json.loads((tmp_path / "raw" / "Dataset501_X" / "dataset.json").read_text())["labels"]
    assert labels == {"background": 0, "spleen": 1, "liver": 2, "ignore": 3}


def test_chosen_structures_and_cases(cli, cases, tmp_path):
    options = ("--structures", "liver", "--cases", "p1", "--json")
    done = cli("export", cases, "--format", "nnunet", "-o", tmp_path / "Dataset501_X", *options)
    assert json.loads(done.out)["cases"] == ["p1"]
    labels = json.loads((tmp_path / "Dataset501_X" / "dataset.json").read_text())["labels"]
    assert labels == {"background": 0, "liver": 1}


@pytest.mark.parametrize("kind", ["datalist", "labelmap", "dataset"])
def test_other_formats(kind, cli, cases, tmp_path):
    done = cli("export", cases, "--format", kind, "-o", tmp_path / "out", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "") and any((tmp_path / "out").iterdir())


def test_dicom_seg(cli, cases, tmp_path):
    pytest.importorskip("highdicom")
    from dicom_series import write_ct

    write_ct(tmp_path / "series" / "p1", image())
    options = ("--dicom", tmp_path / "series", "--json")
    done = cli("export", cases, "--format", "dicom-seg", "-o", tmp_path / "seg", *options)
    report = json.loads(done.out)
    assert done.code == 3 and report["cases"] == ["p1"] and "has no folder p2" in report["failed"]["p2"]


MISTAKES = {
    "no dataset": (("export", "none", "--format", "dataset", "-o", "out"), "does not exist"),
    "existing output": (("export", "cases", "--format", "dataset", "-o", "cases"), "exists already"),
    "wrong case": (("export", "cases", "--format", "dataset", "-o", "out", "--cases", "p3"), "no case named p3"),
    "no case": (("export", "cases", "--format", "dataset", "-o", "out", "--cases", ","), "names no case"),
    "nnU-Net name": (("export", "cases", "--format", "nnunet", "-o", "out"), "like Dataset501_Abdomen"),
    "structure": (("export", "cases", "--format", "nnunet", "-o", "Dataset501_X", "--structures", "lung"), "lung"),
    "stray option": (("export", "cases", "--format", "nnunet", "-o", "out", "--dicom", "x"), "belongs to --format"),
    "format": (("export", "cases", "--format", "nifti", "-o", "out"), "invalid choice"),
    "label set": (("export", "cases", "--format", "dataset", "-o", "out", "--label-set", "x"), "no label set"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_line_and_leave_nothing(name, cli, cases, monkeypatch):
    monkeypatch.chdir(cases.parent)
    command, words = MISTAKES[name]
    done = cli(*command)
    assert done.code == 2 and words in done.err and done.err.count("\n") == 1 and done.out == ""
    assert [path.name for path in cases.parent.iterdir()] == ["cases"]


def test_an_empty_dataset(cli, tmp_path):
    (tmp_path / "empty").mkdir()
    done = cli("export", tmp_path / "empty", "--format", "dataset", "-o", tmp_path / "out")
    assert done.code == 2 and "holds no cases" in done.err and done.err.count("\n") == 1


def test_voxels_survive_the_command(cli, cases, tmp_path):
    from PartialSegLib.image import read_volume

    cli("export", cases, "--format", "labelmap", "-o", tmp_path / "out")
    np.testing.assert_array_equal(read_volume(tmp_path / "out" / "p1.nii.gz").array, painted(6, 255))
