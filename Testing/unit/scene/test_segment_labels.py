"""Label arrays to segments and back: every geometry, layers, overlaps, foreign segments."""

import numpy as np
import pytest
import slicer
import slicer.util

from PartialSegLib.errors import UserError
from PartialSegLib.scene import add_background_segment, labels_of, new_segmentation, set_labels
from PartialSegLib.scene.layers import voxels_of
from PartialSegLib.scene.segments import segment_ids

ALL = range(1, 17)


@pytest.fixture
def painted(volume_node, label_set, blocks):
    """A function: volume node, segmentation node and labels of all structures, written."""

    def make(geometry="straight", values=ALL):
        source, labels = volume_node(geometry), blocks(*values)
        node = new_segmentation(source, label_set, "Organs")
        set_labels(node, source, labels, values, label_set)
        return source, node, labels

    return make


def paint(node, segment_id, source, voxels):
    """As a script or effect in Slicer does: this segment becomes these voxels, others stay, also below."""
    mask = np.zeros((12, 10, 14), np.uint8)
    mask[voxels] = 1
    node.GetSegmentation().SeparateSegmentLabelmap(segment_id)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment_id, source)


def test_written_and_read_back(painted, label_set, anyhow):
    source, node, labels = painted(anyhow)
    found = labels_of(node, source, label_set)
    assert np.array_equal(found.labels, labels)
    assert found.labels.dtype == np.uint8
    assert (found.unions, found.warnings) == ({}, ())


def test_slicer_sees_the_same_voxels(painted, label_set, anyhow):
    source, node, labels = painted(anyhow)
    for structure in label_set:
        seen = slicer.util.arrayFromSegmentBinaryLabelmap(node, structure.key, source)
        assert np.array_equal(seen != 0, labels == structure.value), structure.name
        assert node.GetSegmentation().GetSegment(structure.key).GetLabelValue() == structure.value
    assert node.GetSegmentation().GetNumberOfLayers() == 1


def test_under_a_transform_labels_stay_on_their_voxels(volume_node, label_set, blocks, transform_node):
    source = volume_node("tilted")
    source.SetAndObserveTransformNodeID(transform_node(shift=(30, -7, 11)).GetID())
    node = new_segmentation(source, label_set, "Organs")
    labels = blocks(*ALL)
    set_labels(node, source, labels, ALL, label_set)
    assert np.array_equal(labels_of(node, source, label_set).labels, labels)
    seen = slicer.util.arrayFromSegmentBinaryLabelmap(node, "liver", source)
    assert np.array_equal(seen != 0, labels == 6)


def test_a_segmentation_under_another_transform_is_read_where_it_is_seen(painted, label_set, transform_node):
    source, node, labels = painted()
    node.SetAndObserveTransformNodeID(transform_node(shift=(-2, 0, 3)).GetID())  # RAS: 2 voxels right, 3 up
    found = labels_of(node, source, label_set)
    expected = np.zeros_like(labels)
    expected[3:, :, 2:] = labels[:-3, :, :-2]
    assert np.array_equal(found.labels, expected)
    assert any("reaches beyond CT" in warning for warning in found.warnings)


def test_writing_under_another_transform_puts_labels_where_the_volume_is(painted, label_set, transform_node):
    source, node, labels = painted("tilted")
    node.SetAndObserveTransformNodeID(transform_node(shift=(-2, 5, 3)).GetID())
    set_labels(node, source, labels, ALL, label_set)
    assert np.array_equal(labels_of(node, source, label_set).labels, labels)


def test_label_values_above_255_are_read(painted, label_set):
    source, node, labels = painted()
    segment = node.GetSegmentation().GetSegment("liver")
    image = segment.GetRepresentation("Binary labelmap")
    slicer.vtkOrientedImageDataResample.CastImageForValue(image, 300)
    voxels = voxels_of(image)
    voxels[voxels == 6] = 300
    segment.SetLabelValue(300)
    assert np.array_equal(labels_of(node, source, label_set).labels, labels)


