"""Many cases: pairs found, each imported on its own, questions listed, finished cases left alone."""

import csv

import numpy as np
import pytest
from exchange_cases import add_case, image, only_case, painted, volume

from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.exchange import ImportOptions, ImportPlan, Pair, export_nnunet, find_pairs, import_all
from PartialSegLib.image import write_volume
from PartialSegLib.mappings import load_mapping
from PartialSegLib.modality import ModalityGuess
from PartialSegLib.structures import load_label_set

WORD = ImportOptions(ImportPlan.from_mapping(load_mapping("word")), modality="ct")


@pytest.fixture
def files(tmp_path):
    """Function that writes images/NAME.nii.gz and labels/NAME.nii.gz."""

    def write(name, labels, label_name=None):
        write_volume(tmp_path / "images" / f"{name}.nii.gz", image())
        write_volume(tmp_path / "labels" / f"{label_name or name}.nii.gz", volume(labels))

    return write


def test_folders_are_paired_by_name(files, tmp_path):
    files("a_0000", painted(1), "a")
    files("b", painted(1))
    write_volume(tmp_path / "images" / "c.nii.gz", image())
    pairs = find_pairs(tmp_path / "images", tmp_path / "labels")
    assert [(pair.name, pair.label and pair.label.name) for pair in pairs] == [
        ("a", "a.nii.gz"), ("b", "b.nii.gz"), ("c", None)
    ]  # fmt: skip


def test_two_labels_for_one_case_are_refused_and_images_are_no_labels(files, tmp_path):
    files("a", painted(1))
    write_volume(tmp_path / "images" / "a.seg.nrrd", volume(painted(1)))
    (pair,) = find_pairs(tmp_path / "images", tmp_path / "images")
    assert pair.label == tmp_path / "images" / "a.seg.nrrd"
    write_volume(tmp_path / "labels" / "a.nrrd", volume(painted(1)))
    with pytest.raises(UserError, match=r"has a\.nii\.gz and a\.nrrd for one case"):
        find_pairs(tmp_path / "images", tmp_path / "labels")


def test_a_list_says_what_files_do_not(files, tmp_path):
    files("a", painted(1))
    path = tmp_path / "list.csv"
    path.write_text("image,label,name,modality,patient\nimages/a.nii.gz,labels/a.nii.gz,x1,MR,s7\n")
    (pair,) = find_pairs(path, None)
    assert (pair.name, pair.modality, pair.patient) == ("x1", "mr", "s7") and pair.image.exists()
    import_all([pair], tmp_path / "out", ImportOptions(WORD.plan))
    entry = only_case(tmp_path / "out")
    assert (entry.modality, entry.patient, entry.name) == ("mr", "s7", "x1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("image\na.nii.gz\n", "needs the columns image and label"),
        ("image,label,age\na,b,c\n", "needs the columns"),
        ("", "needs the columns"),
        ("image,label\n,b\n", "names no image"),
        ("image,label\na.nii.gz,b\na.nii,b\n", "two cases are named a"),
    ],
)
def test_bad_lists(content, words, tmp_path):
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(UserError, match=words):
        find_pairs(tmp_path / "list.csv", None)


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        find_pairs(tmp_path / "none", None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="neither an nnU-Net dataset nor"):
        find_pairs(tmp_path / "empty", None)
    with pytest.raises(UserError, match="holds no images"):
        find_pairs(tmp_path / "empty", tmp_path / "empty")


def test_good_cases_are_written_and_bad_ones_told(files, tmp_path):
    files("good", painted(1, 12))
    files("strange", painted(99))
    files("moved", painted(1))
    write_volume(tmp_path / "labels" / "moved.nii.gz", volume(painted(1), np.diag([1, -1, 1])))
    write_volume(tmp_path / "images" / "lonely.nii.gz", image())
    report = import_all(find_pairs(tmp_path / "images", tmp_path / "labels"), tmp_path / "out", WORD)
    assert report.imported == ["good"] and set(report.failed) == {"strange", "moved", "lonely"}
    assert "label 99 is not in the mapping" in report.failed["strange"]
    assert "outside the image" in report.failed["moved"] and "no label file" in report.failed["lonely"]
    entry = only_case(tmp_path / "out")
    assert entry.annotated == WORD.plan.complete and entry.unions == {20: (11, 12)} and entry.image.exists()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["good", "needs_a_person.csv"]


