"""Datasets as they are listed, and one line for each way to list them wrongly."""

import json
from pathlib import Path

import pytest
from dataset_cases import image, labels, write_manifest

from PartialSegLib.dataset import CaseEntry, LabelMapEntry, load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.image import write_volume


def test_a_manifest(tmp_path):
    path = write_manifest(
        tmp_path,
        {"name": "p2", "annotated": [6, 2], "labels_by": "hand", "patient": "x"},
        {"name": "p1", "label": None},
        {"slices": {"k": {"2": [6], "4-5": [2]}}, "unions": {"20": [2, 3]}, "in_part": [1], "name": "p 3.b"},
        labelmaps=[{"name": "body", "labels16": "labels.nii.gz"}],
    )
    dataset = load_dataset(path)
    assert list(dataset.entries) == ["p2", "p1", "p 3.b", "body"] and list(dataset.cases) == ["p2", "p1", "p 3.b"]
    p2, p1, p3, body = dataset.entries.values()
    assert p2.image == tmp_path / "image.nii.gz" and p2.annotated == (6, 2) and p2.patient == "x"
    assert p1.label is None
    assert p3.slices == {"k": {"2": (6,), "4-5": (2,)}} and p3.unions == {20: (2, 3)} and p3.in_part == (1,)
    assert isinstance(body, LabelMapEntry) and body.labels16 == tmp_path / "labels.nii.gz" and body.tissues is None
    assert dataset.select(["body", "p1"]) == [body, p1] and dataset.select(None) == [p2, p1, p3, body]
    with pytest.raises(UserError, match="has no case named bodi: did you mean body"):
        dataset.select(["p1", "bodi"])
    with pytest.raises(UserError, match=r"has no case named zzz: it has p2, p1, p 3\.b, body"):
        dataset.select(["zzz"])


def test_paths_do_not_depend_on_the_working_folder(tmp_path, monkeypatch):
    write_manifest(tmp_path, {"label": str(tmp_path / "elsewhere.nii.gz")})
    monkeypatch.chdir(tmp_path)
    entry = load_dataset("manifest.json").cases["p1"]
    assert entry.image == tmp_path / "image.nii.gz" and entry.label == tmp_path / "elsewhere.nii.gz"


def test_a_folder_of_cases(tmp_path):
    for name, says in {
        "b": {"modality": "mr", "annotated": [2]},
        "a": {"modality": "ct", "name": "first", "dataset": "other", "label": None},
        "c": {"modality": "ct", "image": "ct.nrrd", "label": "sub/seg.nii"},
        "map": {"labels16": "labels.nii.gz"},
    }.items():
        (tmp_path / name).mkdir()
        write_volume(tmp_path / name / "image.nii.gz", image())
        write_volume(tmp_path / name / "labels.nrrd", labels(2))
        (tmp_path / name / "case.json").write_text(json.dumps(says), encoding="utf-8")
    (tmp_path / "no case").mkdir()
    (tmp_path / ".partial-x").mkdir()
    (tmp_path / ".partial-x" / "case.json").write_text("half a ca", encoding="utf-8")
    dataset = load_dataset(tmp_path)
    assert list(dataset.entries) == ["first", "b", "c", "map"]
    first, b, c, _ = dataset.entries.values()
    assert first.dataset == "other" and first.label is None and first.image == tmp_path / "a" / "image.nii.gz"
    assert b.dataset == tmp_path.name and b.label == tmp_path / "b" / "labels.nrrd"
    assert c.image == tmp_path / "c" / "ct.nrrd" and c.label == tmp_path / "c" / "sub" / "seg.nii"
    write_volume(tmp_path / "b" / "image.nrrd", image())
    refused(tmp_path, r"b has image\.nii\.gz and image\.nrrd: keep one of them")


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"anotated": [2]}, "p1: unknown entry 'anotated'; did you mean 'annotated'?"),
        ({"qqq": 1}, "p1: unknown entry 'qqq'; use name, dataset, modality, image"),
        ({"image": "left out"}, "p1: 'image' is missing; add it"),
        ({"modality": "pet"}, "p1: modality: Input should be 'ct' or 'mr'"),
        ({"annotated": [0]}, r"p1: annotated\.0: Input should be greater than or equal to 1"),
        ({"annotated": "2"}, "p1: annotated: "),
        ({"annotated": [2], "in_part": [2]}, "structure 2 is in annotated and in in_part"),
        ({"slices": {"z": {"1": [2]}}}, r"slices\.z.*'k', 'j' or 'i'"),
        ({"slices": {"k": {"5-3": [2]}}}, "slices: '5-3' names no slices"),
        ({"slices": {"k": [1]}}, r"slices\.k: "),
        ({"unions": {"255": [2]}}, r"unions\.255.*less than 255"),
        ({"unions": {"20": []}}, "label 20 may be nothing"),
        ({"label": None, "annotated": [2]}, "declared annotated, but there is no label file"),
        ({"label": None, "slices": {"k": {"1": [2]}}}, "declared annotated, but there is no label file"),
        ({"dataset": ""}, "p1: dataset: "),
    ]
    + [
        ({"name": name}, "`name` must be usable as the name of a folder") for name in ("../x", ".a", "a/b", "", "a.", 3)
    ],
)
def test_cases_that_make_no_sense(tmp_path, case, said):
    refused(write_manifest(tmp_path, case), said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold one JSON object"),
        ("{}", "`cases` is missing"),
        ('{"cases": [], "labelmap": []}', "unknown entry 'labelmap'"),
        ('{"cases": {}}', "`cases` must be a list of JSON objects"),
        ('{"cases": ["a"]}', "`cases` must be a list of JSON objects"),
        ('{"cases": [{}]}', "cases number 1: 'name' is missing"),
        ('{"cases": [], "labelmaps": [{"name": "a", "labels16": "x", "tissues": "y"}]}', "a: tissues and tissue_names"),
        ('{"cases": [], "labelmaps": []}', "holds no cases: list some under `cases`"),
    ],
)
def test_manifests_that_make_no_sense(tmp_path, content, said):
    (tmp_path / "m.json").write_text(content, encoding="utf-8")
    refused(tmp_path / "m.json", said)


def test_other_things_that_are_no_dataset(tmp_path):
    refused(tmp_path / "none.json", "does not exist: give a manifest file or a folder of cases")
    refused(tmp_path, r"holds no cases: put a case\.json beside each image")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    refused(tmp_path / "binary.json", "is not JSON")


def test_a_name_used_twice(tmp_path):
    refused(write_manifest(tmp_path, {}, {}), "has two cases named p1")
    refused(write_manifest(tmp_path, {}, labelmaps=[{"name": "p1", "labels16": "x"}]), "has two cases named p1")


def test_entries_can_be_made_in_code():
    entry = CaseEntry(name="a", dataset="d", modality="mr", image=Path("x"))
    assert CaseEntry.model_validate_json(entry.model_dump_json()) == entry


def refused(path, said):
    with pytest.raises(UserError, match=said) as caught:
        load_dataset(path)
    assert "\n" not in str(caught.value)