def test_another_grid_is_resampled(painted, volume, volume_node, label_set):
    from PartialSegLib.image.volume import Volume
    from PartialSegLib.scene import put_volume

    _, node, labels = painted("tilted")
    fine = volume("tilted")
    shifted = tuple(fine.world((-0.25, -0.25, -0.25)))
    half = Volume(np.zeros((24, 20, 28), np.int16), tuple(s / 2 for s in fine.spacing), shifted, fine.direction)
    found = labels_of(node, put_volume(half, "Fine"), label_set)
    assert np.array_equal(found.labels, labels.repeat(2, 0).repeat(2, 1).repeat(2, 2))


def test_empty_segmentation(volume_node, label_set):
    source = volume_node()
    node = new_segmentation(source, label_set, "Organs")
    assert not labels_of(node, source, label_set).labels.any()
    set_labels(node, source, np.zeros((12, 10, 14), np.uint8), ALL, label_set)
    assert not labels_of(node, source, label_set).labels.any()
    assert len(segment_ids(node)) == 16


def test_only_the_values_asked_for_are_written(painted, label_set, blocks):
    source, node, labels = painted(values=[1, 2])
    wanted = np.zeros_like(labels)
    wanted[5, 5] = 6
    wanted[6, 6] = 7
    set_labels(node, source, wanted, [6], label_set)
    expected = labels.copy()
    expected[(wanted == 6) & (labels == 0)] = 6
    assert np.array_equal(labels_of(node, source, label_set).labels, expected)


def test_a_deleted_segment_comes_back_when_it_is_written(painted, label_set):
    source, node, labels = painted()
    node.GetSegmentation().RemoveSegment("liver")
    assert not (labels_of(node, source, label_set).labels == 6).any()
    set_labels(node, source, labels, ALL, label_set)
    assert np.array_equal(labels_of(node, source, label_set).labels, labels)


def test_background_and_unions_go_around(volume_node, label_set, blocks):
    source, labels = volume_node(), blocks(2, 3, 21, 255)
    node = new_segmentation(source, label_set, "Organs")
    unions = {21: (2, 3)}
    set_labels(node, source, labels, [*ALL, 21, 255], label_set, unions=unions)
    found = labels_of(node, source, label_set)
    assert np.array_equal(found.labels, labels)
    assert (found.unions, found.warnings) == (unions, ())
    set_labels(node, source, labels, [*ALL, 21, 255], label_set, unions=unions)
    assert len(segment_ids(node)) == 18


def test_order_of_segments_does_not_matter(painted, label_set):
    source, node, labels = painted()
    for position, key in enumerate(["duodenum", "aorta", "spleen"]):
        node.GetSegmentation().SetSegmentIndex(key, position)
    assert np.array_equal(labels_of(node, source, label_set).labels, labels)


def test_overlap_is_a_union_with_a_warning(painted, label_set):
    source, node, _ = painted(values=[])
    paint(node, "liver", source, np.s_[2:5, 2:5, 2:5])
    paint(node, "spleen", source, np.s_[4:7, 4:7, 4:7])
    assert node.GetSegmentation().GetNumberOfLayers() > 1
    found = labels_of(node, source, label_set)
    assert found.labels[4, 4, 4] == 20 and (found.labels == 20).sum() == 1
    assert (found.labels == 6).sum() == (found.labels == 1).sum() == 26
    assert found.unions == {20: (1, 6)}
    assert found.warnings == ("spleen and liver overlap in 1 voxel: there it counts as either of them",)


def test_three_that_overlap(painted, label_set):
    source, node, _ = painted(values=[])
    for key in ("liver", "spleen", "aorta"):
        paint(node, key, source, np.s_[4, 4, 4:6])
    found = labels_of(node, source, label_set)
    code = found.labels[4, 4, 4]
    assert found.unions[code] == (1, 6, 8)
    assert found.labels[4, 4, 5] == code


def test_a_structure_over_painted_background_may_be_both(painted, label_set):
    source, node, _ = painted(values=[])
    add_background_segment(node)
    paint(node, "liver", source, np.s_[2, 2, 2:4])
    paint(node, "background", source, np.s_[2, 2, 3:5])
    found = labels_of(node, source, label_set)
    assert found.labels[2, 2, 2:5].tolist() == [6, 20, 255]
    assert found.unions == {20: (0, 6)}


