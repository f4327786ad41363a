"""A reading saved and opened: the same, once more the same; versions, history, several readers, conflicts."""

import json
from dataclasses import replace

import numpy as np
import pytest
from reading_cases import SHAPE, N, assert_same, content, files, new_case, opened, volume

from PartialSegLib.annotation.acts import Act
from PartialSegLib.annotation.history import read_history
from PartialSegLib.annotation.ledger import same
from PartialSegLib.annotation.reading import (
    CaseState,
    Conflict,
    Reading,
    open_reading,
    readers,
    save_reading,
    start_reading,
    use_reading,
)
from PartialSegLib.dataset import load_dataset, read_annotation
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, write_volume
from PartialSegLib.supervision import Completeness, State, candidate_sets


@pytest.fixture
def case(tmp_path):
    return new_case(tmp_path / "dataset")


def test_there_is_none_before_the_first_save(case):
    assert open_reading(case, "AB") is None and readers(case) == []
    started = start_reading(case, "AB")
    assert not started.labels.array.any() and started.revision == 0
    assert same(started.completeness, Completeness.of_volume((), N))
    assert list(files(case)) and not (case / "readings").exists()  # looking writes nothing


@pytest.mark.parametrize("number", range(6))
def test_what_was_said_comes_back(case, number):
    saved = save_reading(case, content(number))
    assert saved.revision == 1
    reading = opened(case)
    assert_same(reading, content(number))
    assert (reading.revision, reading.stamp) == (1, saved.stamp)


def test_saving_what_was_opened_changes_no_byte(case):
    save_reading(case, content(4), [Act("begin", (1,))])
    before = files(case)
    again = save_reading(case, opened(case))
    assert again.revision == 1 and files(case) == before
    assert_same(opened(case), content(4))


def test_opening_changes_no_byte(case):
    save_reading(case, content(4))
    before = files(case)
    opened(case)
    assert files(case) == before


def test_more_time_spent_is_no_new_revision(case):
    save_reading(case, content(4))
    before = files(case)
    later = save_reading(case, replace(opened(case), seconds=99.0))
    changed = {name for name, data in files(case).items() if before.get(name) != data}
    assert later.revision == 1 and changed == {"readings/AB.json"}
    assert opened(case).seconds == 99.0 and opened(case).warnings == ()
    assert save_reading(case, replace(opened(case), state=CaseState.FLAGGED)).revision == 2


def test_the_same_content_gives_the_same_segmentation(case, tmp_path):
    save_reading(case, content(7))
    other = new_case(tmp_path / "other")
    save_reading(other, content(7))
    assert (case / "readings/AB.seg.nrrd").read_bytes() == (other / "readings/AB.seg.nrrd").read_bytes()


def test_it_trains_with_exactly_what_was_declared(case):
    """Known absent, unknown and background stay three things, and unions a fourth."""
    said = content(3)
    save_reading(case, said)
    entry = load_dataset(case.parent).cases["c1"]
    labels, record = read_annotation(entry)
    expected = candidate_sets(said.labels.array, said.completeness, said.unions)
    np.testing.assert_array_equal(candidate_sets(labels.array, record, entry.unions), expected)
    everything = (1 << N) - 1
    z, y, x = np.argwhere(said.labels.array == 0).T
    declared = z == 3
    assert (expected[z, y, x][declared] == 1).all()  # all 16 are known absent: nothing but background is left
    free = ~declared & (y != 3)
    assert (expected[z, y, x][free] == everything & ~(1 << 15)).all()  # unknown, but for the one absent in the volume
    assert (expected[said.labels.array == 255] == 1).all() and (expected[said.labels.array == 20] == 0b1100).all()


def test_nothing_declared_trains_as_nothing(case):
    save_reading(case, start_reading(case, "AB"))
    entry = load_dataset(case.parent).cases["c1"]
    labels, record = read_annotation(entry)
    assert (candidate_sets(labels.array, record, entry.unions) == (1 << N) - 1).all()
    assert entry.annotated == () and entry.in_part == () and entry.slices == {}


def test_the_last_five_versions(case):
    reading = content(0)
    for number in range(9):
        now = content(number)
        saved = save_reading(case, replace(now, revision=reading.revision, stamp=reading.stamp))
        reading = saved
    assert saved.revision == 9
    names = sorted(path.name for path in (case / "readings/versions").iterdir())
    assert names == sorted(f"AB.{n}.{kind}" for n in range(4, 9) for kind in ("json", "seg.nrrd"))
    former = case / "readings/versions/AB.6.seg.nrrd"
    (case / "readings/AB.seg.nrrd").write_bytes(former.read_bytes())
    (case / "readings/AB.json").write_bytes((case / "readings/versions/AB.6.json").read_bytes())
    assert_same(opened(case), content(5))
    assert save_reading(case, replace(content(1), revision=6)).revision == 10  # numbers are never used again


