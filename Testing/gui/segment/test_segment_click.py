"""One click: what a person sees and what is in the scene afterwards."""

import zipfile

import numpy as np
import pytest
import slicer
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from segment_bench import LABEL_SET

from PartialSegLib.bundle import WEIGHTS, Bundle
from PartialSegLib.inference import Engine
from PartialSegLib.inference.devices import list_devices
from PartialSegLib.models import user_models_dir
from PartialSegLib.scene import region_of, segment_of, slice_position, volume_of


def test_a_click_gives_sixteen_coded_segments_beside_the_volume(bench):
    task = bench.segment()
    assert task.state.value == "done", task.message
    (node,) = bench.segmentations()
    segmentation = node.GetSegmentation()
    assert [segmentation.GetNthSegmentID(n) for n in range(16)] == [structure.key for structure in LABEL_SET]
    for structure in LABEL_SET:
        segment = segmentation.GetSegment(structure.key)
        assert segment.GetTerminology() == structure.terminology
        assert segment.GetLabelValue() == structure.value
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is bench.volume
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    parents = [hierarchy.GetItemParent(hierarchy.GetItemByDataNode(one)) for one in (node, bench.volume)]
    assert parents[0] == parents[1]
    assert bench.labels(node).any()


def test_the_segments_are_what_the_engine_says(bench):
    bench.segment()
    expected = Engine(Bundle.load(bench.panel.inputs.model.path)).segment(volume_of(bench.volume)).labels.array
    np.testing.assert_array_equal(bench.labels(bench.segmentations()[0]), expected)


def test_the_table_lists_the_least_sure_first_and_jumps(bench):
    bench.segment()
    rows = bench.panel.table.rows
    assert len(rows) == 16
    sure = [row.confidence for row in rows if row.found]
    assert sure and sure == sorted(sure)
    (node,) = bench.segmentations()
    tree, row = bench.ui.resultTable, next(number for number, row in enumerate(rows) if row.found)
    place = tree.visualItemRect(tree.topLevelItem(row)).center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    bench.host.process()
    red = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    mask = bench.labels(node) == rows[row].value
    assert mask[slice_position(red, bench.volume).index].any()


def test_without_a_volume_the_button_says_what_to_do(bench):
    slicer.mrmlScene.RemoveNode(bench.volume)
    bench.host.process(0.05)
    assert not bench.ui.segmentButton.enabled and "Load" in bench.ui.segmentButton.toolTip
    bench.add_volume("Another")
    bench.host.process(0.05)
    assert bench.ui.segmentButton.enabled, bench.ui.segmentButton.toolTip


def test_without_a_structure_the_button_says_so(bench):
    bench.ui.noStructuresButton.click()
    assert not bench.ui.segmentButton.enabled and "structure" in bench.ui.segmentButton.toolTip
    bench.ui.allStructuresButton.click()
    assert bench.ui.segmentButton.enabled


def test_only_the_checked_structures_are_written(bench):
    bench.parameters.structures = [1, 6]
    bench.host.process(0.05)
    bench.segment()
    segmentation = bench.segmentations()[0].GetSegmentation()
    written = [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]
    assert written == [LABEL_SET.by_value(value).key for value in (1, 6)]


def test_the_region_bounds_the_result(bench):
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    bounds = [0.0] * 6
    bench.volume.GetRASBounds(bounds)
    roi.SetCenterWorld(*[(bounds[2 * n] + bounds[2 * n + 1]) / 2 for n in range(3)])
    roi.SetSizeWorld(*[0.6 * (bounds[2 * n + 1] - bounds[2 * n]) for n in range(3)])
    bench.parameters.region = roi
    bench.host.process(0.05)
    bench.segment()
    inside = np.zeros(bench.labels(bench.segmentations()[0]).shape, bool)
    inside[tuple(slice(*ends) for ends in region_of(roi, bench.volume))] = True
    labels = bench.labels(bench.segmentations()[0])
    assert labels[inside].any() and not labels[~inside].any()


def test_a_box_that_is_not_placed_is_refused_in_words(bench):
    bench.parameters.region = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    bench.host.process(0.05)
    assert not bench.ui.segmentButton.enabled and "Box" in bench.ui.segmentButton.toolTip


def test_modality_is_shown_and_can_be_overridden(bench):
    assert bench.ui.modalityCombo.currentText == "Automatic: CT"
    bench.ui.modalityCombo.setCurrentIndex(2)
    bench.host.process(0.05)
    assert bench.parameters.modality == "mr" and "CT" in bench.ui.modalityNote.text
    task = bench.segment()
    assert next(iter(task.results.values())).modality == "mr"


def test_devices_are_those_of_the_computer(bench):
    bench.panel.enter()
    bench.host.wait_for(lambda: len(bench.panel.inputs.device.values) > 1, 60)
    assert bench.panel.inputs.device.values == ["auto", *(device.key for device in list_devices())]


def test_the_estimate_is_beside_the_button(bench):
    bench.panel.enter()
    bench.host.wait_for(lambda: bench.ui.estimateLabel.text, 60)
    assert "memory" in bench.ui.estimateLabel.text


@pytest.mark.parametrize("damage", ["not a zip", None])
def test_a_damaged_model_file_is_refused(bench, tmp_path, model_archive, damage, monkeypatch):
    said = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: said.append(text))
    path = tmp_path / "model.zip"
    path.write_bytes(damage.encode() if damage else model_archive.read_bytes()[:-500])
    before = bench.panel.inputs.model.model
    bench.panel.inputs.model.install(path)
    bench.host.wait_for(lambda: said, 30)
    assert "model.zip" in said[0] and len(said[0].splitlines()) == 1
    assert bench.panel.inputs.model.model == before and bench.ui.installModelButton.enabled


def test_a_model_whose_hashes_are_wrong_is_refused(bench, tmp_path, model_archive, monkeypatch):
    said = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: said.append(text))
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(model_archive) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[:-1] + b"!" if name == WEIGHTS else content)
    before = [path.name for path in user_models_dir().iterdir()]
    bench.panel.inputs.model.install(changed)
    bench.host.wait_for(lambda: said, 30)
    assert "SHA-256" in said[0] and WEIGHTS in said[0] and len(said[0].splitlines()) == 1
    assert [path.name for path in user_models_dir().iterdir()] == before


def test_show_3d_has_the_segmentation(bench):
    bench.segment()
    (node,) = bench.segmentations()
    assert bench.ui.show3DButton.segmentationNode() is node
    assert not node.GetSegmentation().ContainsRepresentation("Closed surface")  # on demand only
    assert segment_of(node, 6, LABEL_SET) == LABEL_SET.by_value(6).key
