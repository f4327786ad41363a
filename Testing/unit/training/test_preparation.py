"""From a manifest to prepared cases, and what is said about a manifest that does not fit."""

import json
import shutil

import numpy as np
import pytest
from tiny_dataset import LIVER, SHAPE, SPACING, blobs

from partialseg_training.data.prepare import manifest_entries, prepare
from partialseg_training.data.store import INTENSITY_SCALE, load_case
from partialseg_training.data.tissue import AIR, BONE, FAT
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_labels, read_volume, write_volume


def test_a_ct_is_prepared_with_its_labels_tissue_and_centres(store, manifest):
    case = load_case(store[0])
    hu = read_volume(manifest.parent / "ct_a.nii.gz").array
    labels = read_labels(manifest.parent / "ct_a_labels.nii.gz").array
    assert case.record.annotated == (2, 3, 6) and case.record.shape == SHAPE and not case.record.synthetic
    np.testing.assert_allclose(case.image[:] / INTENSITY_SCALE, np.clip((hu + 400.0) / 800, 0, 1), atol=1e-4)
    np.testing.assert_array_equal(case.labels[:], labels)
    tissue = case.tissue[:]
    np.testing.assert_array_equal(tissue[labels > 0], labels[labels > 0])
    assert (tissue[:, 0] == AIR).all()
    for value in (2, 3, 6):
        assert (labels[tuple(case.centres[value].T)] == value).all()
        assert len(case.centres[value]) == (labels == value).sum()
    z, y, x = case.centres[0].T
    assert (labels[z, y, x] == 0).all() and (hu[z, y, x] > -400).all()


def test_a_label_map_becomes_a_case_without_image(store, manifest):
    case = load_case(store[3])
    labels = read_labels(manifest.parent / "body_labels16.nii.gz").array
    assert case.record.synthetic and case.record.annotated == tuple(range(1, 17))
    np.testing.assert_array_equal(case.labels[:], labels)
    assert set(np.unique(case.tissue[:])) == {2, 3, LIVER, AIR, BONE, FAT}


