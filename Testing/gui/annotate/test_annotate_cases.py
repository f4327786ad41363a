"""The worklist: a dataset is created, a loaded volume becomes a case, states are kept, work is taken up again."""

import pytest

from PartialSegLib.annotation.head import CaseState


def open_folder(tab, idle, folder, reader="reader-1"):
    tab.ui.folderEdit.currentPath = str(folder)
    tab.ui.readerEdit.text = reader
    tab.ui.openFolderButton.click()
    idle()


def test_a_new_dataset_from_a_loaded_volume(tab, host, tmp_path, image, dialogs, idle):
    dialogs.expect("holds no dataset yet", "Create a dataset there")
    open_folder(tab, idle, tmp_path / "new")
    assert tab.ui.caseTable.rowCount == 0
    assert not tab.ui.openCaseButton.enabled and "no case yet" in tab.ui.openCaseButton.toolTip
    node = host.add_volume(image, "Doe, John 1950")
    tab.ui.addVolumeSelector.setCurrentNode(node)
    host.process()
    assert tab.ui.caseNameEdit.text == "case_001", "not the name of the node, which may be a patient's"
    tab.ui.addCaseButton.click()
    idle()
    assert [item.name for item in tab.desk.worklist.items] == ["case_001"]
    tab.ui.openCaseButton.click()
    idle()
    assert tab.session.image.same_grid(image)
    assert (tab.session.image.array == image.array).all()


@pytest.mark.parametrize("reader, words", [("", "no reader"), ("Dr. J. Doe", "pseudonym")])
def test_the_reader_is_a_pseudonym(tab, idle, dataset, caplog, reader, words):
    open_folder(tab, idle, dataset, reader)
    assert words in caplog.text
    assert tab.desk.worklist is None


def test_states_are_kept_and_finished_cases_are_passed_over(case):
    case.tab.ui.caseStateSelector.setCurrentIndex(1)
    case.host.process()
    assert case.tab.session.state == CaseState.DONE
    assert case.tab.ui.caseTable.item(0, 1).text() == "done"
    case.press("Shift+J")
    assert case.tab.session.name == "case_002"
    assert [item.state for item in case.tab.desk.worklist.items] == [CaseState.DONE, CaseState.NOT_STARTED]
    case.press("Shift+K")
    assert case.tab.session.name == "case_002", "the case before is done"


def test_work_is_taken_up_where_it_was_left(case, dataset):
    case.press("Shift+J")
    case.host.clear()
    open_folder(case.tab, case.idle, dataset)
    assert case.tab.ui.caseTable.currentRow() == 1


def test_time_is_counted_between_acts_but_not_over_a_break(tab):
    from PartialSegPanels.annotate.stopwatch import Stopwatch

    times = iter([0.0, 10.0, 25.0, 5000.0])
    watch = Stopwatch(seconds=100.0, clock=lambda: next(times))
    for _ in range(3):
        watch.act()
    assert watch.seconds == 100.0 + 10.0 + 15.0 + 60.0


def test_sixteen_segments_and_a_background_segment_are_there_at_once(case):
    node = case.tab.canvas.segmentation_node
    assert node.GetSegmentation().GetNumberOfSegments() == 17
    ids = [node.GetSegmentation().GetNthSegmentID(n) for n in range(17)]
    assert ids[:2] == ["spleen", "right_kidney"] and ids[-1] == "background"


def test_disabled_buttons_say_why(tab):
    for name in ("saveButton", "completeHereButton", "copyPredictionButton", "importButton", "exportButton"):
        button = getattr(tab.ui, name)
        assert not button.enabled
        assert button.toolTip.startswith("Not now: ")
