"""From a dataset to prepared cases: whatever is annotated of them, in parallel, and only once."""

import json
import shutil

import numpy as np
from tiny_dataset import LEFT_KIDNEY, LIVER, RIGHT_KIDNEY, SHAPE, SPACING, blobs

from partialseg_training.data.prepare import prepare
from partialseg_training.data.store import INTENSITY_SCALE, load_case
from partialseg_training.data.tissue import AIR, BONE, FAT
from PartialSegLib.dataset import load_dataset, write_case
from PartialSegLib.image import Volume, read_labels, read_volume, write_volume
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.supervision import State, candidate_sets

GRID = Preprocessing(SPACING)


def prepared(dataset, store, names=None, grid=GRID, **more):
    return prepare(dataset, names, grid, "abdomen16", store, **more)


def changed_case(manifest, folder, name="ct_a", labels=None, **changes):
    """A dataset with one case of the tiny one, annotated otherwise; returns its folder."""
    entry = load_dataset(manifest).cases[name]
    dropped = {"annotated": (), "name": "case", **changes}
    write_case(folder, entry.model_copy(update=dropped), entry.image, labels)
    return folder


def painted_labels(manifest, array):
    return read_labels(manifest.parent / "ct_a_labels.nii.gz").like(array.astype(np.uint8))


def test_a_ct_is_prepared_with_its_labels_tissue_and_centres(store, manifest):
    case = load_case(store[0])
    hu = read_volume(manifest.parent / "ct_a.nii.gz").array
    labels = read_labels(manifest.parent / "ct_a_labels.nii.gz").array
    assert case.record.annotated == (2, 3, 6) and case.record.shape == SHAPE and not case.record.synthetic
    assert np.flatnonzero(case.completeness.volume == State.COMPLETE).tolist() == [2, 3, 6]
    assert case.completeness.z is case.completeness.y is case.completeness.x is None
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


def test_a_label_map_without_other_tissues_is_filled_with_fat(manifest, tmp_path):
    path = tmp_path / "manifest.json"
    entry = {"name": "body", "labels16": str(manifest.parent / "body_labels16.nii.gz")}
    path.write_text(json.dumps({"cases": [], "labelmaps": [entry]}), encoding="utf-8")
    case = load_case(prepared(path, tmp_path / "store")[0])
    assert set(np.unique(case.tissue[:])) == {2, 3, LIVER, AIR, FAT}


def test_a_volume_that_nobody_annotated(manifest, tmp_path):
    case = load_case(prepared(changed_case(manifest, tmp_path / "data"), tmp_path / "store")[0])
    assert case.record.annotated == () and set(case.centres) == {0}
    assert not case.labels[:].any() and not case.completeness.volume.any()
    assert case.image[:].any() and case.tissue[:].max() >= 32


def test_slices_are_prepared_as_what_they_are(manifest, tmp_path):
    """Every fifth slice, at twice the resolution: complete at its place, and nothing is claimed between."""
    labels = blobs(np.random.default_rng(0))
    labels[np.arange(len(labels)) % 5 != 0] = 0
    slices = {"k": {str(k): (2, 3, 6) for k in range(0, len(labels), 5)}}
    data = changed_case(manifest, tmp_path / "data", labels=painted_labels(manifest, labels), slices=slices)
    x, y, z = SPACING
    case = load_case(prepared(data, tmp_path / "store", grid=Preprocessing((x, y, z / 2)))[0])
    complete = case.completeness.z == State.COMPLETE
    assert complete.shape == (40, 17) and case.record.annotated == ()
    assert np.flatnonzero(complete[:, LIVER]).tolist() == [0, 1, 11, 21, 31]
    for fine, coarse in ((0, 0), (1, 0), (11, 5), (21, 10), (31, 15)):
        np.testing.assert_array_equal(case.labels[fine], labels[coarse])
    sets = candidate_sets(case.labels[:], case.completeness)
    assert (sets[~complete.any(1)] == (1 << 17) - 1).all()
    assert set(case.centres) == {0, RIGHT_KIDNEY, LEFT_KIDNEY, LIVER}
    assert case.tissue[:].min() >= 32  # a synthetic image must not show which slices are annotated


