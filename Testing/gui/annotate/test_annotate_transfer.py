"""Export and import through their dialogs."""

import json
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from PartialSegLib.image import write_volume
from PartialSegLib.supervision import State

SPLEEN, RIGHT_KIDNEY, LEFT_KIDNEY, LIVER = 1, 2, 3, 6


@pytest.fixture
def dialog(case):
    """The import dialog on the open case, not shown."""
    from PartialSegPanels.annotate.import_dialog import ImportDialog

    made = ImportDialog(case.tab)
    yield made
    made.task.cancel()
    made.dialog.deleteLater()


@pytest.fixture
def exporter(case):
    """The export dialog, not shown."""
    from PartialSegPanels.annotate.export_dialog import ExportDialog

    made = ExportDialog(case.tab)
    yield made
    made.task.cancel()
    made.dialog.deleteLater()


@pytest.fixture
def label_map(case, tmp_path):
    """A label map of the open case: 1 liver, 2 both kidneys, 9 something else."""
    labels = np.zeros(case.tab.session.labels.shape, np.uint8)
    labels[4:20, 8:20, 4:10] = 1
    labels[4:12, 24:30, 6:10] = labels[4:12, 24:30, 27:31] = 2
    labels[0, 0, 0] = 9
    path = tmp_path / "labels.nii.gz"
    write_volume(path, case.tab.session.image.like(labels))
    return path


def read(case, dialog, path):
    dialog.ui.fileEdit.text = str(path)
    dialog.read()
    case.idle()
    return dialog.ui.mappingTable


def assign(case, dialog, row, *meanings):
    dialog.ui.mappingTable.clearSelection()
    dialog.ui.mappingTable.selectRow(row)
    for number, meaning in enumerate(meanings):
        dialog.ui.meaningSelector.setCurrentIndex(dialog.ui.meaningSelector.findText(meaning))
        (dialog.ui.addMeaningButton if number else dialog.ui.assignButton).click()
    case.idle()


def test_labels_are_mapped_by_hand_sides_split_and_completeness_declared(case, dialog, label_map):
    from PySide6.QtCore import Qt

    table = read(case, dialog, label_map)
    assert [table.item(row, 0).text() for row in range(table.rowCount)] == ["1", "2", "9"]
    assert table.item(0, 2).text() == "— not assigned —"
    assign(case, dialog, 0, "liver")
    assign(case, dialog, 1, "right kidney or left kidney")
    assign(case, dialog, 2, "ignored")
    assert [table.item(row, 2).text() for row in range(3)] == ["liver", "right kidney or left kidney", "ignored"]
    dialog.ui.completeList.item(LIVER - 1).setCheckState(Qt.CheckState.Checked)
    dialog.ui.runButton.click()
    case.idle()
    labels = case.tab.session.labels
    assert (labels[4:20, 8:20, 4:10] == LIVER).all()
    assert set(np.unique(labels[4:12, 24:30, 6:10])) == {RIGHT_KIDNEY}, "x grows to the left of the patient"
    assert set(np.unique(labels[4:12, 24:30, 27:31])) == {LEFT_KIDNEY}
    assert not case.tab.session.is_saved
    case.save()
    assert case.tab.session.is_saved


def test_what_is_not_assigned_is_refused_in_one_line(case, dialog, label_map, caplog):
    read(case, dialog, label_map)
    dialog.ui.runButton.click()
    case.idle()
    assert "not in the mapping" in caplog.text
    assert not case.tab.session.labels.any()


def test_a_union_made_of_two_structures_stays_a_union(case, dialog, label_map):
    read(case, dialog, label_map)
    assign(case, dialog, 0, "liver", "spleen")
    assign(case, dialog, 1, "background")
    assign(case, dialog, 2, "ignored")
    dialog.ui.runButton.click()
    case.idle()
    value = int(case.tab.session.labels[10, 10, 6])
    assert set(case.tab.session.unions[value]) == {SPLEEN, LIVER}
    case.save()
    case.press("Shift+J")
    case.press("Shift+K")
    again = int(case.tab.session.labels[10, 10, 6])
    assert set(case.tab.session.unions[again]) == {SPLEEN, LIVER}
    assert case.tab.session.is_saved


