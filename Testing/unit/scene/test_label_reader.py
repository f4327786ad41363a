"""Reading after every stroke gives what reading everything gives."""

import numpy as np
import pytest
import slicer.util

from PartialSegLib.scene import LabelReader, add_background_segment, labels_of, new_segmentation, set_labels


@pytest.fixture
def reader(volume_node, label_set, blocks, monkeypatch):
    """Reader, segmentation and volume; the labels lie in the middle of the volume."""
    monkeypatch.setattr("PartialSegLib.scene.steps._VOXELS_PER_STEP", 300)
    source = volume_node("tilted")
    node = new_segmentation(source, label_set, "Organs")
    add_background_segment(node)
    labels = np.zeros((12, 10, 14), np.uint8)
    labels[3:9, 2:8, 3:6], labels[3:9, 2:8, 7:9] = 6, 1
    set_labels(node, source, labels, range(1, 17), label_set)
    return LabelReader(node, source, label_set), node, source


def paint(node, source, key, place, value=1):
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, key, source)
    mask = np.zeros((12, 10, 14), np.uint8) if mask is None else (mask != 0).astype(np.uint8)
    mask[place] = value
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, key, source)


def check(reader, node, source, label_set):
    found, fresh = reader.read(), labels_of(node, source, label_set)
    assert np.array_equal(*map(meant, (found, fresh)))
    assert set(found.unions.values()) == set(fresh.unions.values())
    assert set(found.warnings) == set(fresh.warnings)
    return found


def meant(found):
    """The labels with each union as the bits of its classes: its value may be another one, whichever came first."""
    table = np.arange(256)
    for value, classes in found.unions.items():
        table[value] = 1000 + sum(1 << c for c in classes)
    return table[found.labels]


def test_random_strokes(reader, label_set):
    reader, node, source = reader
    rng = np.random.default_rng(3)
    keys = ["liver", "spleen", "aorta", "background"]
    check(reader, node, source, label_set)
    for number in range(25):
        z, y, x = (int(rng.integers(0, n - 2)) for n in (12, 10, 14))
        place = np.s_[z : z + 2, y : y + 2, x : x + 2]
        paint(node, source, keys[number % 4], place, int(rng.integers(0, 2)))
        check(reader, node, source, label_set)


def test_overlaps_come_and_go(reader, label_set):
    reader, node, source = reader
    node.GetSegmentation().SeparateSegmentLabelmap("spleen")
    check(reader, node, source, label_set)
    paint(node, source, "spleen", np.s_[4, 4, 3:6])
    assert check(reader, node, source, label_set).unions == {20: (1, 6)}
    paint(node, source, "spleen", np.s_[4, 4, 3:6], 0)
    assert check(reader, node, source, label_set).unions == {}


def test_other_changes_are_seen_too(reader, label_set):
    reader, node, source = reader
    check(reader, node, source, label_set)
    node.GetSegmentation().AddEmptySegment("Segment_1", "tumor")
    assert len(check(reader, node, source, label_set).warnings) == 1
    node.GetSegmentation().GetSegment("Segment_1").SetName("aorta thoracica")
    check(reader, node, source, label_set)
    node.GetSegmentation().RemoveSegment("liver")
    assert not (check(reader, node, source, label_set).labels == 6).any()
    set_labels(node, source, np.full((12, 10, 14), 3, np.uint8), range(1, 17), label_set)
    assert (check(reader, node, source, label_set).labels == 3).all()


def test_what_was_given_out_stays(reader, label_set):
    reader, node, source = reader
    before = reader.read().labels
    kept = before.copy()
    paint(node, source, "liver", np.s_[0, 0, 0])
    assert reader.read().labels[0, 0, 0] == 6
    assert np.array_equal(before, kept)
    assert reader.read().labels is reader.read().labels