def test_history_says_who_declared_what_and_when(case):
    acts = [Act("complete", (1, 6), "k", 3, 5), Act("absent", (15,))]
    first = save_reading(case, content(0), acts)
    save_reading(case, first)
    save_reading(case, replace(first, state=CaseState.DONE), [Act("withdraw", (6,), "k", 4, 4)])
    lines = read_history(case / "readings/AB.history.jsonl")
    told = [(line["revision"], line["what"], line.get("structures")) for line in lines]
    assert told == [
        (1, "complete", [1, 6]),
        (1, "absent", [15]),
        (1, "save", None),
        (2, "withdraw", [6]),
        (2, "save", None),
    ]
    assert {line["reader"] for line in lines} == {"AB"} and all(line["time"].endswith("+00:00") for line in lines)
    known = {"reader", "revision", "what", "structures", "axis", "first", "last", "time"}
    assert all(set(line) <= known for line in lines)


def test_a_second_reader_is_kept_beside_the_first(case):
    save_reading(case, content(1))
    save_reading(case, content(2, reader="B-2"))
    assert readers(case) == ["AB", "B-2"]
    assert_same(opened(case), content(1))
    assert_same(opened(case, "B-2"), content(2, reader="B-2"))
    assert load_dataset(case.parent).cases["c1"].label == case / "readings/AB.seg.nrrd"
    use_reading(case, "B-2")
    labels, _ = read_annotation(load_dataset(case.parent).cases["c1"])
    np.testing.assert_array_equal(labels.array, content(2).labels.array)
    with pytest.raises(UserError, match="C has no reading"):
        use_reading(case, "C")


def test_a_second_reader_starts_with_nothing(case):
    save_reading(case, content(1))
    assert not start_reading(case, "CD").labels.array.any()


def test_a_case_that_was_imported_is_where_the_first_reader_starts(tmp_path):
    case = new_case(tmp_path / "d", annotated=[6], slices={"j": {"2": [1]}}, unions={"20": [2, 3]})
    array = content(5).labels.array
    write_volume(case / "labels.nii.gz", volume(array))
    started = start_reading(case, "AB")
    np.testing.assert_array_equal(started.labels.array, array)
    assert started.completeness.volume[6] == started.completeness.y[2, 1] == State.COMPLETE
    save_reading(case, started)
    entry = load_dataset(case.parent).cases["c1"]
    assert entry.label.name == "AB.seg.nrrd" and entry.annotated == (6,) and entry.slices == {"j": {"2": (1,)}}
    assert json.loads((case / "case.json").read_text()) == {"modality": "ct", "label": "readings/AB.seg.nrrd"}
    assert (case / "labels.nii.gz").is_file()


@pytest.mark.parametrize("with_stamp", [True, False])
def test_the_second_of_two_is_told_and_nothing_is_lost(case, with_stamp):
    save_reading(case, content(0))
    first, second = opened(case), opened(case)
    save_reading(case, replace(content(1), revision=first.revision, stamp=first.stamp))
    late = replace(content(2), revision=second.revision, stamp=second.stamp if with_stamp else None)
    with pytest.raises(Conflict, match="saved by another process since you opened it") as caught:
        save_reading(case, late, [Act("begin", (1,))])
    assert "\n" not in str(caught.value)
    assert_same(opened(case), content(1))
    assert readers(case) == ["AB"]
    kept = caught.value.kept
    assert kept.name.startswith("AB.conflict-") and kept.with_name(kept.name.replace(".seg.nrrd", ".json")).is_file()
    for name, target in ((kept.name, "AB.seg.nrrd"), (kept.name.replace(".seg.nrrd", ".json"), "AB.json")):
        (case / "readings" / target).write_bytes((case / "readings" / name).read_bytes())
    assert_same(opened(case), content(2))


def test_two_who_both_began(case):
    save_reading(case, content(0))
    with pytest.raises(Conflict):
        save_reading(case, content(1))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reader": "Jane Doe"}, "no reader's pseudonym"),
        ({"reader": "../x"}, "no reader's pseudonym"),
        ({"unions": {}}, "label 20 stands for no structure"),
        ({"unions": {20: (2, 3), 12: (1, 2)}}, "label 12 is no union"),
        ({"completeness": Completeness.of_volume((), 9)}, "the record has 8 structures"),
        ({"completeness": Completeness(np.zeros(N, np.uint8), np.zeros((9, N), np.uint8))}, "another volume's"),
    ],
)
def test_what_is_no_reading(case, changes, said):
    with pytest.raises(UserError, match=said):
        save_reading(case, content(0, **changes))
    assert not (case / "readings").exists()


def test_no_case_there(tmp_path):
    for act in (lambda: save_reading(tmp_path / "no", content(0)), lambda: open_reading(tmp_path / "no", "AB")):
        with pytest.raises(UserError, match="is not there: connect the drive"):
            act()
    assert not (tmp_path / "no").exists()
    with pytest.raises(UserError, match="is no case"):
        save_reading(tmp_path, content(0))


def test_one_slice_of_many_makes_a_small_file(case):
    array = np.zeros((40, 128, 128), np.uint8)
    array[20] = 6
    big = Volume(array, (1, 1, 1), (0, 0, 0), np.eye(3))
    save_reading(case, Reading("AB", big, Completeness.of_volume((), N), {}))
    assert (case / "readings/AB.seg.nrrd").stat().st_size < 20_000 and array.shape != SHAPE
