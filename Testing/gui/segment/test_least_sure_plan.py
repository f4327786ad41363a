"""What the model was least sure of is where a reader should look: from the Segment tab to a plan in Annotate."""

import numpy as np
import pytest
import slicer

from PartialSegLib.dataset.worklist import Worklist
from PartialSegLib.scene import show_slice

LEAST_SURE = 3  # entry of the plan selector


@pytest.fixture
def case(bench, tmp_path):
    """The phantom as the open case of a dataset; its volume is the one that the Segment tab segments."""
    from PartialSegLib.scene import volume_of

    Worklist.create(tmp_path / "dataset", "reader-1").add(volume_of(bench.volume), name="case_001", modality="ct")
    shell = bench.widget.shell
    shell.tabs.setCurrentIndex(1)
    tab = shell.annotate
    tab.ui.folderEdit.currentPath, tab.ui.readerEdit.text = str(tmp_path / "dataset"), "reader-1"
    for button in (tab.ui.openFolderButton, tab.ui.openCaseButton):
        button.click()
        settle(bench, tab)
    bench.parameters.input_volume = tab.canvas.volume_node
    bench.host.process(0.05)
    yield tab
    settle(bench, tab)
    shell.tabs.setCurrentIndex(0)


def settle(bench, tab):
    bench.host.process()
    bench.host.wait_for(lambda: not tab.flow.busy, 30)


def segment(bench, tab):
    """Press Segment in its tab and select the result as prediction; its node."""
    bench.widget.shell.tabs.setCurrentIndex(0)
    task = bench.segment()
    assert task.state.value == "done", task.message
    bench.widget.shell.tabs.setCurrentIndex(1)
    node = slicer.mrmlScene.GetNodeByID(task.output_id)
    tab.ui.predictionSelector.setCurrentNode(node)
    settle(bench, tab)
    return node


def plan(bench, tab, number=3):
    """Plan slices of the axial view; what is on the list."""
    show_slice(bench.host.slice_view("Red").widget.mrmlSliceNode(), tab.canvas.volume_node, "k", 20)
    tab.ui.planSelector.setCurrentIndex(LEAST_SURE)
    tab.ui.planNumber.value = number
    tab.ui.planButton.click()
    settle(bench, tab)
    return tab.plan.plan.slices


def test_the_plan_starts_where_the_model_was_least_sure(bench, case):
    node = segment(bench, case)
    planned = plan(bench, case)
    assert len(planned) == 3 and {p.axis for p in planned} == {"k"}
    sure = bench.widget.shell.context.results[node.GetID()].slice_confidence
    least = min((np.nanmin(slices), int(np.nanargmin(slices))) for slices in sure.values() if np.isfinite(slices).any())
    reason = next(p.reason for p in planned if p.index == least[1])
    assert "sure" in reason and any(s.name.lower() in reason.lower() for s in case.context.label_set)
    assert any(reason in case.ui.planList.item(row).text() for row in range(3))


def test_a_result_is_forgotten_with_its_segmentation(bench, case, caplog):
    results = bench.widget.shell.context.results
    first, second = segment(bench, case), segment(bench, case)
    assert set(results) == {first.GetID(), second.GetID()}
    slicer.mrmlScene.RemoveNode(second)
    bench.host.process()
    assert set(results) == {first.GetID()}
    case.ui.predictionSelector.setCurrentNode(None)
    assert plan(bench, case) == () and "Segment tab" in caplog.text


def test_results_are_forgotten_with_the_scene(bench):
    bench.segment()
    results = bench.widget.shell.context.results
    assert len(results) == 1
    bench.host.clear()
    assert results == {}


def test_no_voxels_are_kept_with_a_result(bench):
    """They are in the scene; those of many volumes would fill the memory."""
    task = bench.segment()
    kept = [*task.results.values(), *bench.widget.shell.context.results.values()]
    assert [result.labels for result in kept] == [None, None]
