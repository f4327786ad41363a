"""The rows of the result table, the reason on the button, and the words of the panel."""

import pytest
from segment_fakes import a_result

from PartialSegLib.structures import load_label_set

pytestmark = pytest.mark.usefixtures("panels")


def rows(**changes):
    from PartialSegPanels.segment.rows import result_rows

    return result_rows(a_result(**changes), load_label_set())


def test_the_least_sure_comes_first_and_what_is_out_of_view_last():
    label_set = load_label_set()
    names = [label_set.by_value(value).name for value in (1, 6, 7, 14)]
    assert [row.name for row in rows()] == names


def test_remarks_say_what_to_look_at():
    assert [row.remarks for row in rows()] == [
        ("low confidence",),
        ("touches the edge of the field of view",),
        ("not found",),
        ("not in the field of view",),
    ]


def test_a_structure_without_voxels_has_no_confidence():
    found = rows(confidence={1: 0.55, 6: 0.97, 7: 0.4, 14: None})
    assert [row.confidence for row in found if not row.found] == [None, None]


def test_locked_structures_are_marked():
    from PartialSegPanels.segment.rows import result_rows

    by_value = {row.value: row for row in result_rows(a_result(), load_label_set(), frozenset({6}))}
    assert by_value[6].remarks[0] == "locked, not changed" and by_value[1].remarks == ("low confidence",)


@pytest.mark.parametrize(
    ("volume", "text"), [(1636.4, "1636 mL"), (53.24, "53.2 mL"), (1.0, "1.0 mL"), (0.412, "0.41 mL")]
)
def test_volumes_have_three_digits(volume, text):
    from PartialSegPanels.segment.rows import volume_text

    assert volume_text(volume) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (7.4, "7 s"), (38.0, "40 s"), (130.0, "2 min")])
def test_durations_promise_no_more_than_is_known(seconds, text):
    from PartialSegPanels.segment.words import duration

    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"has_volume": False}, "Load"),
        ({"volume_problem": "v has no voxels: load it again"}, "voxels"),
        ({"has_model": False}, "model"),
        ({"n_structures": 0}, "structure"),
        ({"region_problem": "draw the box"}, "box"),
        ({"output_problem": "choose another output"}, "output"),
    ],
)
def test_every_reason_is_told(changes, word):
    from PartialSegPanels.segment.readiness import Readiness

    assert word in Readiness(**{"has_volume": True, **changes}).reason()


def test_nothing_in_the_way():
    from PartialSegPanels.segment.readiness import Readiness

    assert Readiness(has_volume=True).reason() == ""
