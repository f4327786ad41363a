"""Where results go: a new segmentation, or the unlocked segments of one that is there."""

import numpy as np
import slicer
from segment_bench import LABEL_SET

from PartialSegLib.annotation.declarations import Declarations
from PartialSegLib.scene import segment_of, set_protected, write_record
from PartialSegLib.supervision import Completeness

LIVER, SPLEEN = 6, 1


def a_block(bench, corner=2):
    """A block of 4 x 4 x 4 voxels where a random network would hardly draw exactly one."""
    where = np.zeros(bench.labels(bench.segmentations()[0]).shape, bool)
    where[corner : corner + 4, corner : corner + 4, corner : corner + 4] = True
    return where


def refresh(bench, node):
    bench.parameters.output_segmentation = node
    bench.host.process(0.05)
    task = bench.segment()
    assert task.state.value == "done", task.message


def test_every_run_makes_a_new_segmentation_by_default(bench):
    bench.segment()
    (first,) = bench.segmentations()
    bench.paint(first, LIVER, a_block(bench))
    bench.segment()
    assert len(bench.segmentations()) == 2
    np.testing.assert_array_equal(bench.voxels(first, LIVER), a_block(bench))


def test_a_locked_segment_is_never_overwritten(bench):
    bench.segment()
    (node,) = bench.segmentations()
    fresh = bench.labels(node)
    bench.paint(node, LIVER, a_block(bench))
    bench.paint(node, SPLEEN, a_block(bench, corner=12))
    set_protected(node, LIVER, True, LABEL_SET)
    refresh(bench, node)
    assert len(bench.segmentations()) == 1
    np.testing.assert_array_equal(bench.voxels(node, LIVER), a_block(bench))
    np.testing.assert_array_equal(bench.labels(node) == SPLEEN, (fresh == SPLEEN) & ~a_block(bench))
    assert LABEL_SET.by_value(LIVER).name in bench.ui.outputNote.text
    row = next(row for row in bench.panel.table.rows if row.value == LIVER)
    assert "locked, not changed" in row.remarks


def test_a_segment_with_the_status_completed_is_never_overwritten(bench):
    bench.segment()
    (node,) = bench.segmentations()
    bench.paint(node, LIVER, a_block(bench))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetSegmentStatus(node.GetSegmentation().GetSegment(segment_of(node, LIVER, LABEL_SET)), logic.Completed)
    refresh(bench, node)
    np.testing.assert_array_equal(bench.voxels(node, LIVER), a_block(bench))


def test_a_slice_that_was_declared_complete_is_never_overwritten(bench):
    bench.segment()
    (node,) = bench.segmentations()
    bench.paint(node, LIVER, a_block(bench))
    painted = bench.labels(node)
    declared = Declarations(Completeness(np.zeros(LABEL_SET.n_classes, np.uint8)), painted.shape, label_set=LABEL_SET)
    declared.complete_in_slice([LIVER], "k", 3)
    write_record(node, declared.completeness, LABEL_SET)
    refresh(bench, node)
    after = bench.labels(node)
    np.testing.assert_array_equal(after[3], painted[3])
    assert not np.array_equal(after == LIVER, painted == LIVER)  # elsewhere it was refreshed


def test_outside_the_region_a_refresh_changes_nothing(bench):
    bench.segment()
    (node,) = bench.segmentations()
    bench.paint(node, LIVER, a_block(bench, corner=0))
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    bounds = [0.0] * 6
    bench.volume.GetRASBounds(bounds)
    roi.SetCenterWorld(*[(bounds[2 * n] + bounds[2 * n + 1]) / 2 for n in range(3)])
    roi.SetSizeWorld(*[0.5 * (bounds[2 * n + 1] - bounds[2 * n]) for n in range(3)])
    bench.parameters.region = roi
    refresh(bench, node)
    assert bench.voxels(node, LIVER)[:4, :4, :4].all()


def test_the_segmentation_of_another_volume_is_refused(bench):
    bench.segment()
    (node,) = bench.segmentations()
    bench.parameters.input_volume = bench.add_volume("Other")
    bench.parameters.output_segmentation = node
    bench.host.process(0.05)
    assert not bench.ui.segmentButton.enabled and "Phantom" in bench.ui.segmentButton.toolTip
