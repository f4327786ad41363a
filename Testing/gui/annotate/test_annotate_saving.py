"""Nothing is lost: saving, opening again, two readers, autosave, scenes and folders that go away."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from PartialSegLib.supervision import State

SPLEEN, LIVER = 1, 6


def reopened(dataset, name="case_001", reader="reader-1"):
    from PartialSegLib.annotation.reading import open_reading

    return open_reading(dataset / name, reader)


def work(case):
    """A stroke and two declarations."""
    case.paint(LIVER, k=8)
    case.press("C")
    case.show(9)
    case.press("N")


def check(reading, labels):
    assert reading.warnings == ()
    assert np.array_equal(reading.labels.array, labels)
    assert np.flatnonzero(reading.completeness.z[:, LIVER] == State.COMPLETE).tolist() == [8, 9]


def test_saved_and_opened_again_it_is_the_same(case, dataset):
    work(case)
    labels = case.tab.session.labels.copy()
    before = case.tab.session.declarations.completeness
    assert "Not saved" in case.tab.ui.saveLabel.text
    case.save()
    assert "Saved at" in case.tab.ui.saveLabel.text
    check(reopened(dataset), labels)
    case.press("Shift+J")
    assert case.tab.session.name == "case_002"
    case.press("Shift+K")
    assert case.tab.session.name == "case_001"
    assert np.array_equal(case.tab.session.labels, labels)
    assert np.array_equal(case.tab.canvas.look().labels, labels)
    after = case.tab.session.declarations.completeness
    for one, other in zip((before.volume, before.z), (after.volume, after.z), strict=True):
        assert np.array_equal(one, other)
    assert case.tab.session.is_saved


def test_saving_by_its_hotkey_and_again_changes_nothing(case, dataset):
    work(case)
    case.press("Ctrl+Shift+S")
    case.host.wait_for(lambda: not case.tab.desk.saver.busy, 20)
    case.host.process()
    revision = reopened(dataset).revision
    case.save()
    assert reopened(dataset).revision == revision


def test_the_next_case_saves_the_one_before_and_leaves_only_its_own_nodes(case, dataset):
    import slicer

    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "of the user")
    work(case)
    labels = case.tab.session.labels.copy()
    case.tab.ui.nextCaseButton.click()
    case.idle()
    check(reopened(dataset), labels)
    assert slicer.mrmlScene.IsNodePresent(other)
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 1


def test_a_second_reader_is_kept_beside_the_first(case, dataset, open_dataset):
    work(case)
    labels = case.tab.session.labels.copy()
    open_dataset("reader-2")
    assert case.tab.session is None
    case.tab.ui.openCaseButton.click()
    case.idle()
    assert not case.tab.session.labels.any()
    case.paint(SPLEEN, k=3)
    case.save()
    check(reopened(dataset), labels)
    assert set(np.unique(reopened(dataset, reader="reader-2").labels.array)) == {0, SPLEEN}
    case.tab.cases.read_again()
    case.idle()
    assert case.tab.ui.caseTable.item(0, 2).text() == "reader-1, reader-2"


def test_autosave_saves_by_itself(case, dataset):
    case.tab.keeper.autosave_timer.setInterval(50)
    work(case)
    labels = case.tab.session.labels.copy()
    case.host.wait_for(lambda: case.tab.session.is_saved and not case.tab.desk.saver.busy, 20)
    check(reopened(dataset), labels)


def test_closing_the_scene_loses_nothing(case, dataset):
    work(case)
    labels = case.tab.session.labels.copy()
    case.host.clear()
    assert case.tab.session is None
    case.host.wait_for(lambda: not case.tab.desk.kept, 20)
    check(reopened(dataset), labels)
    case.tab.ui.openCaseButton.click()
    case.idle()
    assert np.array_equal(case.tab.session.labels, labels)


@pytest.mark.parametrize("fault", ["gone", "read-only", "blocked"])
def test_a_folder_that_cannot_be_written_is_one_line_and_the_work_is_kept(case, dataset, fault, caplog):
    if fault == "read-only" and os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    work(case)
    labels = case.tab.session.labels.copy()
    away = dataset.with_name("unplugged")
    if fault == "gone":
        dataset.rename(away)
    elif fault == "blocked":
        (dataset / "case_001" / "readings").write_text("in the way", encoding="utf-8")
    else:
        os.chmod(dataset / "case_001", 0o500)
    case.save()
    told = case.tab.ui.saveLabel.text
    assert told and "\n" not in told and told in caplog.text
    assert not case.tab.session.is_saved
    case.tab.ui.nextCaseButton.click()
    case.idle()
    assert case.tab.session.name == "case_001"
    assert np.array_equal(case.tab.canvas.look().labels, labels)
    if fault == "gone":
        away.rename(dataset)
    elif fault == "blocked":
        (dataset / "case_001" / "readings").unlink()
    else:
        os.chmod(dataset / "case_001", 0o700)
    case.save()
    check(reopened(dataset), labels)


def test_a_scene_closed_while_the_folder_is_gone_is_kept_in_memory_and_saved_later(case, dataset):
    work(case)
    labels = case.tab.session.labels.copy()
    away = dataset.with_name("unplugged")
    dataset.rename(away)
    case.host.clear()
    assert "case_001" in case.tab.ui.saveLabel.text
    away.rename(dataset)
    case.tab.keeper.autosave()
    case.host.wait_for(lambda: not case.tab.desk.kept, 20)
    check(reopened(dataset), labels)


def test_somebody_else_saved_the_same_reading_meanwhile(case, dataset, caplog):
    from PartialSegLib.annotation.reading import save_reading, start_reading

    work(case)
    other = start_reading(dataset / "case_001", "reader-1")
    save_reading(dataset / "case_001", other)
    case.save()
    assert case.tab.session.conflict
    assert case.tab.session.conflict in caplog.text
    kept = sorted((dataset / "case_001" / "readings").glob("*conflict*"))
    case.tab.keeper.autosave()
    case.host.process(0.1)
    assert sorted((dataset / "case_001" / "readings").glob("*conflict*")) == kept


def test_a_broken_case_is_an_item_with_a_warning(tab, idle, dataset, open_dataset, caplog):
    (dataset / "case_001" / "case.json").write_text("{", encoding="utf-8")
    open_dataset()
    assert tab.ui.caseTable.rowCount == 2
    assert tab.ui.caseTable.item(0, 0).toolTip()
    tab.ui.caseTable.selectRow(0)
    tab.ui.openCaseButton.click()
    idle()
    assert tab.session is None
    shutil.rmtree(dataset / "case_001")


def test_a_case_without_room_on_the_disk_says_so(case, monkeypatch):
    from PartialSegPanels.annotate import session as sessions

    def full(*_):
        raise OSError(28, "No space left on device")

    work(case)
    monkeypatch.setattr(sessions.Snapshot, "write", full)
    case.save()
    assert "No space left" in case.tab.ui.saveLabel.text
    assert not case.tab.session.is_saved


def test_what_could_not_be_saved_is_written_elsewhere_when_the_application_closes(case, dataset, caplog):
    work(case)
    labels = case.tab.session.labels.copy()
    dataset.rename(dataset.with_name("unplugged"))
    case.host.clear()
    case.tab.keeper.rescue()
    folder = Path(re.search(r"saved in (.+), open it", caplog.text)[1])
    assert case.tab.desk.kept == []
    check(reopened(folder), labels)
    shutil.rmtree(folder)