def test_foreign_segments_are_left_out_with_a_warning(painted, label_set):
    source, node, labels = painted()
    node.GetSegmentation().AddEmptySegment("Segment_1", "tumor")
    paint(node, "Segment_1", source, np.s_[0:3, 0:3, 0:3])
    found = labels_of(node, source, label_set)
    assert np.array_equal(found.labels, labels)
    assert len(found.warnings) == 1 and "'tumor' is no structure of abdomen16" in found.warnings[0]


def test_foreign_segments_are_not_touched(painted, label_set):
    source, node, labels = painted()
    node.GetSegmentation().AddEmptySegment("Segment_1", "tumor")
    paint(node, "Segment_1", source, np.s_[0:3, 0:3, 0:3])
    before = slicer.util.arrayFromSegmentBinaryLabelmap(node, "Segment_1", source).copy()
    set_labels(node, source, np.roll(labels, 1, 0), ALL, label_set)
    assert np.array_equal(slicer.util.arrayFromSegmentBinaryLabelmap(node, "Segment_1", source), before)
    assert np.array_equal(labels_of(node, source, label_set).labels, np.roll(labels, 1, 0))


def test_a_foreign_segment_in_the_shared_label_map_keeps_only_its_own(painted, label_set):
    source, node, labels = painted()
    segment_id = node.GetSegmentation().AddEmptySegment("Segment_1", "tumor")
    image = node.GetSegmentation().GetSegment(segment_id).GetRepresentation("Binary labelmap")
    value = node.GetSegmentation().GetSegment(segment_id).GetLabelValue()
    voxels_of(image)[0, 0, 0] = value
    set_labels(node, source, np.zeros_like(labels), ALL, label_set)
    remaining = voxels_of(node.GetSegmentation().GetSegment(segment_id).GetRepresentation("Binary labelmap"))
    assert np.unique(remaining).tolist() == [0, value]


def test_a_segment_with_the_name_of_another_is_pointed_out(painted, label_set):
    source, node, labels = painted()
    node.GetSegmentation().GetSegment("left_kidney").SetName("right kidney")
    found = labels_of(node, source, label_set)
    assert np.array_equal(found.labels, labels)
    assert len(found.warnings) == 1 and "is left kidney by its id" in found.warnings[0]


def test_a_second_segment_of_the_same_structure_counts(painted, label_set):
    source, node, labels = painted(values=[6])
    node.GetSegmentation().AddEmptySegment("Segment_1", "Liver")
    paint(node, "Segment_1", source, np.s_[9, 9, 0:3])
    expected = labels.copy()
    expected[9, 9, 0:3] = 6
    found = labels_of(node, source, label_set)
    assert np.array_equal(found.labels, expected) and found.warnings == ()
    set_labels(node, source, labels, [6], label_set)
    assert np.array_equal(labels_of(node, source, label_set).labels, labels)


def test_painting_after_writing_works_as_in_slicer(painted, label_set):
    source, node, labels = painted()
    mask = (labels == 6).astype(np.uint8)
    mask[0, 0, 0] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "liver", source)
    expected = labels.copy()
    expected[0, 0, 0] = 6
    assert np.array_equal(labels_of(node, source, label_set).labels, expected)


def test_surfaces_are_refused(painted, label_set):
    source, node, _ = painted()
    node.CreateClosedSurfaceRepresentation()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    with pytest.raises(UserError, match="made of surfaces"):
        labels_of(node, source, label_set)


@pytest.mark.parametrize("what", ["labels", "lock"])
def test_another_shape_is_refused(painted, label_set, what):
    source, node, labels = painted()
    locked = np.zeros((1, 2, 3), bool) if what == "lock" else None
    with pytest.raises(UserError, match=f"the {what} do not fit CT"):
        set_labels(node, source, labels if what == "lock" else labels[1:], ALL, label_set, locked=locked)


def test_one_change_is_told_once(painted, label_set):
    source, node, labels = painted()
    told = []
    tag = node.GetSegmentation().AddObserver(
        slicer.vtkSegmentation.SourceRepresentationModified, lambda *_: told.append(1)
    )
    set_labels(node, source, labels[::-1].copy(), ALL, label_set)
    node.GetSegmentation().RemoveObserver(tag)
    assert len(told) == 1
    assert node.GetModifiedSinceRead()