def test_replacing_what_is_painted_is_asked_about(case, dialog, label_map, dialogs):
    case.paint(LIVER, k=8)
    before = case.tab.session.labels
    read(case, dialog, label_map)
    for row, meaning in enumerate(("liver", "background", "ignored")):
        assign(case, dialog, row, meaning)
    dialogs.expect("replaces what is painted", "Do nothing")
    dialog.ui.runButton.click()
    case.idle()
    assert case.tab.session.labels is before


def test_presets_are_offered_and_say_what_is_complete(case, dialog, label_map):
    read(case, dialog, label_map)
    names = [dialog.ui.presetSelector.itemText(n) for n in range(dialog.ui.presetSelector.count)]
    assert "word" in names
    dialog.ui.presetSelector.setCurrentIndex(names.index("word"))
    case.host.process()
    assert "word" in dialog.ui.whyLabel.text
    assert dialog.mapping.plan.complete


@pytest.mark.parametrize("index, file", [(0, "case_001/case.json"), (1, "dataset.json"), (2, "datalist.json")])
def test_the_dataset_is_exported_with_a_report(case, exporter, tmp_path, index, file):
    case.paint(LIVER, k=8)
    case.press("C")
    case.save()
    exporter.ui.formatSelector.setCurrentIndex(index)
    exporter.ui.targetEdit.text = str(tmp_path / "Dataset501_Abdomen")
    exporter.ui.runButton.click()
    case.idle()
    assert json.loads((tmp_path / "Dataset501_Abdomen" / file).read_text(encoding="utf-8"))
    assert "written" in exporter.ui.reportText.plainText


def test_exporting_over_something_is_refused(case, exporter, tmp_path, caplog):
    (tmp_path / "out").mkdir()
    exporter.ui.targetEdit.text = str(tmp_path / "out")
    exporter.ui.runButton.click()
    case.idle()
    assert "exists" in caplog.text
    assert exporter.ui.reportText.plainText == ""


def test_the_saved_dataset_trains_with_exactly_what_was_declared(case, dataset):
    from PartialSegLib.dataset import load_dataset, read_annotation

    case.paint(LIVER, k=8)
    case.press("C")
    case.save()
    entry = load_dataset(dataset).cases["case_001"]
    labels, record = read_annotation(entry)
    assert (labels.array == LIVER).sum() == (case.tab.session.labels == LIVER).sum()
    assert record.z is not None and np.argwhere(record.z == State.COMPLETE).tolist() == [[8, LIVER]]


@pytest.fixture
def held(monkeypatch):
    """An export that waits after its first case until `set()`; `began` tells that it is there."""
    from PartialSegLib.exchange import our_dataset
    from PartialSegLib.exchange.cases import Run

    gate, began, real = threading.Event(), threading.Event(), Run.each

    def each(run, write):
        def slowly(entry):
            began.set()
            assert gate.wait(20)
            return write(entry)

        real(run, slowly)

    monkeypatch.setattr(our_dataset.Run, "each", each)
    yield SimpleNamespace(began=began, go_on=gate.set)
    gate.set()


def exporting(case, exporter, target, held):
    exporter.ui.targetEdit.text = str(target)
    exporter.ui.runButton.click()
    case.host.wait_for(held.began.is_set, 10)
    case.host.process(0.05)


def test_an_export_shows_how_far_it_is(case, exporter, tmp_path, held):
    exporting(case, exporter, tmp_path / "out", held)
    assert exporter.ui.closeButton.text == "Cancel"
    assert not exporter.ui.runButton.enabled
    assert exporter.ui.progressBar.maximum == 2
    assert "case_001: 1 of 2" in exporter.ui.progressBar.format
    held.go_on()
    case.idle()
    assert exporter.ui.closeButton.text == "Close" and exporter.ui.runButton.enabled
    assert (tmp_path / "out" / "case_002").is_dir()


@pytest.mark.parametrize("way", ["closeButton", "window"])
def test_a_cancelled_export_leaves_nothing(case, exporter, tmp_path, held, way):
    folder = tmp_path / "exports"
    exporting(case, exporter, folder / "out", held)
    if way == "window":
        exporter.dialog.reject()
    else:
        exporter.ui.closeButton.click()
    assert not case.tab.flow.busy
    held.go_on()
    case.host.wait_for(lambda: not [t for t in threading.enumerate() if t.name == "annotate"], 20)
    assert list(folder.iterdir()) == []
    assert exporter.ui.reportText.plainText == ""
