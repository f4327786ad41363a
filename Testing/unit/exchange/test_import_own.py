"""Readings that PartialSeg saved come in with everything that was declared, and no more than still holds."""

import json

import numpy as np
import pytest
from exchange_cases import SHAPE, image, only_case, sets_of, volume

from PartialSegLib.annotation.reading import CaseState, Reading, save_reading
from PartialSegLib.exchange import ImportOptions, Pair, import_all, read_source
from PartialSegLib.image import write_volume
from PartialSegLib.supervision import Completeness, State, candidate_sets

UNIONS = {20: (2, 3)}


@pytest.fixture
def reading(tmp_path):
    """A saved reading with slices, a union and painted background: its case folder, file and candidate sets."""
    case = tmp_path / "cases" / "c1"
    case.mkdir(parents=True)
    write_volume(case / "image.nii.gz", image())
    (case / "case.json").write_text(json.dumps({"modality": "ct"}))
    labels = np.random.default_rng(0).choice(np.array([0, 0, 1, 6, 20, 255], np.uint8), SHAPE)
    record = Completeness.of_volume((6,), 17)
    record.volume[[1, 2]] = State.IN_PART
    z = np.zeros((SHAPE[0], 17), np.uint8)
    z[2, [1, 6]] = State.COMPLETE
    record = Completeness(record.volume, z)
    saved = Reading("AB", volume(labels), record, UNIONS, CaseState.IN_PROGRESS, 1.0, 0, ())
    save_reading(case, saved)
    return case, case / "readings" / "AB.seg.nrrd", candidate_sets(labels, record, UNIONS)


def imported(tmp_path, case, path, **options):
    pair = Pair("c1", case / "image.nii.gz", path)
    report = import_all([pair], tmp_path / "out", ImportOptions(modality="ct", **options))
    assert report.failed == {}
    return only_case(tmp_path / "out")


def test_a_reading_keeps_its_record(reading, tmp_path):
    case, path, expected = reading
    np.testing.assert_array_equal(sets_of(imported(tmp_path, case, path)), expected)


def test_a_plan_of_ones_own_counts_instead(reading, tmp_path):
    case, path, expected = reading
    entry = imported(tmp_path, case, path, complete=("spleen",))
    assert entry.annotated == (1,) and entry.unions == UNIONS
    painted = (expected & (expected - 1)) == 0
    np.testing.assert_array_equal(sets_of(entry)[painted], expected[painted])  # structures and background


def test_segments_of_unions_and_background_have_names_that_say_so(reading):
    names = set(read_source(reading[1]).names.values())
    assert {"right_kidney or left_kidney", "liver", "spleen"} <= names


def test_another_image_is_refused(reading, tmp_path):
    _, path, _ = reading
    write_volume(tmp_path / "other.nii.gz", volume(np.arange(60, dtype=np.int16).reshape(3, 4, 5)))
    report = import_all([Pair("c1", tmp_path / "other.nii.gz", path)], tmp_path / "out", ImportOptions())
    assert "does not lie on the image's voxels" in report.failed["c1"]
