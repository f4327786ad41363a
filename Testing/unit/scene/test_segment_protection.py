"""What a person locked or declared complete is never overwritten."""

import numpy as np
import pytest
import slicer
import slicer.util

from PartialSegLib.errors import UserError
from PartialSegLib.scene import (
    add_background_segment,
    labels_of,
    new_segmentation,
    protected,
    put_volume,
    set_labels,
    set_labels_stepwise,
    set_protected,
)
from PartialSegLib.scene.layers import voxels_of

ALL = range(1, 17)
LOGIC = slicer.vtkSlicerSegmentationsModuleLogic


@pytest.fixture
def scene(volume_node, label_set):
    """Volume node and segmentation: liver at z 2-5, spleen at z 6-9."""
    source = volume_node()
    node = new_segmentation(source, label_set, "Organs")
    labels = np.zeros((12, 10, 14), np.uint8)
    labels[2:6, 2:8, 2:8], labels[6:10, 2:8, 2:8] = 6, 1
    set_labels(node, source, labels, ALL, label_set)
    return source, node, labels


def read(scene, label_set):
    return labels_of(scene[1], scene[0], label_set).labels


def test_lock_and_release(scene, label_set):
    node = scene[1]
    assert protected(node, label_set) == set()
    set_protected(node, 6, True, label_set)
    assert protected(node, label_set) == {6}
    set_protected(node, 6, False, label_set)
    assert protected(node, label_set) == set()


def test_completed_in_slicers_list_is_protected(scene, label_set):
    segment = scene[1].GetSegmentation().GetSegment("spleen")
    LOGIC.SetSegmentStatus(segment, LOGIC.Flagged)
    assert protected(scene[1], label_set) == set()
    LOGIC.SetSegmentStatus(segment, LOGIC.Completed)
    assert protected(scene[1], label_set) == {1}
    set_protected(scene[1], 1, False, label_set)
    assert LOGIC.GetSegmentStatus(segment) == LOGIC.InProgress


def test_a_structure_without_segment_cannot_be_locked(scene, label_set):
    scene[1].GetSegmentation().RemoveSegment("liver")
    with pytest.raises(UserError, match="no segment for this structure"):
        set_protected(scene[1], 6, True, label_set)


def test_a_protected_segment_keeps_its_voxels_and_gets_no_overlap(scene, label_set):
    source, node, labels = scene
    other = np.full_like(labels, 8)
    set_labels(node, source, other, ALL, label_set, protected={6})
    found = labels_of(node, source, label_set)
    assert np.array_equal(found.labels, np.where(labels == 6, 6, 8))
    assert found.unions == {}
    assert node.GetSegmentation().GetNumberOfLayers() == 1


def test_protection_holds_over_many_runs(scene, label_set):
    source, node, labels = scene
    rng = np.random.default_rng(1)
    for _ in range(5):
        set_labels(node, source, rng.integers(0, 17, labels.shape).astype(np.uint8), ALL, label_set, protected={1, 6})
    set_labels(node, source, np.zeros_like(labels), ALL, label_set, protected={1, 6})
    assert np.array_equal(read(scene, label_set), labels)


def test_painted_background_is_not_taken_by_a_prediction(scene, label_set):
    source, node, labels = scene
    add_background_segment(node)
    mask = np.zeros_like(labels)
    mask[0, 0] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "background", source)
    set_labels(node, source, np.full_like(labels, 8), ALL, label_set)
    found = read(scene, label_set)
    assert (found[0, 0] == 255).all() and (found != 255).sum() == (found == 8).sum()


def test_locked_voxels_keep_what_they_have(scene, label_set):
    source, node, labels = scene
    locked = np.zeros(labels.shape, bool)
    locked[4:8] = True
    set_labels(node, source, np.full_like(labels, 8), ALL, label_set, locked=locked)
    assert np.array_equal(read(scene, label_set), np.where(locked, labels, 8))