def test_cases_that_are_there_are_left_alone(files, tmp_path):
    files("a", painted(1))
    pairs = find_pairs(tmp_path / "images", tmp_path / "labels")
    import_all(pairs, tmp_path / "out", WORD)
    before = (tmp_path / "out" / "a" / "case.json").stat().st_mtime_ns
    files("b", painted(2))
    report = import_all(find_pairs(tmp_path / "images", tmp_path / "labels"), tmp_path / "out", WORD)
    assert report.present == ["a"] and report.imported == ["b"]
    assert (tmp_path / "out" / "a" / "case.json").stat().st_mtime_ns == before


def test_what_is_open_is_listed_for_a_person_and_kept(files, tmp_path):
    files("a", painted(12))  # one piece: right or left adrenal gland
    files("b", painted(1))
    pairs = find_pairs(tmp_path / "images", tmp_path / "labels")
    options = ImportOptions(WORD.plan, modality="ct", split=True)
    import_all(pairs[:1], tmp_path / "out", options)
    report = import_all(pairs, tmp_path / "out", options)
    (row,) = csv.DictReader((tmp_path / "out" / "needs_a_person.csv").read_text().splitlines())
    assert row["case"] == "a" and row["structure"] == "right adrenal gland or left adrenal gland"
    assert "one piece" in row["reason"] and report.imported == ["b"]
    assert load_dataset(tmp_path / "out").cases["a"].unions == {20: (11, 12)}


def test_model_labels_help(files, tmp_path):
    files("a", painted(12))
    write_volume(tmp_path / "model" / "a.nii.gz", volume(painted(11)))
    pairs = find_pairs(tmp_path / "images", tmp_path / "labels")
    options = ImportOptions(WORD.plan, modality="ct", split=True, model_labels=tmp_path / "model")
    report = import_all(pairs, tmp_path / "out", options)
    assert report.questions == [] and only_case(tmp_path / "out").unions == {}
    missing = ImportOptions(WORD.plan, modality="ct", split=True, model_labels=tmp_path)
    assert "no segmentation named a" in import_all(pairs, tmp_path / "other", missing).failed["a"]


def test_an_uncertain_modality_is_a_question(files, tmp_path, monkeypatch):
    files("a", painted(1))
    guess = ModalityGuess("mr", "it looks like MR", confident=False)
    monkeypatch.setattr("PartialSegLib.exchange.batch.detect_modality", lambda _: guess)
    report = import_all(
        find_pairs(tmp_path / "images", tmp_path / "labels"), tmp_path / "out", ImportOptions(WORD.plan)
    )
    assert [tuple(q) for q in report.questions] == [("a", "", "modality taken as MR: it looks like MR")]


def test_without_names_presets_are_suggested(files, tmp_path):
    files("a", painted(1, 12))
    report = import_all(find_pairs(tmp_path / "images", tmp_path / "labels"), tmp_path / "out", ImportOptions())
    assert "choose a mapping (these know all of its values: " in report.failed["a"] and "word" in report.failed["a"]


def test_the_user_declares_what_is_complete(files, tmp_path):
    files("a", painted(1))
    pairs = find_pairs(tmp_path / "images", tmp_path / "labels")
    import_all(pairs, tmp_path / "out", ImportOptions(WORD.plan, ("liver",), "ct"))
    assert only_case(tmp_path / "out").annotated == (load_label_set().find("liver").value,)


def test_bad_modality_and_name_of_a_list(files, tmp_path):
    files("a", painted(1))
    pair = Pair("a", tmp_path / "images" / "a.nii.gz", tmp_path / "labels" / "a.nii.gz", modality="pet")
    assert "modality 'pet' is not allowed" in import_all([pair], tmp_path / "out", WORD).failed["a"]


def test_output_is_a_file(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UserError, match="is a file"):
        import_all([], tmp_path / "out", WORD)


def test_an_nnunet_dataset_comes_back(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6, 1), annotated=(1, 6))
    export_nnunet(load_dataset(tmp_path / "cases"), tmp_path / "Dataset501_X")
    import_all(find_pairs(tmp_path / "Dataset501_X", None), tmp_path / "out", ImportOptions())
    assert only_case(tmp_path / "out").annotated == (1, 6)
