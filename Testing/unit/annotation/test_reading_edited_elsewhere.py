"""What other programs, copies and damage do to a reading: said in one line, in part afterwards, never complete."""

import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from reading_cases import SHAPE, UNIONS, N, assert_same, content, new_case, opened, volume

from PartialSegLib.annotation.ledger import same
from PartialSegLib.annotation.reading import CaseState, Conflict, Reading, save_reading
from PartialSegLib.dataset import load_dataset, read_annotation
from PartialSegLib.errors import UserError
from PartialSegLib.image.segment_tags import format_tags, parse_tags
from PartialSegLib.image.text_headers import nrrd_header
from PartialSegLib.supervision import Completeness, State, candidate_sets

LABELS, SIDE = "readings/AB.seg.nrrd", "readings/AB.json"
NOT_THE_LIVER = [1, 2, 3, 15]


@pytest.fixture
def case(tmp_path):
    """A reading: liver, spleen and both kidneys complete in the volume, tumour 15 known absent, all in slice 4."""
    case = new_case(tmp_path / "d")
    save_reading(case, declared())
    return case


def declared():
    z = np.zeros((SHAPE[0], N), np.uint8)
    z[4, 1:] = State.COMPLETE
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 1:4, 2:6], labels[2, 4], labels[4, 5, 5], labels[3, 3, 3] = 6, 1, 2, 20
    record = Completeness.of_volume((1, 2, 3, 6, 15), N)
    return Reading("AB", volume(labels), Completeness(record.volume, z), UNIONS, CaseState.DONE, 5.0)


def resaved(path, change=None, tags=None, drop=(), crop=None):
    """Write the file again as another program does: own layout, tags kept, sorted; `change` edits the voxels."""
    header = nrrd_header(path)
    image = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(image)
    if change:
        change(array)
    new = sitk.GetImageFromArray(array)
    new.CopyInformation(image)
    if crop:
        new = new[crop]
    segments = [header[f"Segment{n}_ID"] for n in range(30) if f"Segment{n}_ID" in header]
    kept = [n for n, name in enumerate(segments) if name not in drop]
    for place, n in enumerate(kept):
        for key in ("ID", "Name", "LabelValue", "Layer", "Color"):
            new.SetMetaData(f"Segment{place}_{key}", header[f"Segment{n}_{key}"])
        found = parse_tags(header[f"Segment{n}_Tags"])
        found = tags(segments[n], found) if tags else found
        new.SetMetaData(f"Segment{place}_Tags", format_tags(dict(sorted(found.items()))))
    sitk.WriteImage(new, str(path), True)


def complete_anywhere(record):
    tables = [table for table in (record.volume[None], record.z, record.y, record.x) if table is not None]
    return sorted({s for table in tables for s in np.argwhere(table == State.COMPLETE)[:, 1].tolist()})


def trained(case):
    entry = load_dataset(case.parent).cases["c1"]
    return (*read_annotation(entry), entry)


def test_saved_again_by_another_program_it_is_the_same(case):
    resaved(case / LABELS)
    assert_same(opened(case), declared())
    labels, record, entry = trained(case)
    expected = candidate_sets(declared().labels.array, declared().completeness, UNIONS)
    np.testing.assert_array_equal(candidate_sets(labels.array, record, entry.unions), expected)


def test_also_without_its_side_file(case):
    (case / SIDE).unlink()
    resaved(case / LABELS)
    assert_same(opened(case), declared())


def test_changed_voxels_take_back_what_was_said_of_their_structure_only(case):
    def paint(array):
        array[1, 0, 0] = 6

    resaved(case / LABELS, paint)
    reading = opened(case)
    assert reading.warnings == ("liver changed outside PartialSeg: now in part, look at it again",)
    assert reading.labels.array[1, 0, 0] == 6
    assert reading.completeness.volume[6] == reading.completeness.z[4, 6] == State.IN_PART
    assert (reading.completeness.volume[NOT_THE_LIVER] == State.COMPLETE).all()
    labels, record, _ = trained(case)
    assert labels.array[1, 0, 0] == 6
    assert (record.volume[6], record.z[4, 6], record.volume[15]) == (State.IN_PART, State.IN_PART, State.COMPLETE)
    # Saved as it is now, the warning is gone and the declaration with it.
    saved = save_reading(case, reading)
    assert saved.revision == 2 and opened(case).warnings == ()
    assert opened(case).completeness.volume[6] == State.IN_PART


