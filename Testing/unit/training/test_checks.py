"""The report before training: what forbids it, what deserves a thought, what supervises each structure."""

import json

import numpy as np
import pytest

from partialseg_training.checks import check_dataset
from partialseg_training.checks.fingerprint import fingerprint
from PartialSegLib.dataset import CaseEntry, LabelMapEntry, load_dataset, write_case
from PartialSegLib.dataset.load import Dataset
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, write_volume
from PartialSegLib.structures import load_label_set

LABEL_SET = load_label_set()
EVERY = tuple(range(1, 17))
SHAPE = (6, 7, 8)
SPACING = (2.0, 2.0, 3.0)


def picture(seed):
    return Volume(np.random.default_rng(seed).normal(0, 99, SHAPE).astype(np.int16), SPACING, (0, 0, 0), np.eye(3))


def painted(*values):
    labels = np.zeros(SHAPE, np.uint8)
    for value in values or EVERY:
        labels.reshape(-1)[3 * value : 3 * value + 2] = value
    return labels


@pytest.fixture
def make(tmp_path):
    """Write a case of 6 x 7 x 8 voxels; its image is that of `seed` unless one is given."""

    def write(name, labels=None, seed=None, image=None, **entry):
        seed = len(list(tmp_path.iterdir())) if seed is None else seed
        image = picture(seed) if image is None else image
        fields = {"dataset": "d", "modality": "ct", "image": "x", "label": None if labels is None else "y", **entry}
        volume = labels if labels is None or isinstance(labels, Volume) else image.like(labels)
        return write_case(tmp_path, CaseEntry(name=name, **fields), image, volume)

    return write


@pytest.fixture
def report(tmp_path):
    def check(train, validation=(), held_out=(), **options):
        return check_dataset(load_dataset(tmp_path), train, validation, held_out, LABEL_SET, **options)

    return check


def rewrite(entry, **changes):
    """Change the case.json of a written case."""
    path = entry.image.parent / "case.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def row(report, value):
    return next(row for row in report.coverage if row.value == value)


def test_good_data_pass_without_a_word(make, report):
    for name in ("a", "b"):
        make(name, painted(), annotated=EVERY, patient=name)
    found = report(["a"], ["b"])
    assert found.errors == found.warnings == found.notes == ()
    assert len(found.coverage) == 16 and all(r.cases == r.complete_volumes == 1 for r in found.coverage)
    json.dumps(found.to_json())


def test_structures_that_nothing_teaches_are_named(make, report):
    make("a", painted(1, 2), annotated=(1,), in_part=(2,))
    make("b", painted(1), annotated=(1, 3))
    found = report(["a", "b"])
    unseen, absent, open_ended = found.warnings
    assert "no supervision at all" in unseen and "gallbladder" in unseen and "spleen" not in unseen
    assert "known absent" in absent and "left kidney" in absent and absent.count(",") == 2
    assert "nowhere complete" in open_ended and open_ended.endswith(": right kidney")
    assert not found.errors
    assert found.notes == ("structures are known absent in 1 whole volumes: declared complete, painted nowhere",)


def test_coverage_counts_cases_volumes_slices_and_voxels(make, report):
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 2:4, 3] = 1
    labels[4, 4, 4:7] = 20, 255, 21
    make("a", labels, slices={"k": {"0-2": (1, 5)}, "i": {"3": (1,)}}, unions={20: (2, 3), 21: (0, 9)})
    make("b", painted(1), annotated=(1, 6))
    make("c")
    found = report(["a", "b", "c"])
    spleen, kidney, liver = row(found, 1), row(found, 2), row(found, 6)
    assert (spleen.cases, spleen.complete_volumes, spleen.complete_slices, spleen.empty_slices) == (2, 1, 4, 2)
    assert spleen.painted_voxels == 4 and spleen.known_absent == 0
    assert (kidney.cases, kidney.union_voxels, kidney.painted_voxels) == (1, 1, 0)
    assert (liver.cases, liver.known_absent) == (1, 1)
    assert row(found, 9).cases == 0  # "background or postcava" teaches no postcava
    assert (row(found, 5).complete_slices, row(found, 5).empty_slices) == (3, 3)
    assert any("1 of 3 cases of `train` are unlabelled" in note for note in found.notes)
    assert any(note.startswith("5 declared slices have nothing") for note in found.notes)


def test_a_patient_on_two_sides_is_an_error(make, report):
    for name, patient in (("a", "p"), ("b", "p"), ("c", "p"), ("d", None), ("e", None)):
        make(name, painted(), annotated=EVERY, patient=patient)
    assert not report(["a", "b"]).errors
    (error,) = report(["a", "b", "d"], ["c", "e"]).errors
    assert error == "a (train) and c (validation) are of one patient: put them on one side of the split"
    assert len(report(["a"], ["b"], ["c"]).errors) == 3


def test_the_same_image_is_found_whatever_its_file(make, report):
    image = picture(77)
    make("a", painted(), image=image, annotated=EVERY)
    flipped = Volume(np.ascontiguousarray(image.array[:, :, ::-1].transpose(2, 0, 1)), (9, 9, 9), (1, 1, 1), np.eye(3))
    make("b", image=Volume(flipped.array.astype(np.float32), SPACING, (5, 5, 5), np.eye(3)))
    make("c", painted(), annotated=EVERY)
    (warning,) = report(["a", "b", "c"]).warnings
    assert warning == "a (train) and b (train) have the same image: it counts twice"
    (error,) = report(["a"], ["c"], ["b"]).errors
    assert error == "a (train) and b (held_out) have the same image: keep one of them"