def test_lock_and_protection_together(scene, label_set):
    source, node, labels = scene
    locked = np.zeros(labels.shape, bool)
    locked[8:] = True
    set_labels(node, source, np.full_like(labels, 8), ALL, label_set, protected={6}, locked=locked)
    assert np.array_equal(read(scene, label_set), np.where(locked | (labels == 6), labels, 8))


def overlap(scene):
    """Let the spleen also take a slab of the liver, as Slicer does where overlap is allowed."""
    source, node, labels = scene
    mask = (labels == 1).astype(np.uint8)
    mask[5, 2:8, 2:8] = 1
    node.GetSegmentation().SeparateSegmentLabelmap("spleen")
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "spleen", source)


@pytest.mark.parametrize("how", ["protected", "locked"])
def test_what_overlaps_and_stays_still_overlaps(scene, label_set, how):
    source, node, labels = scene
    overlap(scene)
    before = labels_of(node, source, label_set)
    assert (before.labels == 20).sum() == 36
    given = {"protected": {1, 6}} if how == "protected" else {"locked": np.ones(labels.shape, bool)}
    set_labels(node, source, np.full_like(labels, 8), ALL, label_set, **given)
    after = labels_of(node, source, label_set)
    stays = before.labels if how == "locked" else np.where(before.labels == 0, 8, before.labels)
    assert np.array_equal(after.labels, stays)
    assert after.unions == before.unions


def test_a_protected_twin_stays_by_itself(scene, label_set):
    source, node, labels = scene
    node.GetSegmentation().AddEmptySegment("Segment_1", "Liver")
    mask = np.zeros_like(labels)
    mask[0, 0, :3] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "Segment_1", source)
    set_labels(node, source, np.full_like(labels, 8), ALL, label_set, protected={6})
    for segment_id, voxels in (("liver", labels == 6), ("Segment_1", mask != 0)):
        seen = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, source)
        assert np.array_equal(seen != 0, voxels)


def test_a_protected_segment_of_another_grid_is_not_resampled(scene, volume, label_set):
    source, node, _ = scene
    fine = put_volume(volume(((0.5, 0.5, 0.5), np.eye(3)), (8, 20, 28)), "Fine")
    before = slicer.util.arrayFromSegmentBinaryLabelmap(node, "liver", source).copy()
    set_labels(node, fine, np.full((8, 20, 28), 8, np.uint8), ALL, label_set, protected={6})
    assert np.array_equal(slicer.util.arrayFromSegmentBinaryLabelmap(node, "liver", source), before)
    found = labels_of(node, fine, label_set)
    assert (found.labels == 8).any() and found.unions == {}


def test_a_stroke_between_two_steps_is_not_lost(scene, label_set, monkeypatch):
    source, node, labels = scene
    monkeypatch.setattr("PartialSegLib.scene.steps._VOXELS_PER_STEP", 140)
    steps = set_labels_stepwise(node, source, np.full_like(labels, 8), ALL, label_set, protected={6})
    for _ in range(5):
        next(steps)
    image = node.GetSegmentation().GetSegment("liver").GetRepresentation("Binary labelmap")
    voxels_of(image)[0, 0, 0] = 6
    image.Modified()
    place = [image.GetExtent()[n] for n in (4, 2, 0)]
    for _ in steps:
        pass
    assert read(scene, label_set)[tuple(place)] == 6


def test_a_segmentation_that_is_removed_meanwhile(scene, label_set):
    source, node, labels = scene
    steps = set_labels_stepwise(node, source, labels, ALL, label_set)
    next(steps)
    slicer.mrmlScene.RemoveNode(node)
    with pytest.raises(UserError, match="was removed"):
        list(steps)


def test_steps_given_up_change_nothing(scene, label_set, monkeypatch):
    source, node, labels = scene
    monkeypatch.setattr("PartialSegLib.scene.steps._VOXELS_PER_STEP", 140)
    steps = set_labels_stepwise(node, source, np.full_like(labels, 8), ALL, label_set)
    fractions = [next(steps) for _ in range(8)]
    steps.close()
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert np.array_equal(read(scene, label_set), labels)