def test_another_structure_painted_over_one_changes_both(case):
    def paint(array):
        array[2, 4, 0] = 9

    resaved(case / LABELS, paint)
    reading = opened(case)
    assert complete_anywhere(reading.completeness) == [s for s in range(1, N) if s not in (1, 9)]
    assert reading.completeness.volume[9] == State.IN_PART


def test_a_deleted_segment(case):
    def erase(array):
        array[array == 6] = 0

    resaved(case / LABELS, erase, drop=("liver",))
    assert 6 not in complete_anywhere(opened(case).completeness)
    assert 6 not in complete_anywhere(trained(case)[1])


def test_a_deleted_segment_that_was_known_absent(case):
    """Its voxels are the same, none; only that it was declared is told by one place and not by the other."""
    resaved(case / LABELS, drop=(parsed(case)["structures"]["15"]["name"],))
    reading = opened(case)
    assert 15 not in complete_anywhere(reading.completeness) and len(reading.warnings) == 1
    assert "say different things" in reading.warnings[0]


def test_tags_that_say_more_than_the_side_file(case):
    def more(name, tags):
        grown = {key: text.replace("volume=not looked at", "volume=complete") for key, text in tags.items()}
        return grown if name == "pancreas" else tags

    resaved(case / LABELS, tags=more)
    reading = opened(case)
    value = next(int(v) for v, entry in parsed(case)["structures"].items() if entry["name"] == "pancreas")
    assert reading.warnings[0].startswith("the tags and the side file say different things of pancreas: now in part")
    assert complete_anywhere(reading.completeness) == [s for s in range(1, N) if s != value]


def test_a_side_file_that_says_more_than_the_tags(case):
    side = parsed(case)
    side["structures"]["9"]["volume"] = "complete"
    (case / SIDE).write_text(json.dumps(side), encoding="utf-8")
    assert complete_anywhere(opened(case).completeness) == [s for s in range(1, N) if s != 9]
    assert 9 not in complete_anywhere(trained(case)[1])


def test_an_older_segmentation_put_back_beside_a_newer_side_file(case):
    old = (case / LABELS).read_bytes()
    fewer = Completeness.of_volume((1, 2, 3, 15), N)
    save_reading(case, replace(opened(case), completeness=fewer))
    (case / LABELS).write_bytes(old)
    reading = opened(case)
    assert complete_anywhere(reading.completeness) == []  # of every structure the two say different things
    assert len(reading.warnings) == 1 and reading.revision == 2


@pytest.mark.parametrize("content_", [b"", b"{", b"[]", b'{"format": 2}', b"\xff\xfe\x00"])
def test_a_damaged_side_file(case, content_):
    """The tags say everything, and hashes say that they are of these voxels: nothing is lost, and it is said."""
    (case / SIDE).write_bytes(content_)
    reading = opened(case)
    assert len(reading.warnings) == 1 and "is damaged" in reading.warnings[0] and "\n" not in reading.warnings[0]
    assert_same(replace(reading, warnings=()), declared())
    assert same(trained(case)[1], Completeness(declared().completeness.volume, declared().completeness.z))
    save_reading(case, reading)
    assert opened(case).warnings == ()


def test_tags_lost(case):
    """A program that keeps no tags: names still tell the segments, unions included, but nothing is declared."""
    resaved(case / LABELS, tags=lambda name, tags: {})
    reading = opened(case)
    np.testing.assert_array_equal(reading.labels.array, declared().labels.array)
    assert reading.unions == UNIONS and complete_anywhere(reading.completeness) == []
    assert reading.warnings == ("its segments lost their record: nothing counts as complete, declare it again",)
    assert (reading.completeness.volume[[1, 2, 3, 6, 15]] == State.IN_PART).all()


