"""The worklist: states, order, resume, new cases, and one broken case among good ones."""

import json
from dataclasses import replace

import numpy as np
import pytest
from dataset_cases import image

from PartialSegLib.annotation.reading import CaseState, save_reading, start_reading
from PartialSegLib.dataset import load_dataset, read_case
from PartialSegLib.dataset.worklist import Worklist
from PartialSegLib.errors import UserError
from PartialSegLib.image import write_volume


@pytest.fixture
def worklist(tmp_path):
    worklist = Worklist.create(tmp_path / "d", "AB")
    for seed in range(4):
        worklist.add(image(seed), modality="ct")
    return worklist


def save(worklist, name, state, reader="AB", seconds=60.0):
    folder = worklist.folder / name
    reading = start_reading(folder, reader)
    save_reading(folder, replace(reading, state=state, seconds=seconds))


def test_a_new_folder(tmp_path):
    worklist = Worklist.create(tmp_path / "a/b", "AB")
    assert worklist.items == [] and worklist.current is None and worklist.next(None) is None
    with pytest.raises(UserError, match="is no folder"):
        Worklist.open(tmp_path / "none", "AB")
    with pytest.raises(UserError, match="no reader's pseudonym"):
        Worklist.open(tmp_path, "a b")


def test_new_cases_can_be_read_and_tell_nothing_of_the_patient(worklist):
    assert [item.name for item in worklist.items] == ["case_001", "case_002", "case_003", "case_004"]
    assert all((item.state, item.readers, item.warning) == (CaseState.NOT_STARTED, (), "") for item in worklist.items)
    dataset = load_dataset(worklist.folder)
    scan, labels, record = read_case(dataset.cases["case_002"])
    np.testing.assert_array_equal(scan.array, image(1).array)
    assert labels is None and not record.volume.any()


def test_a_file_keeps_its_bytes_and_its_modality_is_seen(worklist, tmp_path, phantom_ct):
    item = worklist.add(phantom_ct, name="Phantom 1", patient="p-7")
    assert (item.name, item.modality, item.state) == ("Phantom 1", "ct", CaseState.NOT_STARTED)
    assert (item.folder / "image.nii.gz").read_bytes() == phantom_ct.read_bytes()
    assert load_dataset(worklist.folder).cases["Phantom 1"].patient == "p-7"
    write_volume(tmp_path / "scan.nrrd", image(9))
    assert worklist.add(tmp_path / "scan.nrrd", modality="mr").modality == "mr"


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "a\nb", "x" * 80, "a."])
def test_names_that_are_no_folders(worklist, name):
    with pytest.raises(UserError, match="cannot be the name of a case"):
        worklist.add(image(), name=name)


def test_a_name_that_is_taken(worklist):
    with pytest.raises(UserError, match="case_001 exists already"):
        worklist.add(image(), name="case_001")


def test_states_are_the_readers_own(worklist):
    save(worklist, "case_001", CaseState.DONE)
    save(worklist, "case_002", CaseState.FLAGGED, reader="CD")
    save(worklist, "case_003", CaseState.IN_PROGRESS, seconds=5.0)
    told = [(item.state.value, item.readers, item.seconds) for item in worklist.items]
    assert told == [
        ("done", ("AB",), 60.0),
        ("not_started", ("CD",), 0.0),
        ("in_progress", ("AB",), 5.0),
        ("not_started", (), 0.0),
    ]
    assert [item.state.value for item in Worklist.open(worklist.folder, "CD").items][:2] == ["not_started", "flagged"]


def test_next_and_previous(worklist):
    save(worklist, "case_002", CaseState.DONE)
    save(worklist, "case_003", CaseState.FLAGGED)
    assert worklist.next(None).name == "case_001"
    assert worklist.next("case_001").name == "case_004"
    assert worklist.next("case_001", unfinished=False).name == "case_002"
    assert worklist.next("case_004") is None and worklist.next("gone").name == "case_001"
    assert worklist.previous("case_004").name == "case_001"
    assert worklist.previous("case_004", unfinished=False).name == "case_003"
    assert worklist.previous(None).name == "case_004" and worklist.previous("case_001") is None


def test_each_reader_resumes_where_they_were(worklist):
    worklist.current = "case_003"
    Worklist.open(worklist.folder, "CD").current = "case_001"
    assert Worklist.open(worklist.folder, "AB").current == "case_003"
    assert Worklist.open(worklist.folder, "CD").current == "case_001"
    assert Worklist.open(worklist.folder, "EF").current is None
    worklist.current = "gone"
    assert worklist.current is None
    assert list(load_dataset(worklist.folder).cases) == [item.name for item in worklist.items]


def test_one_broken_case_does_not_keep_the_others_away(worklist):
    folder = worklist.folder
    (folder / "case_001/case.json").write_text("{", encoding="utf-8")
    (folder / "case_002/image.nii.gz").unlink()
    save(worklist, "case_003", CaseState.DONE)
    (folder / "case_003/readings/AB.json").write_text("[]", encoding="utf-8")
    one, two, three, four = worklist.items
    assert one.state is None and "is not JSON" in one.warning
    assert two.state is None and "restore the image" in two.warning
    assert three.state == CaseState.IN_PROGRESS and "is damaged" in three.warning
    assert four.state == CaseState.NOT_STARTED and four.warning == ""
    assert all("\n" not in item.warning for item in worklist.items)
    assert worklist.next(None).name == "case_003"


def test_a_label_map_is_no_case_to_annotate(worklist):
    (worklist.folder / "map").mkdir()
    (worklist.folder / "map/case.json").write_text(json.dumps({"labels16": "x.nii.gz"}), encoding="utf-8")
    assert worklist.items[-1].state is None and "nothing to annotate" in worklist.items[-1].warning
