"""A prediction as a start: in part, where nothing was painted, never over what is complete; and how it is accepted."""

import numpy as np
import pytest

from PartialSegLib.supervision import State

SPLEEN, LIVER, STOMACH = 1, 6, 7


@pytest.fixture
def predicted(case):
    """A segmentation of the open case's volume: liver in the middle, spleen beside it; selected as prediction."""
    from PartialSegLib.scene import new_segmentation, set_labels

    labels = np.zeros(case.tab.session.labels.shape, np.uint8)
    labels[4:20, 8:20, 6:20] = LIVER
    labels[4:20, 22:30, 6:20] = SPLEEN
    volume, label_set = case.tab.canvas.volume_node, case.tab.context.label_set
    node = new_segmentation(volume, label_set, "prediction")
    set_labels(node, volume, labels, (LIVER, SPLEEN), label_set)
    case.tab.ui.predictionSelector.setCurrentNode(node)
    case.host.process()
    return labels


def copy(case):
    case.tab.ui.copyPredictionButton.click()
    case.idle()


def test_it_counts_as_in_part(case, predicted):
    copy(case)
    assert np.array_equal(case.tab.session.labels, predicted)
    volume = case.tab.session.declarations.completeness.volume
    assert volume[LIVER] == State.IN_PART and volume[SPLEEN] == State.IN_PART
    assert case.state(LIVER, "k", 8) != State.COMPLETE
    assert not case.tab.session.is_saved


def test_only_ticked_structures_are_copied(case, predicted):
    case.tab.structures.tick((LIVER,))
    copy(case)
    assert set(np.unique(case.tab.session.labels)) == {0, LIVER}


def test_what_a_person_painted_and_declared_stays(case, predicted):
    case.paint(STOMACH, k=8, i=10, j=12)
    painted = case.tab.session.labels == STOMACH
    case.pick(LIVER)
    case.show(10)
    case.press("C")
    copy(case)
    labels = case.tab.session.labels
    assert (labels[painted] == STOMACH).all()
    assert not labels[10].any(), "slice 10 was declared complete, and empty of liver"
    assert case.state(LIVER, "k", 10) == State.COMPLETE
    assert (labels[11] == predicted[11]).all()


def test_accepting_a_structure_and_a_slice(case, predicted):
    copy(case)
    case.pick(LIVER)
    case.press("P")
    assert case.tab.session.declarations.completeness.volume[LIVER] == State.COMPLETE
    case.tab.structures.tick((SPLEEN,))
    case.show(6)
    case.press("Shift+P")
    assert case.state(SPLEEN, "k", 6) == State.COMPLETE
    assert case.state(SPLEEN, "k", 7) != State.COMPLETE


def test_structures_that_are_complete_are_locked_for_tools(case, predicted):
    from PartialSegLib.scene import protected

    copy(case)
    case.pick(LIVER)
    case.press("P")
    assert protected(case.tab.canvas.segmentation_node, case.tab.context.label_set) == {LIVER}
    case.press("Ctrl+Shift+U")
    assert protected(case.tab.canvas.segmentation_node, case.tab.context.label_set) == set()


def test_the_record_is_on_the_segments_when_the_tab_is_left(case):
    from PartialSegLib.scene.records import read_record

    case.paint(LIVER, k=8)
    case.press("C")
    node = case.tab.canvas.segmentation_node
    case.host.module("PartialSeg").shell.tabs.setCurrentIndex(0)

    def declared():
        record, _ = read_record(node, case.tab.context.label_set)
        return record.z is not None and record.z[8, LIVER] == State.COMPLETE

    assert case.host.wait_for(declared, 10)


def test_copying_is_offered_only_with_a_prediction(case):
    case.tab.ui.predictionSelector.setCurrentNode(case.tab.canvas.segmentation_node)
    case.host.process()
    assert not case.tab.ui.copyPredictionButton.enabled
    assert "your own annotation" in case.tab.ui.copyPredictionButton.toolTip