def test_segments_of_another_case_copied_in(case, tmp_path):
    other = new_case(tmp_path / "e")
    save_reading(other, content(2, unions=UNIONS))
    foreign = {}
    header = nrrd_header(other / LABELS)
    for n in range(16):
        foreign[header[f"Segment{n}_ID"]] = parse_tags(header[f"Segment{n}_Tags"])
    (case / SIDE).unlink()
    name = header["Segment8_ID"]
    resaved(case / LABELS, tags=lambda segment, tags: foreign[segment] if segment == name else tags)
    reading = opened(case)
    assert complete_anywhere(reading.completeness) == [] and "come from several readings" in reading.warnings[0]


def test_cropped_by_another_program_it_is_put_back_in_place(case):
    resaved(case / LABELS, crop=(slice(0, 8), slice(0, 6), slice(1, 5)))
    assert_same(opened(case), declared())
    labels, record, entry = trained(case)
    expected = candidate_sets(declared().labels.array, declared().completeness, UNIONS)
    np.testing.assert_array_equal(candidate_sets(labels.array, record, entry.unions), expected)


@pytest.mark.parametrize("what", ["spacing", "origin", "shape", "direction"])
def test_another_geometry(case, what):
    path = case / LABELS
    header = nrrd_header(path)
    image = sitk.ReadImage(str(path))
    if what == "spacing":
        image.SetSpacing((0.7, 1.1, 2.6))
    elif what == "origin":
        image.SetOrigin((-101.0, 33.25, 7.125))
    elif what == "direction":
        image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, 1))
    else:
        image = sitk.Resample(image, (8, 7, 12), sitk.Transform(), sitk.sitkNearestNeighbor, image.GetOrigin(),
                              (0.7, 1.1, 1.25), image.GetDirection())  # fmt: skip
    for key, value in header.items():
        if key.startswith("Segment"):
            image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path), True)
    reading = opened(case)
    assert complete_anywhere(reading.completeness) == [] and reading.completeness.z is None
    assert reading.warnings == (
        "its voxels are not those that the record is of: nothing counts as complete, declare it again",
    )
    if what != "shape":
        assert complete_anywhere(trained(case)[1]) == []


def test_a_foreign_segment_is_left_out_and_named(case):
    data = (case / LABELS).read_bytes()
    for old, new in ((b"_ID:=liver", b"_ID:=S_1"), (b"_Name:=liver", b"_Name:=cyst")):
        data = data.replace(old + b"\n", new + b"\n")
    (case / LABELS).write_bytes(data)
    reading = opened(case)
    assert reading.warnings[0] == "segments that abdomen16 does not know were left out: 'cyst'"
    assert not (reading.labels.array == 6).any() and 6 not in complete_anywhere(reading.completeness)
    with pytest.raises(UserError, match="segment 'cyst', which abdomen16 does not know"):
        trained(case)


def test_a_damaged_segmentation(case):
    data = (case / LABELS).read_bytes()
    (case / LABELS).write_bytes(data[:-40])
    for act in (lambda: opened(case), lambda: trained(case)):
        with pytest.raises(UserError, match="damaged, cut short") as caught:
            act()
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"earlier versions are in .*versions"):
        opened(case)


def test_a_missing_segmentation(case):
    (case / LABELS).unlink()
    with pytest.raises(UserError, match="is missing: copy the last one"):
        opened(case)


def test_edited_by_another_program_while_it_was_open(case):
    reading = opened(case)
    resaved(case / LABELS, lambda array: array.__setitem__((0, 0, 0), 6))
    edited = (case / LABELS).read_bytes()
    with pytest.raises(Conflict):
        save_reading(case, replace(reading, seconds=9.0, labels=content(1).labels))
    assert (case / LABELS).read_bytes() == edited


def test_a_case_that_changed_after_the_dataset_was_loaded(case):
    entry = load_dataset(case.parent).cases["c1"]
    reading = opened(case)
    other = reading.labels.array.copy()
    other[1, 0, 0] = 6
    fewer = Completeness.of_volume((1,), N)
    save_reading(case, replace(reading, labels=reading.labels.like(other), completeness=fewer))
    assert complete_anywhere(read_annotation(entry)[1]) == [1]
    save_reading(case, replace(opened(case), unions={20: (6, 7)}))
    with pytest.raises(UserError, match="label 20 means something else"):
        read_annotation(entry)


def parsed(case):
    return json.loads((case / SIDE).read_text(encoding="utf-8"))
