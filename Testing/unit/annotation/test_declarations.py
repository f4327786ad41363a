"""Declaring act by act: what each act does, what edits take back, and that undo leads back to the start."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import N_CLASSES, UNIONS, annotated

from PartialSegLib.annotation.acts import Touched
from PartialSegLib.annotation.declarations import Declarations
from PartialSegLib.annotation.ledger import same
from PartialSegLib.annotation.record import AXES
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import Completeness, State, candidate_sets

SHAPE = (4, 5, 6)


def fresh(tell=None, **options):
    return Declarations(Completeness.of_volume((), N_CLASSES), SHAPE, tell, **options)


def empty():
    return np.zeros(SHAPE, np.uint8)


def test_nothing_is_declared_by_itself():
    told = []
    declarations = fresh(told.append)
    for axis in AXES:
        assert not declarations.ribbon([1, 2], axis).any()
    assert declarations.state(1, "j", 4) == State.NOT_LOOKED_AT
    assert not declarations.locked(empty()).any()
    assert declarations.undo() is None and declarations.redo() is None and told == []
    assert same(declarations.completeness, Completeness.of_volume((), N_CLASSES))


def test_a_slice_complete_and_back():
    told = []
    declarations = fresh(told.append)
    declarations.complete_in_slice([2, 1], "j", 3)
    assert declarations.completeness.y[3].tolist() == [0, 2, 2, 0, 0] and declarations.completeness.z is None
    assert declarations.completeness.volume.tolist() == [0, 1, 1, 0, 0]
    assert declarations.undo() == "complete in slice 3 across j"
    assert same(declarations.completeness, Completeness.of_volume((), N_CLASSES))
    assert declarations.redo() == "complete in slice 3 across j"
    assert declarations.state(2, "j", 3) == State.COMPLETE
    assert [(act.what, act.structures, act.axis, act.first, act.last) for act in told] == [
        ("complete", (1, 2), "j", 3, 3),
        ("undo complete", (1, 2), "j", 3, 3),
        ("redo complete", (1, 2), "j", 3, 3),
    ]


def test_between_two_slices_in_either_order():
    declarations = fresh()
    declarations.complete_between([3], "i", 4, 2)
    assert declarations.ribbon([3], "i").tolist() == [0, 0, 2, 2, 2, 0]
    declarations.withdraw_between([3], "i", 3, 5)
    assert declarations.ribbon([3], "i").tolist() == [0, 0, 2, 1, 1, 0]
    assert declarations.undo() == "withdraw in slices 3 to 5 across i"


def test_the_whole_volume():
    declarations = fresh()
    declarations.complete_in_volume([4])
    assert declarations.state(4, "k", 0) == State.COMPLETE and (declarations.ribbon([4], "j") == 2).all()
    declarations.withdraw_in_slice([4], "k", 1)
    assert declarations.state(4, "k", 0) == State.NOT_LOOKED_AT and declarations.state(4, "k", 1) == State.IN_PART
    declarations.undo()
    declarations.withdraw_in_volume([4])
    assert declarations.completeness.volume[4] == State.IN_PART


def test_withdrawing_what_nobody_declared_says_nothing():
    told = []
    declarations = fresh(told.append)
    declarations.withdraw_in_volume([1])
    declarations.withdraw_between([1], "k", 0, 3)
    assert told == [] and declarations.undo() is None


def test_a_ribbon_of_several_structures():
    declarations = fresh()
    declarations.complete_between([1, 2], "k", 0, 1)
    declarations.complete_in_slice([1], "k", 2)
    assert declarations.ribbon([1, 2], "k").tolist() == [2, 2, 1, 0]
    assert declarations.ribbon([], "k").tolist() == [0, 0, 0, 0]


def test_absent_only_where_it_is_not_painted():
    declarations, labels = fresh(unions=UNIONS), empty()
    labels[1, 0, 0], labels[2, 0, 0] = 3, 9
    declarations.absent_in_slice([3], "k", 0, labels)
    assert declarations.state(3, "k", 0) == State.COMPLETE
    for structure, index in ((3, 1), (1, 2), (2, 2)):
        with pytest.raises(UserError, match=f"structure {structure} is painted in slice {index} across k: erase"):
            declarations.absent_in_slice([structure], "k", index, labels)
    with pytest.raises(UserError, match="is painted in this volume"):
        declarations.absent_in_volume([4, 3], labels)
    declarations.absent_in_volume([4], labels)
    assert declarations.completeness.volume.tolist() == [0, 0, 0, 1, 2]


def test_names_in_messages():
    labels = np.full(SHAPE, 6, np.uint8)
    declarations = Declarations(Completeness.of_volume((), 17), SHAPE, label_set=load_label_set())
    with pytest.raises(UserError, match="liver is painted in this volume"):
        declarations.absent_in_volume([6], labels)


def test_painting_begins_and_is_not_undone():
    declarations = fresh()
    declarations.complete_in_slice([1], "k", 0)
    declarations.begin([2])
    declarations.undo()
    assert declarations.completeness.volume.tolist() == [0, 0, 1, 0, 0]


def test_an_edit_of_a_complete_slice():
    declarations, before = fresh(), empty()
    declarations.complete_in_slice([1, 2], "k", 1)
    declarations.complete_in_slice([1], "j", 4)
    declarations.complete_in_volume([3])
    after = before.copy()
    after[1, 2, 3] = 1
    assert [(t.structure, t.axis, t.index) for t in declarations.touched(before, after)] == [(1, "k", 1)]
    assert declarations.state(1, "k", 1) == State.COMPLETE  # to look is not to change
    after[0, 0, 0] = 4
    assert len(declarations.touched(before, after)) == 1  # 3 and 2 are still where they were, not there
    after[2, 4, 0] = 3
    declarations.edited(before, after)
    assert declarations.state(1, "k", 1) == State.IN_PART and declarations.state(2, "k", 1) == State.COMPLETE
    assert declarations.state(1, "j", 4) == State.COMPLETE and declarations.completeness.volume[3] == State.IN_PART
    assert declarations.state(4, "i", 0) == State.IN_PART and declarations.state(4, "i", 1) == State.NOT_LOOKED_AT


def test_a_union_over_a_complete_structure_contradicts_it():
    declarations, after = fresh(unions=UNIONS), empty()
    declarations.complete_in_volume([1, 3])
    after[0, 0, 0] = 9
    assert [t.structure for t in declarations.touched(empty(), after)] == [1]


def test_undo_does_not_bring_back_what_an_edit_contradicted():
    declarations, after = fresh(), empty()
    declarations.complete_in_slice([1], "k", 1)
    declarations.withdraw_in_slice([1], "k", 1)
    after[1, 0, 0] = 1
    declarations.edited(empty(), after)
    declarations.undo()
    assert declarations.state(1, "k", 1) == State.IN_PART


def test_what_ai_tools_may_not_change():
    declarations, labels = fresh(unions=UNIONS), empty()
    labels[0, 0, 0], labels[0, 0, 1], labels[0, 0, 2] = 1, 2, 9
    declarations.complete_in_slice([3], "k", 2)
    declarations.complete_in_volume([2])
    locked = declarations.locked(labels)
    assert locked[2].all() and locked[0, 0].tolist() == [False, True, True, False, False, False]
    assert locked.sum() == locked[2].size + 2


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda d: d.complete_in_slice([1], "k", 4), "lie outside the volume: choose from 0 to 3"),
        (lambda d: d.complete_in_slice([1], "z", 0), "'z' is no axis"),
        (lambda d: d.ribbon([1], "x"), "'x' is no axis"),
        (lambda d: d.complete_in_volume([0]), "label 0 stands for no structure"),
        (lambda d: d.state(1, "i", -1), "lie outside"),
    ],
)
def test_what_cannot_be_declared(act, said):
    with pytest.raises(UserError, match=said):
        act(fresh())


def test_a_record_of_another_volume():
    with pytest.raises(UserError, match="9 slices across k, the volume 4"):
        Declarations(Completeness(np.zeros(5, np.uint8), np.zeros((9, 5), np.uint8)), SHAPE)


structures = st.lists(st.integers(1, N_CLASSES - 1), min_size=1, max_size=3)
acts = st.one_of(
    st.tuples(st.sampled_from(["complete_in_volume", "withdraw_in_volume"]), structures),
    st.tuples(
        st.sampled_from(["complete_between", "withdraw_between"]),
        structures,
        st.sampled_from(AXES),
        st.integers(0, 8),
        st.integers(0, 8),
    ),
)


def perform(declarations, act):
    name, chosen, *place = act
    if place:
        axis, first, last = place
        n = declarations.shape[AXES.index(axis)]
        place = [axis, first % n, last % n]
    getattr(declarations, name)(chosen, *place)


@settings(max_examples=150, deadline=None)
@given(annotated(), st.lists(acts, max_size=12), st.data())
def test_undo_of_everything_returns_to_the_start_and_redo_to_the_end(case, wanted, data):
    labels, start = case
    declarations = Declarations(start, labels.shape)
    for act in wanted:
        perform(declarations, act)
        if data.draw(st.booleans()):
            before = declarations.completeness
            if declarations.undo():
                assert declarations.redo() and same(declarations.completeness, before)
    end = declarations.completeness
    while declarations.undo():
        pass
    assert same(declarations.completeness, start)
    while declarations.redo():
        pass
    assert same(declarations.completeness, end)


@settings(max_examples=200, deadline=None)
@given(annotated(), st.lists(acts, max_size=6), st.data())
def test_no_edit_leaves_a_contradicted_declaration(case, wanted, data):
    """Wherever an edit changed what is possible for a structure, it is complete nowhere, whatever is undone later."""
    labels, start = case
    declarations = Declarations(start, labels.shape, unions=UNIONS)
    for act in wanted:
        perform(declarations, act)
    for _ in range(data.draw(st.integers(0, 3))):
        declarations.undo()
    after, _ = data.draw(annotated(labels.shape))
    keep = np.random.default_rng(data.draw(st.integers(0, 99))).random(labels.shape) < 0.8
    after = np.where(keep, labels, after)
    touched = declarations.touched(labels, after)
    expected = set(contradicted(labels, after, declarations.completeness))
    assert set(touched) == expected and len(touched) == len(expected)
    assert declarations.edited(labels, after) == touched
    assert declarations.touched(labels, after) == ()
    moves = data.draw(st.lists(st.sampled_from(["undo", "redo"]), max_size=8))
    for move in ["redo", *moves]:
        assert list(contradicted(labels, after, declarations.completeness)) == []
        getattr(declarations, move)()


def contradicted(before, after, record):
    """What an edit contradicts, told voxel by voxel."""
    for place in np.argwhere(before != after).tolist():
        for structure in range(1, N_CLASSES):
            if meaning(before[tuple(place)], structure) != meaning(after[tuple(place)], structure):
                if record.volume[structure] == State.COMPLETE:
                    yield Touched(structure)
                for axis, table, index in zip(AXES, (record.z, record.y, record.x), place, strict=True):
                    if table is not None and table[index, structure] == State.COMPLETE:
                        yield Touched(structure, axis, index)


def meaning(label, structure):
    return 2 if label == structure else int(structure in UNIONS.get(int(label), ()))


@settings(max_examples=50, deadline=None)
@given(annotated(), st.data())
def test_painting_background_or_another_structure_takes_nothing_back_that_still_holds(case, data):
    """After an edit, whatever is still complete gives candidate sets that the labels themselves do not contradict."""
    labels, start = case
    declarations = Declarations(start, labels.shape, unions=UNIONS)
    after = np.where(labels == 0, np.uint8(255), labels)
    assert declarations.touched(labels, after) == ()
    declarations.edited(labels, after)
    assert same(declarations.completeness, start)
    candidate_sets(after, declarations.completeness, UNIONS)
