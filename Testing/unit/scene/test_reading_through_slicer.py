"""A reading that plain Slicer opened, perhaps edited, and saved in its place: what is unchanged keeps its record."""

import json

import numpy as np
import pytest
import slicer
import slicer.util

from PartialSegLib.annotation.ledger import same
from PartialSegLib.annotation.reading import CaseState, Reading, open_reading, save_reading
from PartialSegLib.dataset import load_dataset, read_annotation
from PartialSegLib.image import write_volume
from PartialSegLib.supervision import Completeness, State, candidate_sets

UNIONS = {20: (2, 3), 33: (0, 6)}


@pytest.fixture
def reading(tmp_path, volume, blocks, anyhow):
    """Case folder and the reading saved in it, on a volume that lies in any way."""
    case = tmp_path / "d" / "c1"
    case.mkdir(parents=True)
    scan = volume(anyhow)
    write_volume(case / "image.nii.gz", scan)
    (case / "case.json").write_text(json.dumps({"modality": "ct"}), encoding="utf-8")
    table = np.zeros((12, 17), np.uint8)
    table[3:5, [1, 6, 9]], table[7, 8] = State.COMPLETE, State.IN_PART
    record = Completeness(Completeness.of_volume((1, 6, 15), 17).volume, table)
    labels = scan.like(blocks(1, 6, 8, 20, 33, 255))
    return case, save_reading(case, Reading("AB", labels, record, UNIONS, CaseState.DONE, 60.0))


def through_slicer(case, edit=None):
    path = str(case / "readings/AB.seg.nrrd")
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "AB")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(path)
    assert storage.ReadData(node)
    if edit:
        edit(node)
    assert storage.WriteData(node)


def test_saved_again_unchanged_everything_is_kept(reading):
    case, said = reading
    before = (case / "readings/AB.seg.nrrd").read_bytes()
    through_slicer(case)
    assert (case / "readings/AB.seg.nrrd").read_bytes() != before  # Slicer has its own way to write it
    found = open_reading(case, "AB")
    assert found.warnings == () and found.labels.same_grid(said.labels)
    np.testing.assert_array_equal(found.labels.array, said.labels.array)
    assert same(found.completeness, said.completeness)
    assert (found.unions, found.state, found.seconds, found.revision) == (UNIONS, CaseState.DONE, 60.0, 1)
    entry = load_dataset(case.parent).cases["c1"]
    labels, record = read_annotation(entry)
    expected = candidate_sets(said.labels.array, said.completeness, UNIONS)
    np.testing.assert_array_equal(candidate_sets(labels.array, record, entry.unions), expected)


def test_edited_only_what_was_edited_is_in_part(reading):
    case, said = reading

    def erase_some_liver(node):
        array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, "liver")
        place = tuple(np.argwhere(array == 6)[0])
        array[place] = 0
        node.GetSegmentation().GetSegment("liver").Modified()

    through_slicer(case, erase_some_liver)
    found = open_reading(case, "AB")
    assert found.warnings == ("liver changed outside PartialSeg: now in part, look at it again",)
    assert int((found.labels.array != said.labels.array).sum()) == 1
    assert found.completeness.volume[[1, 6, 15]].tolist() == [State.COMPLETE, State.IN_PART, State.COMPLETE]
    assert found.completeness.z[3, [1, 6, 9]].tolist() == [State.COMPLETE, State.IN_PART, State.COMPLETE]
    record = read_annotation(load_dataset(case.parent).cases["c1"])[1]
    assert record.volume[6] == record.z[3, 6] == State.IN_PART and record.volume[15] == State.COMPLETE


def test_a_segment_that_a_person_added_or_removed(reading):
    case, _ = reading

    def add_and_remove(node):
        node.GetSegmentation().AddEmptySegment("Segment_1", "Segment_1")
        node.GetSegmentation().RemoveSegment("spleen")

    through_slicer(case, add_and_remove)
    found = open_reading(case, "AB")
    assert not (found.labels.array == 1).any() and found.completeness.volume[1] == State.IN_PART
    assert found.completeness.volume[6] == State.COMPLETE and len(found.warnings) == 1
