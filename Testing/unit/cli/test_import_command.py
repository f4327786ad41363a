"""`partialseg import`."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "exchange"))
from exchange_cases import image, only_case, painted, volume

from PartialSegLib.image import write_segmentation, write_volume
from PartialSegLib.structures import load_label_set


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_volume(tmp_path / "images" / "a.nii.gz", image())
    write_volume(tmp_path / "labels" / "a.nii.gz", volume(painted(1, 12)))
    return tmp_path


def test_a_preset_with_side_split(cli, files):
    done = cli("import", "images", "labels", "-o", "out", "--mapping", "word", "--side-split", "--modality", "ct")
    assert done.code == 0 and "1 imported, 0 there already, 0 failed" in done.out
    assert "Needs a person" in done.out and "needs_a_person.csv" in done.out
    assert only_case(files / "out").unions == {20: (11, 12)}


def test_one_segmentation_and_what_it_declares(cli, files):
    write_segmentation("ct.seg.nrrd", volume(painted(6)), load_label_set(), structures=["liver"])
    command = ("import", "images/a.nii.gz", "ct.seg.nrrd", "-o", "out", "--complete", "liver,spleen", "--json")
    done = cli(*command)
    report = json.loads(done.out)
    assert done.code == 0 and report["imported"] == ["a"]
    entry = only_case(files / "out")
    assert entry.annotated == (1, 6) and entry.unions == {}
    assert json.loads(cli(*command).out)["present"] == ["a"]


def test_all_and_none_complete(cli, files):
    common = ("import", "images", "labels", "--mapping", "word", "--quiet")
    cli(*common, "-o", "all", "--complete", "all")
    assert only_case(files / "all").annotated == tuple(range(1, 17))
    cli(*common, "-o", "none", "--complete", "none")
    assert only_case(files / "none").annotated == ()


def test_bad_cases_are_one_line_each_and_exit_code_3(cli, files):
    write_volume("images/b.nii.gz", image())
    write_volume("labels/b.nii.gz", volume(painted(99)))
    done = cli("import", "images", "labels", "-o", "out", "--mapping", "word", "--quiet")
    assert done.code == 3 and done.err == (
        "partialseg: b: label 99 is not in the mapping: add it, as a structure, background or ignored\n"
    )


MISTAKES = {
    "no images": (("import", "none", "labels", "-o", "out"), "does not exist"),
    "no labels": (("import", "images", "-o", "out"), "neither an nnU-Net dataset nor a .csv list"),
    "mapping": (("import", "images", "labels", "-o", "out", "--mapping", "x"), "no mapping"),
    "structure": (("import", "images", "labels", "-o", "out", "--complete", "lung"), "lung"),
    "model alone": (("import", "images", "labels", "-o", "out", "--model-labels", "images"), "give both"),
    "no model": (("import", "images", "labels", "-o", "out", "--side-split", "--model-labels", "x"), "is no folder"),
    "output": (("import", "images", "labels", "-o", "images/a.nii.gz"), "cannot write to images/a.nii.gz"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_line_and_leave_nothing(name, cli, files):
    command, words = MISTAKES[name]
    done = cli(*command)
    assert done.code == 2 and words in done.err and done.err.count("\n") == 1 and done.out == ""
    assert sorted(path.name for path in files.iterdir()) == ["images", "labels"]
