"""What plain Slicer saves and loads keeps label values, colors, codes, record and lock."""

import numpy as np
import pytest
import slicer
import slicer.util

from PartialSegLib.annotation.tags import RECORD_TAG
from PartialSegLib.image.labels import read_labels, read_segmentation
from PartialSegLib.scene import (
    add_background_segment,
    labels_of,
    new_segmentation,
    protected,
    read_record,
    set_labels,
    set_protected,
    volume_of,
    write_record,
)
from PartialSegLib.scene.segments import tag_of
from PartialSegLib.supervision import Completeness, State

UNIONS = {20: (2, 3)}


@pytest.fixture
def annotated(volume_node, label_set, blocks):
    """A function: volume node, segmentation with record, its labels and completeness."""

    def make(geometry="tilted"):
        source = volume_node(geometry)
        node = new_segmentation(source, label_set, "Organs")
        add_background_segment(node)
        labels = blocks(1, 6, 8, 20, 255)
        set_labels(node, source, labels, [*range(1, 17), 20, 255], label_set, unions=UNIONS)
        table = np.zeros((12, 17), np.uint8)
        table[3:5, 6] = State.COMPLETE
        volume = np.zeros(17, np.uint8)
        volume[[1, 16]] = State.COMPLETE
        volume[[6, 8]] = State.IN_PART
        completeness = Completeness(volume, table)
        write_record(node, completeness, label_set)
        set_protected(node, 8, True, label_set)
        return source, node, labels, completeness

    return make


def saved(node, path):
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    assert storage.WriteData(node)
    return path


def loaded(path, source):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Loaded")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    node.SetReferenceImageGeometryParameterFromVolumeNode(source)
    return node


def same(completeness, other):
    assert np.array_equal(completeness.volume, other.volume)
    for name in "zyx":
        one, two = getattr(completeness, name), getattr(other, name)
        assert (one is None or not one.any()) if two is None else np.array_equal(one, two)


def check(node, source, labels, completeness, label_set):
    found = labels_of(node, source, label_set)
    assert np.array_equal(found.labels, labels)
    assert (found.unions, found.warnings) == (UNIONS, ())
    for structure in label_set:
        segment = node.GetSegmentation().GetSegment(structure.key)
        assert (segment.GetLabelValue(), segment.GetName()) == (structure.value, structure.name)
        assert segment.GetTerminology() == structure.terminology
        assert np.allclose(segment.GetColor(), np.array(structure.color) / 255, atol=1e-3)
    record, warnings = read_record(node, label_set)
    same(record, completeness)
    assert warnings == ()
    assert protected(node, label_set) == {1, 8, 16}


def test_the_record_comes_back_from_the_scene(annotated, label_set, anyhow):
    source, node, labels, completeness = annotated(anyhow)
    check(node, source, labels, completeness, label_set)


def test_seg_nrrd_saved_and_loaded_by_slicer(annotated, label_set, anyhow, tmp_path):
    source, node, labels, completeness = annotated(anyhow)
    again = loaded(saved(node, tmp_path / "a.seg.nrrd"), source)
    check(again, source, labels, completeness, label_set)
    twice = loaded(saved(again, tmp_path / "b.seg.nrrd"), source)
    check(twice, source, labels, completeness, label_set)


def test_our_reader_reads_what_slicer_saved(annotated, label_set, anyhow, tmp_path):
    source, node, labels, _ = annotated(anyhow)
    found = read_segmentation(saved(node, tmp_path / "a.seg.nrrd"), label_set)
    assert np.array_equal(found.labels.array, labels)
    assert found.labels.same_grid(volume_of(source))
    assert found.unions == UNIONS


def test_mrb_saved_and_loaded_by_slicer(annotated, label_set, tmp_path):
    _, _, labels, completeness = annotated()
    path = str(tmp_path / "scene.mrb")
    assert slicer.mrmlScene.WriteToMRB(path)
    slicer.mrmlScene.Clear(0)
    assert slicer.mrmlScene.ReadFromMRB(path)
    node, source = slicer.util.getNode("Organs"), slicer.util.getNode("CT")
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert node.GetNodeReference(role) is source
    check(node, source, labels, completeness, label_set)


def test_an_edit_elsewhere_takes_complete_back(annotated, label_set, tmp_path):
    source, node, labels, _ = annotated()
    again = loaded(saved(node, tmp_path / "a.seg.nrrd"), source)
    mask = (labels == 1).astype(np.uint8)
    mask[0, 9, 9] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, again, "spleen", source)
    record, warnings = read_record(again, label_set)
    assert record.volume[1] == State.IN_PART
    assert record.volume[16] == State.COMPLETE and (record.z[3:5, 6] == State.COMPLETE).all()
    assert len(warnings) == 1 and "spleen" in warnings[0]


def test_a_deleted_segment_is_no_longer_complete(annotated, label_set):
    _, node, _, _ = annotated()
    node.GetSegmentation().RemoveSegment("spleen")
    record, _ = read_record(node, label_set)
    assert record.volume[1] != State.COMPLETE


def test_complete_shows_as_completed_in_slicers_list(annotated):
    _, node, _, _ = annotated()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    status = {key: logic.GetSegmentStatus(node.GetSegmentation().GetSegment(key)) for key in ("spleen", "liver")}
    assert status == {"spleen": logic.Completed, "liver": logic.InProgress}
    assert tag_of(node.GetSegmentation().GetSegment("spleen"), RECORD_TAG).startswith("1;")


def test_predictions_written_by_the_command_line_load_in_slicer(volume, volume_node, label_set, blocks, tmp_path):
    from PartialSegLib.image import write_segmentation

    source, labels = volume_node("tilted"), blocks(*range(1, 17))
    write_segmentation(tmp_path / "a.seg.nrrd", volume("tilted").like(labels), label_set)
    node = loaded(tmp_path / "a.seg.nrrd", source)
    assert np.array_equal(labels_of(node, source, label_set).labels, labels)
    again = read_labels(saved(node, tmp_path / "b.seg.nrrd"), label_set)
    assert np.array_equal(again.array, labels)
