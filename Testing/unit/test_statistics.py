import csv

import numpy as np
import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume
from PartialSegLib.inference.result import Segmentation, count_voxels, touching_edge
from PartialSegLib.statistics import AT_EDGE, NOT_FOUND, OUTSIDE, Row, header, measure, write_csv
from PartialSegLib.structures import load_label_set

LABEL_SET = load_label_set()


def volume(array, spacing=(2.0, 3.0, 5.0), direction=None, origin=(0.0, 0.0, 0.0)):
    return Volume(array, spacing, origin, np.eye(3) if direction is None else direction)


def segmentation(labels, kept=range(1, 17), grid=None):
    kept = list(kept)
    grid = volume(labels) if grid is None else grid.like(labels)
    voxels = count_voxels(labels, kept)
    return Segmentation(
        labels=grid,
        modality="ct",
        modality_reason="",
        confidence=dict.fromkeys(kept, 0.5),
        voxels=voxels,
        volumes_ml={value: n * grid.voxel_volume_ml for value, n in voxels.items()},
        touches_edge=touching_edge(labels, kept),
        timings={},
        backend="",
        device="",
        precision="",
        windows=0,
    )


@pytest.mark.parametrize("dtype, offset", [(np.int16, 0), (np.float32, 1000), (np.float64, 1e10)])
def test_rows_equal_what_numpy_says_of_each_structure(dtype, offset):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 17, (7, 8, 9)).astype(np.uint8)
    array = (rng.integers(-1000, 1000, labels.shape) + offset).astype(dtype)
    rows = measure(volume(array), segmentation(labels), LABEL_SET)
    assert [row.label for row in rows] == list(range(1, 17))
    for row in rows:
        values = array[labels == row.label].astype(np.float64)
        assert row.voxels == values.size and row.volume_ml == pytest.approx(values.size * 0.03)
        assert row.mean_intensity == pytest.approx(values.mean()) and row.std_intensity == pytest.approx(values.std())
        assert row.structure == LABEL_SET.by_value(row.label).name


def test_no_warning_and_no_number_where_nothing_was_found():
    labels = np.zeros((4, 4, 4), np.uint8)
    with np.errstate(all="raise"):
        rows = measure(volume(labels.astype(np.int16)), segmentation(labels), LABEL_SET)
    assert {(row.mean_intensity, row.std_intensity, row.confidence, row.note) for row in rows} == {
        (None, None, None, NOT_FOUND)
    }


def test_only_what_was_asked_for_has_a_row():
    labels = np.full((4, 4, 4), 6, np.uint8)
    rows = measure(volume(labels), segmentation(labels, kept=[2, 6]), LABEL_SET)
    assert [(row.label, row.note) for row in rows] == [(2, NOT_FOUND), (6, AT_EDGE)]


DIRECTIONS = {
    "lps": np.eye(3),
    "feet_first": np.diag([1.0, -1.0, -1.0]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]),
}


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_what_lies_below_the_scan_is_told_from_what_was_missed(direction):
    """A cube of 300 mm with both kidneys 100 mm above its lower face: no pelvis, no diaphragm missing."""
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[9:12, 26:29, 10:13], labels[9:12, 26:29, 20:23] = 2, 3  # in LPS order: 100 mm from the feet
    axes = [2 - int(np.argmax(np.abs(direction[:, 2 - axis]))) for axis in range(3)]
    labels = np.transpose(labels, axes)
    for axis in range(3):
        if direction[:, 2 - axis].sum() < 0:
            labels = np.flip(labels, axis)
    grid = volume(np.ascontiguousarray(labels), (10.0, 10.0, 10.0), direction, origin=(5.0, -7.0, 400.0))
    rows = {row.structure: row.note for row in measure(grid, segmentation(grid.array, grid=grid), LABEL_SET)}
    assert rows.pop("right kidney") == rows.pop("left kidney") == ""
    outside = {name for name, note in rows.items() if note == OUTSIDE}
    assert outside == {"bladder", "prostate/uterus"}
    assert {note for name, note in rows.items() if name not in outside} == {NOT_FOUND}


def test_the_csv_file_holds_every_row_and_says_nothing_where_there_is_nothing(tmp_path):
    rows = [
        Row("prostate/uterus", 15, 3, 1.23456, 40.126, 2.0, 0.98765, "größer"),
        Row("liver", 6, 0, 0.0, None, None, None, "not found"),
    ]
    write_csv(tmp_path / "a.csv", {"=1+1": rows}, with_case=True)
    lines = list(csv.reader((tmp_path / "a.csv").open(encoding="utf-8", newline="")))
    assert lines == [
        header(with_case=True),
        ["'=1+1", "prostate/uterus", "15", "3", "1.235", "40.13", "2.00", "0.9877", "größer"],
        ["'=1+1", "liver", "6", "0", "0.000", "", "", "", "not found"],
    ]
    write_csv(tmp_path / "b.csv", {"": rows})
    assert [line[1:] for line in lines] == list(csv.reader((tmp_path / "b.csv").open(encoding="utf-8", newline="")))


def test_a_csv_that_cannot_be_written_is_a_user_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError):
        write_csv(tmp_path / "file" / "a.csv", {})