def test_finished_cases_are_left_alone_and_unfinished_ones_are_made_again(make_config, tmp_path):
    config = make_config(train=["ct_a", "ct_b"])
    told = []
    folders = prepare(config, tmp_path / "store", lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    (folders[1] / "case.json").unlink()
    before = (folders[0] / "case.json").stat().st_mtime_ns
    told.clear()
    assert prepare(config, tmp_path / "store", lambda done, total: told.append((done, total))) == folders
    assert told == [(1, 1)]
    assert (folders[0] / "case.json").stat().st_mtime_ns == before
    assert load_case(folders[1]).record.name == "ct_b"


def test_axes_and_spacing_follow_the_patient(make_config, tmp_path, manifest):
    """A volume stored with flipped and permuted axes, and twice as fine, gives the same labels."""
    for name in ("ct_a.nii.gz", "ct_a_labels.nii.gz"):
        shutil.copy(manifest.parent / name, tmp_path / name)
        volume = read_volume(tmp_path / name)
        fine = np.repeat(np.repeat(np.repeat(volume.array, 2, 0), 2, 1), 2, 2)
        half = tuple(s / 2 for s in SPACING)
        # Index axes (i, j, k) run to superior, right, anterior.
        turned = fine.transpose(1, 2, 0)[::-1, ::-1]
        direction = np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0]], float)
        spacing = (half[2], half[0], half[1])
        write_volume(tmp_path / name, Volume(np.ascontiguousarray(turned), spacing, (0, 0, 0), direction))
    shutil.copy(manifest, tmp_path / "manifest.json")
    config = make_config(train=["ct_a"], manifest=str(tmp_path / "manifest.json"))
    case = load_case(prepare(config, tmp_path / "store")[0])
    assert case.record.shape == SHAPE
    np.testing.assert_array_equal(case.labels[:], blobs(np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"labelmaps": []}', "cannot be read"),
        ('{"cases": [{"image": "x.nii.gz"}]}', "cannot be read"),
        ('{"cases": []}', "no case named ct_a"),
        ('{"cases": [{"name": "ct_a", "image": "x.nii.gz"}]}', "does not give its dataset"),
        ('{"cases": [], "labelmaps": [{"name": "ct_a", "labels16": "x.nii.gz"}]}', "does not give its tissues"),
    ],
)
def test_bad_manifests(make_config, tmp_path, content, said):
    path = tmp_path / "other.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    _refused(make_config(train=["ct_a"], manifest=str(path)), tmp_path, said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": "body_tissues.nii.gz"}, "ct_a: label 90 stands for no structure"),
        ({"annotated": [6, 17]}, "ct_a: label 17 stands for no structure"),
        ({"modality": "pet"}, "modality 'pet' is not supported"),
        ({"image": "none.nii.gz"}, "none.nii.gz"),
        ({"label": "small.nii.gz"}, "ct_a: image and label do not lie on the same grid"),
    ],
)
def test_cases_whose_files_do_not_fit(make_config, tmp_path, manifest, change, said):
    small = Volume(np.zeros((4, 4, 4), np.uint8), SPACING, (0, 0, 0), np.eye(3))
    write_volume(manifest.parent / "small.nii.gz", small)
    entry = {**manifest_entries(manifest)["ct_a"], **change}
    path = manifest.parent / "changed.json"
    path.write_text(json.dumps({"cases": [entry]}), encoding="utf-8")
    _refused(make_config(train=["ct_a"], manifest=str(path)), tmp_path, said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tissue_names": "none.json"}, "tissue names .*none.json cannot be read"),
        ({"tissue_names": "list.json"}, "tissue names .*list.json cannot be read"),
        ({"tissue_names": "words.json"}, "tissue names .*words.json cannot be read"),
        ({"tissues": "small.nii.gz"}, "body: labels16 and tissues do not lie on the same grid"),
        ({"labels16": "body_tissues.nii.gz"}, "body: label 90 stands for no structure"),
    ],
)
def test_label_maps_whose_files_do_not_fit(make_config, tmp_path, manifest, change, said):
    (manifest.parent / "list.json").write_text("[]", encoding="utf-8")
    (manifest.parent / "words.json").write_text('{"liver": 6}', encoding="utf-8")
    small = Volume(np.zeros((4, 4, 4), np.uint8), SPACING, (0, 0, 0), np.eye(3))
    write_volume(manifest.parent / "small.nii.gz", small)
    path = manifest.parent / "changed.json"
    path.write_text(json.dumps({"cases": [{**manifest_entries(manifest)["body"], **change}]}), encoding="utf-8")
    _refused(make_config(train=["body"], manifest=str(path)), tmp_path, said)


def test_what_is_painted_besides_the_annotated_structures(make_config, tmp_path, manifest):
    """Background stays apart from tissue, and a structure that is complete nowhere is no centre of patches."""
    labels = read_labels(manifest.parent / "ct_b_labels.nii.gz")
    painted = labels.array.copy()
    painted[10, 12, 20:24] = 255
    painted[2, 2, 2] = 2
    write_volume(manifest.parent / "painted.nii.gz", labels.like(painted))
    entry = {**manifest_entries(manifest)["ct_b"], "label": "painted.nii.gz"}
    path = manifest.parent / "changed.json"
    path.write_text(json.dumps({"cases": [entry]}), encoding="utf-8")
    case = load_case(prepare(make_config(train=["ct_b"], manifest=str(path)), tmp_path / "store")[0])
    assert (case.labels[10, 12, 20:24] == 255).all()
    assert (case.tissue[10, 12, 20:24] < 64).all()
    assert case.labels[2, 2, 2] == case.tissue[2, 2, 2] == 2
    assert set(case.centres) == {0, LIVER}


def _refused(config, tmp_path, said):
    with pytest.raises(UserError, match=said) as caught:
        prepare(config, tmp_path / "store")
    assert "\n" not in str(caught.value)