def test_scribbles_and_unions_survive_larger_voxels(manifest, tmp_path):
    labels = np.zeros(SHAPE, np.uint8)
    labels[14, 10, 5:12], labels[6, 16, 4], labels[2, 20, 10:20] = LIVER, 20, 255
    painted = painted_labels(manifest, labels)
    data = changed_case(manifest, tmp_path / "data", labels=painted, unions={20: (2, 3)}, patient="x")
    case = load_case(prepared(data, tmp_path / "store", grid=Preprocessing(tuple(3 * s for s in SPACING)))[0])
    z, y, x = case.record.shape
    assert (z, y, x) == (7, 8, 9) and case.unions == {20: (2, 3)} and case.record.patient == "x"
    assert set(np.unique(case.labels[:])) == {0, LIVER, 20, 255}
    assert set(case.centres) == {0, RIGHT_KIDNEY, LEFT_KIDNEY, LIVER}
    np.testing.assert_array_equal(case.centres[RIGHT_KIDNEY], np.argwhere(case.labels[:] == 20))
    assert (case.labels[tuple(case.centres[0].T)] == 0).all()


def test_what_is_painted_but_not_complete_is_a_centre_and_no_tissue(manifest, tmp_path):
    labels = blobs(np.random.default_rng(0))
    labels[10, 12, 20:24] = 255
    data = changed_case(manifest, tmp_path / "data", labels=painted_labels(manifest, labels), annotated=(LIVER,))
    case = load_case(prepared(data, tmp_path / "store")[0])
    np.testing.assert_array_equal(case.labels[:], labels)
    assert set(case.centres) == {0, RIGHT_KIDNEY, LEFT_KIDNEY, LIVER}
    np.testing.assert_array_equal(case.tissue[:] == LIVER, labels == LIVER)
    assert (case.tissue[:][labels != LIVER] >= 32).all()


def test_axes_and_spacing_follow_the_patient(manifest, tmp_path):
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
    case = load_case(prepared(tmp_path / "manifest.json", tmp_path / "store", ["ct_a"])[0])
    assert case.record.shape == SHAPE
    np.testing.assert_array_equal(case.labels[:], blobs(np.random.default_rng(0)))


def test_a_record_follows_a_label_file_with_axes_of_its_own(manifest, tmp_path):
    """Axial slices of the patient are slices across i of this label file, counted from the feet."""
    labels = read_labels(manifest.parent / "ct_a_labels.nii.gz")
    turned = np.ascontiguousarray(labels.array[::-1].transpose(1, 2, 0))
    top = labels.world((0, 0, SHAPE[0] - 1))
    direction = np.array([[0, 1, 0], [0, 0, 1], [-1, 0, 0]], float)
    x, y, z = SPACING
    painted = Volume(turned, (z, x, y), tuple(top), direction)
    entry = load_dataset(manifest).cases["ct_a"]
    case = entry.model_copy(update={"annotated": (), "slices": {"i": {"2": (LIVER,)}}})
    write_case(tmp_path / "data", case, entry.image, painted)
    record = load_case(prepared(tmp_path / "data", tmp_path / "store")[0])
    np.testing.assert_array_equal(record.labels[:][17], labels.array[17])
    assert np.argwhere(record.completeness.z == State.COMPLETE).tolist() == [[17, LIVER]]
    assert record.completeness.y is None and record.completeness.x is None


def test_a_ct_stored_with_1024_added_is_the_same_ct(manifest, tmp_path):
    entry = load_dataset(manifest).cases["ct_a"]
    scan = read_volume(entry.image)
    write_case(tmp_path / "data", entry, scan.like(scan.array.astype(np.int16) + 1024), read_labels(entry.label))
    shifted = load_case(prepared(tmp_path / "data", tmp_path / "shifted")[0])
    plain = load_case(prepared(manifest, tmp_path / "plain", ["ct_a"])[0])
    np.testing.assert_array_equal(shifted.image[:], plain.image[:])
    assert shifted.record.source_hash != plain.record.source_hash


def test_copies_of_an_image_are_known_by_their_hash(store):
    a, b, mr, _ = (load_case(folder).record.source_hash for folder in store)
    assert len({a, b, mr}) == 3 and all(len(text) == 64 for text in (a, b, mr))
