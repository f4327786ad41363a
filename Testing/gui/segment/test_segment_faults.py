"""What goes wrong while a volume is segmented: nothing is left behind, and the next click works."""

import os
import signal

import pytest
import slicer
from segment_bench import worker_pids


def start(bench, *stages):
    bench.click(bench.ui.segmentButton)
    bench.wait_for_stage(*stages)


def assert_works_again(bench):
    task = bench.segment()
    assert task.state.value == "done", task.message
    assert len(bench.segmentations()) == 1


@pytest.mark.parametrize("stage", ["start", "segment", "show"])
def test_cancel_at_each_stage(bench, stage):
    """Before the child answers, while it works, and while the result goes into the scene; the worker tests the rest."""
    start(bench, stage)
    assert bench.ui.segmentButton.text == "Cancel"
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    bench.click(bench.ui.segmentButton)
    bench.wait_until_idle()
    assert bench.runs.tasks[-1].state.value == "cancelled" and bench.segmentations() == []
    assert slicer.mrmlScene.GetNumberOfNodes() <= nodes
    assert bench.ui.segmentButton.text == "Segment" and bench.ui.segmentButton.enabled
    assert_works_again(bench)


@pytest.mark.parametrize("stage", ["start", "segment"])
def test_kill_of_the_worker_is_said_in_one_line(bench, stage):
    """While it starts and while it works; the worker tests the rest."""
    if stage == "start":
        bench.widget.shell.context.jobs.close()  # a new process has to start
        bench.host.wait_for(lambda: not worker_pids(), 30)
    start(bench, *(("start", "copy", "prepare") if stage == "start" else (stage,)))
    bench.host.wait_for(worker_pids, 30)
    for pid in worker_pids():
        os.kill(pid, signal.SIGKILL)
    task = bench.runs.running
    bench.wait_until_idle()
    assert task.state.value == "failed" and len(task.message.splitlines()) == 1 and task.message
    assert task.message in bench.ui.progressLabel.text
    assert bench.segmentations() == []
    assert_works_again(bench)


def test_closing_the_scene_stops_the_run(bench):
    start(bench, "segment")
    bench.host.clear()
    assert bench.runs.tasks == [] and not bench.ui.segmentButton.enabled
    assert bench.segmentations() == []
    bench.volume = bench.add_volume("Next")
    assert_works_again(bench)


def test_choosing_another_volume_does_not_disturb_the_run(bench):
    other = bench.add_volume("Other")
    bench.parameters.input_volume = bench.volume
    start(bench, "segment")
    bench.parameters.input_volume = other
    bench.wait_until_idle()
    (node,) = bench.segmentations()
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is bench.volume


@pytest.mark.parametrize("stage", ["segment", "show"])
def test_deleting_the_volume_stops_its_run(bench, stage):
    start(bench, stage)
    task = bench.runs.running
    slicer.mrmlScene.RemoveNode(bench.volume)
    bench.wait_until_idle()
    assert task.state.value == "cancelled" and "removed" in task.message
    assert bench.segmentations() == []


def test_deleting_the_segmentation_that_is_refreshed_stops_the_run(bench):
    bench.segment()
    (node,) = bench.segmentations()
    bench.parameters.output_segmentation = node
    bench.host.process(0.05)
    start(bench, "segment")
    task = bench.runs.running
    slicer.mrmlScene.RemoveNode(node)
    bench.wait_until_idle()
    assert task.state.value == "cancelled" and bench.segmentations() == []


def test_reloading_the_module_ends_the_run_and_its_process(bench):
    start(bench, "segment")
    pids = worker_pids()
    bench.widget = bench.host.reload_module()
    bench.host.wait_for(lambda: not set(pids) & set(worker_pids()), 5)
    assert bench.runs.tasks == [] and bench.segmentations() == []
    bench.host.process(0.05)
    assert_works_again(bench)


def test_leaving_the_module_lets_the_run_go_on(bench):
    start(bench, "segment")
    task = bench.runs.running
    bench.host.leave_module()
    bench.wait_until_idle()
    assert task.state.value == "done" and len(bench.segmentations()) == 1


def test_a_full_disk_is_said_in_one_line(bench, monkeypatch):
    """The worker cannot write the voxels: the task fails, and says so."""
    from PartialSegLib.errors import UserError

    def refuse(task):
        raise UserError("the disk is full: free some space, then segment again")

    monkeypatch.setattr(bench.panel._scene, "read", refuse)
    bench.click(bench.ui.segmentButton)
    assert "disk is full" in bench.ui.progressLabel.text and bench.runs.running is None
