"""Preparing twice, at once, or after an interruption; and what is said about datasets that do not fit."""

import json
import os
import threading

import numpy as np
import pytest
from tiny_dataset import SPACING

from partialseg_training.data.prepare import prepare
from partialseg_training.data.store import load_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, write_volume
from PartialSegLib.preprocessing import Preprocessing


def prepared(dataset, store, names=None, **more):
    return prepare(dataset, names, Preprocessing(SPACING), "abdomen16", store, **more)


def entry_of(manifest, name):
    content = json.loads(manifest.read_text(encoding="utf-8"))
    return next(entry for entry in [*content["cases"], *content["labelmaps"]] if entry["name"] == name)


def one_case(manifest, name, **changes):
    """A manifest beside the tiny one, with one of its cases changed."""
    path = manifest.parent / "changed.json"
    path.write_text(json.dumps({"cases": [{**entry_of(manifest, name), **changes}]}), encoding="utf-8")
    return path


def refused(dataset, store, said, names=None):
    with pytest.raises(UserError, match=said) as caught:
        prepared(dataset, store, names)
    assert "\n" not in str(caught.value)


def test_finished_cases_are_left_alone_and_unfinished_ones_are_made_again(manifest, tmp_path):
    told, names = [], ["ct_b", "ct_a"]
    folders = prepared(manifest, tmp_path / "store", names, progress=lambda *steps: told.append(steps))
    assert told == [(1, 2), (2, 2)] and [folder.name for folder in folders] == names
    (folders[1] / "case.json").unlink()
    before = (folders[0] / "case.json").stat().st_mtime_ns
    told.clear()
    assert prepared(manifest, tmp_path / "store", names, progress=lambda *steps: told.append(steps)) == folders
    assert told == [(1, 1)]
    assert (folders[0] / "case.json").stat().st_mtime_ns == before
    assert load_case(folders[1]).record.name == "ct_a"
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"store.json", *names}


def test_the_number_of_workers_changes_nothing(manifest, tmp_path):
    one, three = (prepared(manifest, tmp_path / str(n), workers=n) for n in (1, 3))
    for a, b in zip(one, three, strict=True):
        files = sorted(path.name for path in a.iterdir())
        assert files == sorted(path.name for path in b.iterdir()) and len(files) == 5
        assert all((a / name).read_bytes() == (b / name).read_bytes() for name in files if name != "centres.npz")


def test_two_runs_prepare_one_store_at_once(manifest, tmp_path):
    results = []
    runs = [threading.Thread(target=lambda: results.append(prepared(manifest, tmp_path / "store"))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert results[0] == results[1] and all(load_case(folder).labels[:].size for folder in results[0])
    assert not list((tmp_path / "store").glob(".*"))


def test_a_mistake_in_one_case_keeps_what_is_finished(manifest, tmp_path):
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["cases"].append({**content["cases"][0], "name": "wrong", "annotated": [17]})
    path = manifest.parent / "changed.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match="case wrong: label 17 stands for no structure"):
        prepared(path, tmp_path / "store", ["ct_a", "wrong", "ct_b"], workers=1)
    assert load_case(tmp_path / "store" / "ct_a").record.name == "ct_a"
    assert {path.name for path in (tmp_path / "store").iterdir()} <= {"store.json", "ct_a", "ct_b"}


def test_a_case_made_from_other_files_or_another_annotation_is_not_taken_for_this_one(manifest, tmp_path):
    prepared(manifest, tmp_path / "store", ["ct_a"])
    prepared(one_case(manifest, "ct_a", labels_by="somebody"), tmp_path / "store")
    other = "case ct_a in .*store was prepared from other files or another annotation: delete .*ct_a"
    for changes in ({"annotated": [2]}, {"label": None, "annotated": []}, {"label": "ct_b_labels.nii.gz"}):
        refused(one_case(manifest, "ct_a", **changes), tmp_path / "store", other)


def test_a_file_that_was_only_touched_is_the_same_file(manifest, tmp_path):
    folders = prepared(manifest, tmp_path / "store", ["mr"])
    os.utime(manifest.parent / "mr.nii.gz", (1, 1))
    assert prepared(manifest, tmp_path / "store", ["mr"]) == folders


def test_a_worker_that_is_killed_is_named_as_what_it_was(manifest, tmp_path, monkeypatch):
    monkeypatch.setattr("partialseg_training.data.prepare.save_case", lambda *_: os._exit(9))
    refused(manifest, tmp_path / "store", "was killed, perhaps for want of memory: free memory or use fewer workers")


def test_a_store_of_other_preprocessing(manifest, tmp_path):
    prepared(manifest, tmp_path / "store", ["ct_a"])
    with pytest.raises(UserError, match="prepared with other preprocessing: choose another folder"):
        prepare(manifest, None, Preprocessing(), "abdomen16", tmp_path / "store")


def test_datasets_that_do_not_fit(manifest, tmp_path):
    refused(tmp_path / "none.json", tmp_path / "store", "does not exist")
    refused(manifest, tmp_path / "store", "has no case named ct_q", ["ct_a", "ct_q"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    refused(manifest, tmp_path / "file" / "store", "cannot write")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": "body_tissues.nii.gz"}, "ct_a: label 90 stands for no structure"),
        ({"annotated": [6, 17]}, "ct_a: label 17 stands for no structure"),
        ({"modality": "pet"}, "ct_a: modality: Input should be 'ct' or 'mr'"),
        ({"image": "none.nii.gz"}, r"ct_a: image .*none\.nii\.gz does not exist"),
        ({"label": "small.nii.gz"}, "ct_a: image and label do not lie on the same grid"),
        ({"slices": {"k": {"20": [6]}}}, "ct_a: slice 20 across k lies outside"),
    ],
)
def test_cases_whose_files_do_not_fit(manifest, tmp_path, change, said):
    small = Volume(np.zeros((4, 4, 4), np.uint8), SPACING, (0, 0, 0), np.eye(3))
    write_volume(manifest.parent / "small.nii.gz", small)
    refused(one_case(manifest, "ct_a", **change), tmp_path / "store", said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tissue_names": "none.json"}, r"body: tissue_names .*none\.json does not exist"),
        ({"tissue_names": "list.json"}, r"tissue names .*list\.json cannot be read"),
        ({"tissue_names": "words.json"}, r"tissue names .*words\.json cannot be read"),
        ({"tissues": "small.nii.gz"}, "body: labels16 and tissues do not lie on the same grid"),
        ({"labels16": "body_tissues.nii.gz"}, "body: label 90 stands for no structure"),
    ],
)
def test_label_maps_whose_files_do_not_fit(manifest, tmp_path, change, said):
    (manifest.parent / "list.json").write_text("[]", encoding="utf-8")
    (manifest.parent / "words.json").write_text('{"liver": 6}', encoding="utf-8")
    small = Volume(np.zeros((4, 4, 4), np.uint8), SPACING, (0, 0, 0), np.eye(3))
    write_volume(manifest.parent / "small.nii.gz", small)
    refused(one_case(manifest, "body", **change), tmp_path / "store", said)