def test_fingerprints_tell_images_apart():
    array = np.random.default_rng(0).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
    same = [array[::-1], array.transpose(2, 1, 0), array.astype(np.float32), array.astype(np.int64), array + 0.0]
    assert {fingerprint(other) for other in same} == {fingerprint(array)}
    changed = array.copy()
    changed[0, 0, 0] += 1
    assert fingerprint(changed) != fingerprint(array) != fingerprint(array.reshape(5, 7, 6)[:, :, :5])
    wide = array.astype(np.int64) * 10**9
    assert fingerprint(wide) == fingerprint(wide.astype(np.float64)) != fingerprint(array)
    assert fingerprint(np.array([[[0.0, 1.0]]])) == fingerprint(np.array([[[-0.0, 1.0]]]))


def test_labels_beside_the_image_are_an_error(make, report):
    entry = make("outside", painted(), annotated=EVERY)
    write_volume(entry.label, Volume(painted(1), SPACING, (0.0, 0.0, 99.0), np.eye(3)))
    entry = make("beside", painted(), annotated=EVERY)
    write_volume(entry.label, Volume(painted(1), SPACING, (1.0, 0.0, 0.0), np.eye(3)))
    entry = make("cropped", painted(), annotated=EVERY)
    write_volume(entry.label, Volume(painted(1)[:3], SPACING, (0.0, 0.0, 0.0), np.eye(3)))
    entry = make("turned", painted(1), annotated=EVERY)
    turned = Volume(painted(1)[::-1], SPACING, (0.0, 0.0, 15.0), np.diag([1.0, 1.0, -1.0]))
    write_volume(entry.label, turned)
    errors = report(["outside", "beside", "cropped", "turned"]).errors
    outside, beside, cropped = errors
    assert "case outside: 2 painted voxels lie outside the image" in outside
    assert "case beside" in beside and "do not share their voxels" in beside
    assert "case cropped" in cropped and "do not cover the same space" in cropped


def test_painted_voxels_outside_the_image_are_counted(make, report):
    entry = make("a", painted(), annotated=EVERY)
    labels = np.zeros((9, 7, 8), np.uint8)
    labels[5, 0, 0] = labels[6, 0, :3] = 1
    write_volume(entry.label, Volume(labels, SPACING, (0, 0, 0), np.eye(3)))
    (error,) = report(["a"]).errors
    assert error == "case a: 3 painted voxels lie outside the image: crop or pad the label to the image's grid"


def test_bad_files_are_all_told_at_once(make, report):
    nan = picture(1).array.astype(np.float32)
    nan[0, 0, 0] = np.nan
    make("nan", painted(), image=Volume(nan, SPACING, (0, 0, 0), np.eye(3)), annotated=EVERY)
    make("flat", painted(), image=Volume(np.full(SHAPE, 7, np.int16), SPACING, (0, 0, 0), np.eye(3)), annotated=EVERY)
    labels = painted()
    labels[5, 5, 5] = 99
    make("strange", labels, annotated=EVERY)
    rewrite(make("beyond", painted(), annotated=EVERY), annotated=[1, 17])
    rewrite(make("slices", painted()), slices={"k": {"6": [1]}})
    gone = make("gone", painted(), annotated=EVERY)
    gone.image.unlink()
    rewrite(gone, image="image.nii.gz")
    errors = report(["nan", "flat", "strange", "beyond"], ["slices"], ["gone"]).errors
    expected = ("not numbers", "same value", "label 99 stands for no", "label 17", "slice 6", "does not exist")
    assert len(errors) == 6 and all("\n" not in error for error in errors)
    for text, name, error in zip(expected, ("nan", "flat", "strange", "beyond", "slices", "gone"), errors, strict=True):
        assert text in error and f"case {name}" in error


def test_a_case_to_test_on_needs_labels(make, report):
    make("a", painted(), annotated=EVERY)
    make("b")
    assert report(["a"], [], ["b"]).warnings == (
        "b (held_out) has no labels: there is nothing to compare a result with",
    )


def test_label_maps_count_as_complete(make, report, tmp_path):
    make("a", painted(1), annotated=(1,))
    write_volume(tmp_path / "map.nii.gz", Volume(painted(1, 14), SPACING, (0, 0, 0), np.eye(3)))
    write_volume(tmp_path / "bad.nii.gz", Volume(painted(1, 40), SPACING, (0, 0, 0), np.eye(3)))
    maps = {name: LabelMapEntry(name=name, labels16=tmp_path / f"{name}.nii.gz") for name in ("map", "bad")}
    dataset = Dataset(tmp_path, {**load_dataset(tmp_path).entries, **maps})
    found = check_dataset(dataset, ["a", "map"], [], [], LABEL_SET)
    assert row(found, 14).complete_volumes == 1 and row(found, 1).cases == 2 and not found.errors
    (error,) = check_dataset(dataset, ["bad"], [], [], LABEL_SET).errors
    assert error.startswith("label map bad: label 40")


def test_a_missing_name_and_progress(make, report):
    make("a", painted(), annotated=EVERY)
    steps = []
    report(["a"], progress=lambda done, total, name: steps.append((done, total, name)))
    assert steps == [(0, 1, "a"), (1, 1, "")]
    with pytest.raises(UserError, match="no case named b"):
        report(["b"])
