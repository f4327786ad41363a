"""Simulated annotations: never more than the source said, the same for the same seed, on the patient's axes."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partialseg_training.simulation import Rule, Scribbles, Slices, amount_said, simulate
from partialseg_training.simulation.choice import choose_structures, evenly_spaced
from PartialSegLib.annotation import reorient
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.supervision import PAINTED_BACKGROUND, Completeness, State, candidate_sets, everything

N = 5  # background and four structures
SHAPE = (12, 14, 16)
SPACING = (1.0, 1.5, 4.0)  # x, y, z
TURNS = [(order, flips) for order in permutations(range(3)) for flips in product((False, True), repeat=3)]
RULES = [
    Rule(),
    Rule(structures=()),
    Rule(structures=(2, 4)),
    Rule(groups=((1,), (2, 3))),
    Rule(share=0.5),
    Rule(slices=Slices(fraction=0.3)),
    Rule(slices=Slices(fraction=0.2, axes=("axial", "sagittal", "coronal"), share=0.5)),
    Rule(structures=(1, 3), scribbles=Scribbles(fraction=0.4)),
    Rule(scribbles=Scribbles(fraction=0.3, axes=("coronal", "axial"))),
    Rule(whole=(1,), slices=Slices(axes=("sagittal",)), scribbles=Scribbles(), share=0.75),
]


def boxes(seed=0, shape=SHAPE):
    """Labels 1 to 3 as boxes; 4 is nowhere."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint8)
    for value in (1, 2, 3):
        start = rng.integers(0, np.array(shape) - 6)
        size = rng.integers(3, 7, 3)
        labels[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))] = value
    return labels


def volume(array, direction=None, spacing=SPACING):
    return Volume(array, spacing, (5.0, -7.0, 11.0), np.eye(3) if direction is None else direction)


def full(structures=(1, 2, 3, 4)):
    return Completeness.of_volume(structures, N)


def run(rule, labels=None, completeness=None, seed=0, unions=None):
    source = volume(boxes() if labels is None else labels)
    return simulate(source, completeness or full(), rule, np.random.default_rng(seed), unions)


def sets(simulated):
    return candidate_sets(simulated.labels.array, simulated.completeness, simulated.unions)


def random_source(seed):
    """Labels with scribbled background and a union, and a record that says something of everything."""
    rng = np.random.default_rng(seed)
    labels = boxes(seed)
    strokes = rng.random(SHAPE) < 0.02
    labels[strokes & (labels == 0)] = PAINTED_BACKGROUND
    labels[(labels == 3) & (rng.random(SHAPE) < 0.5)] = 20
    volume_states = rng.integers(0, 3, N).astype(np.uint8)
    tables = [rng.choice([0, 0, 1, 2], (n, N)).astype(np.uint8) if rng.random() < 0.7 else None for n in SHAPE]
    volume_states[0] = 0
    return labels, Completeness(volume_states, *tables), {20: (2, 3)}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(RULES))
def test_nothing_is_said_that_the_source_did_not_say(seed, rule):
    labels, completeness, unions = random_source(seed)
    before = candidate_sets(labels, completeness, unions)
    after = sets(run(rule, labels, completeness, seed, unions))
    assert ((after & before) == before).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("turn", TURNS[::7])
def test_the_patient_s_axes_decide_not_the_file_s(rule, turn):
    order, flips = turn
    labels, completeness, unions = random_source(3)
    upright = simulate(volume(labels), completeness, rule, np.random.default_rng(5), unions)
    # Array axis d of the turned file is axis order[d] of the upright one; index axis i is array axis 2 - i.
    array = labels.transpose(order)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    direction, spacing = np.zeros((3, 3)), [0.0, 0.0, 0.0]
    for axis, (source, flip) in enumerate(zip(order, flips, strict=True)):
        direction[2 - source, 2 - axis] = -1 if flip else 1
        spacing[2 - axis] = SPACING[2 - source]
    turned = volume(np.ascontiguousarray(array), direction, tuple(spacing))
    back, view = to_lps(turned)
    assert (back == labels).all()
    tables = (completeness.z, completeness.y, completeness.x)
    record = Completeness(
        completeness.volume,
        *(tables[s] if tables[s] is None or not f else tables[s][::-1] for s, f in zip(order, flips, strict=True)),
    )
    result = simulate(turned, record, rule, np.random.default_rng(5), unions)
    assert result.labels.array.shape == turned.array.shape and result.labels.same_grid(turned)
    assert (view.apply(result.labels.array) == upright.labels.array).all()
    same = reorient(result.completeness, view)
    for name in ("volume", "z", "y", "x"):
        a, b = getattr(same, name), getattr(upright.completeness, name)
        assert (a is None) == (b is None) and (a is None or (a == b).all())


def test_axial_slices_are_the_patient_s_in_a_sagittal_acquisition():
    # Index axes (i, j, k) run to posterior, superior, left.
    direction = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], float)
    source = volume(boxes(), direction)
    said = simulate(source, full(), Rule(slices=Slices(fraction=0.2)), np.random.default_rng(0))
    assert said.completeness.z is None and said.completeness.x is None
    assert (said.completeness.y == State.COMPLETE).any(axis=1).sum() == round(0.2 * SHAPE[1])
    known = sets(said) != everything(N)
    assert set(np.flatnonzero(known.any(axis=(0, 2)))) == set(np.flatnonzero(said.completeness.y.any(axis=1)))


@pytest.mark.parametrize("rule", RULES)
def test_equal_seeds_give_equal_annotations(rule):
    labels, completeness, unions = random_source(1)
    a, b = (run(rule, labels, completeness, 9, unions) for _ in range(2))
    assert (a.labels.array == b.labels.array).all() and (sets(a) == sets(b)).all() and a.unions == b.unions


def test_no_rule_changes_nothing():
    labels, completeness, unions = random_source(2)
    said = run(Rule(), labels, completeness, 0, unions)
    assert (sets(said) == candidate_sets(labels, completeness, unions)).all()


def test_nothing_is_kept_of_an_unlabelled_case():
    said = run(Rule(structures=()))
    assert not said.labels.array.any() and not said.completeness.volume.any()
    assert (sets(said) == everything(N)).all()


def test_dropped_structures_become_unknown_and_kept_ones_stay_complete():
    said = run(Rule(structures=(2, 4)))
    truth = boxes()
    assert (said.labels.array == np.where(truth == 2, 2, 0)).all()
    assert (sets(said)[truth != 2] == 0b01011).all()  # background, 1 or 3: 4 is known absent


@settings(deadline=None)
@given(st.integers(1, 400), st.floats(0.01, 1), st.integers(0, 1000))
def test_slices_are_evenly_spaced(count, fraction, seed):
    chosen = evenly_spaced(count, fraction, np.random.default_rng(seed))
    assert len(chosen) == max(1, round(fraction * count)) and chosen.min() >= 0 and chosen.max() < count
    gaps = np.diff(chosen)
    assert len(gaps) == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)


def test_kept_slices_are_complete_and_the_others_unknown():
    said = run(Rule(slices=Slices(fraction=0.25, axes=("coronal",))))
    kept = np.flatnonzero((said.completeness.y == State.COMPLETE).any(axis=1))
    assert len(kept) == round(0.25 * SHAPE[1]) and (said.completeness.y[kept, 1:] == State.COMPLETE).all()
    whole = candidate_sets(boxes(), full())
    assert (sets(said)[:, kept] == whole[:, kept]).all()
    assert (np.delete(sets(said), kept, axis=1) == everything(N)).all()


def test_each_slice_draws_its_own_structures():
    said = run(Rule(slices=Slices(fraction=1.0, share=0.5)))
    complete = said.completeness.z == State.COMPLETE
    assert (complete.sum(axis=1) == 2).all() and len({row.tobytes() for row in complete}) > 2
    for index, row in enumerate(complete):
        assert set(np.unique(said.labels.array[index])) <= {0, *np.flatnonzero(row)}


def test_all_slices_one_by_one_say_the_same_as_the_volume():
    said = run(Rule(slices=Slices(fraction=1.0)))
    assert (said.completeness.volume != State.COMPLETE).all()
    assert (sets(said) == candidate_sets(boxes(), full())).all()
    again = simulate(said.labels, said.completeness, Rule(slices=Slices(axes=("sagittal",))), np.random.default_rng(0))
    assert (again.completeness.x == State.COMPLETE).any()  # every slice along z is: so is every slice across x


@pytest.mark.parametrize("seed", range(5))
def test_scribbles_lie_inside_and_every_structure_has_one(seed):
    truth = boxes(seed)
    said = run(Rule(scribbles=Scribbles(fraction=0.2)), truth, seed=seed)
    painted = said.labels.array
    strokes = (painted > 0) & (painted < N)
    assert (painted[strokes] == truth[strokes]).all()
    assert set(np.unique(painted[strokes])) == set(np.unique(truth)) - {0}
    assert (truth[painted == PAINTED_BACKGROUND] == 0).all() and (painted == PAINTED_BACKGROUND).any()
    assert not said.unions and set(said.completeness.volume) == {State.NOT_LOOKED_AT, State.IN_PART}
    assert 0 < amount_said(painted, said.completeness).voxels < 0.2


def test_background_is_painted_only_where_all_structures_are_known_not_to_be():
    truth = boxes()
    partly = run(Rule(scribbles=Scribbles(fraction=0.5)), np.where(truth == 3, 0, truth), full((1, 2, 4)))
    assert not (partly.labels.array == PAINTED_BACKGROUND).any()
    ((value, members),) = partly.unions.items()
    assert members == (0, 3) and (partly.labels.array == value).any()
    assert np.isin(truth[partly.labels.array == value], (0, 3)).all()
    unknown = run(Rule(scribbles=Scribbles(fraction=0.5)), truth, Completeness(np.full(N, State.IN_PART, np.uint8)))
    assert unknown.labels.array.any() and unknown.labels.array.max() < N
    assert run(Rule(scribbles=Scribbles(background=False))).labels.array.max() < N


def test_background_strokes_leave_alone_what_is_painted():
    crowded = np.ones(SHAPE, np.uint8)
    everywhere = Rule(scribbles=Scribbles(fraction=1.0, axes=("coronal",)))
    assert not (run(everywhere, crowded).labels.array == PAINTED_BACKGROUND).any()
    crowded[:, :, 0] = 0  # one column of 1 mm between organ and border, where slices are 4 mm thick
    assert (run(everywhere, crowded).labels.array[:, :, 0] == PAINTED_BACKGROUND).any()
    begun = Completeness.of_volume((1,), N)
    begun.volume[2:4] = State.IN_PART
    for seed in range(5):
        said = run(Rule(whole=(2, 3), scribbles=Scribbles(fraction=1.0)), boxes(), begun, seed)
        assert ((said.labels.array == boxes()) | (boxes() < 2)).all()


def test_an_organ_of_one_voxel_and_an_empty_one():
    labels = np.zeros(SHAPE, np.uint8)
    labels[7, 3, 9] = 2
    scribbled = run(Rule(scribbles=Scribbles(fraction=0.1)), labels)
    assert scribbled.labels.array[7, 3, 9] == 2 and (scribbled.labels.array == 2).sum() == 1
    for rule in RULES:
        nothing = run(rule, np.zeros(SHAPE, np.uint8))
        assert nothing.labels.array.max() in (0, *nothing.unions, PAINTED_BACKGROUND)
    assert (sets(run(Rule(slices=Slices()), np.zeros(SHAPE, np.uint8))) == 1).any()  # empty, but known to be


def test_a_union_is_kept_with_any_of_its_structures():
    labels = boxes()
    labels[labels == 3] = 20
    said = run(Rule(structures=(2,)), labels, full((2, 3)), unions={20: (2, 3)})
    assert set(np.unique(said.labels.array)) == {0, 2, 20} and said.unions == {20: (2, 3)}
    other = run(Rule(structures=(1,)), labels, full((1, 2, 3)), unions={20: (2, 3)})
    assert set(np.unique(other.labels.array)) == {0, 1} and not other.unions


def test_scribbles_of_a_kidney_whose_side_is_unknown():
    labels = np.where(boxes() == 3, 20, 0).astype(np.uint8)
    said = run(Rule(scribbles=Scribbles()), labels, Completeness(np.zeros(N, np.uint8)), unions={20: (2, 3)})
    assert set(np.unique(said.labels.array)) == {0, 20} and said.unions == {20: (2, 3)}


def test_a_hybrid_case_says_all_of_its_parts():
    said = run(Rule(whole=(1,), slices=Slices(axes=("axial",)), scribbles=Scribbles(axes=("sagittal",))))
    assert said.completeness.volume[1] == State.COMPLETE and (said.completeness.volume[2:] != State.COMPLETE).all()
    kept = np.flatnonzero((said.completeness.z == State.COMPLETE).any(axis=1))
    outside = np.delete(said.labels.array, kept, axis=0)
    assert (said.labels.array == 1).sum() == (boxes() == 1).sum() and np.isin(outside, (2, 3)).any()


def test_groups_and_shares_are_drawn():
    draws = {choose_structures(Rule(groups=((1, 2), (3,))), range(1, N), np.random.default_rng(s)) for s in range(20)}
    assert draws == {(1, 2), (3,)}
    halves = [choose_structures(Rule(share=0.5), range(1, N), np.random.default_rng(s)) for s in range(20)]
    assert {len(half) for half in halves} == {2} and len(set(halves)) > 2
    assert choose_structures(Rule(structures=(2, 9)), (1, 2, 3), np.random.default_rng(0)) == (2,)
    assert choose_structures(Rule(share=0.01), (3,), np.random.default_rng(0)) == (3,)
    assert choose_structures(Rule(share=0.5), (), np.random.default_rng(0)) == ()


def test_what_is_said_is_counted():
    whole = amount_said(boxes(), full())
    assert whole.voxels == whole.answers == 1 and whole.complete == (1, 2, 3, 4) and whole.slices == (0, 0, 0)
    one = run(Rule(structures=(4,)))
    assert amount_said(one.labels.array, one.completeness).answers == pytest.approx(0.25)
    some = run(Rule(slices=Slices(fraction=0.25)))
    amount = amount_said(some.labels.array, some.completeness)
    assert amount.voxels == amount.answers == 0.25 and amount.slices == (3, 0, 0)
    assert amount.painted == (some.labels.array > 0).sum()
    none = amount_said(np.zeros(SHAPE, np.uint8), Completeness(np.zeros(N, np.uint8)))
    assert (none.voxels, none.answers, none.painted) == (0, 0, 0)


def test_labels_that_stand_for_nothing_are_refused():
    labels = boxes()
    labels[0, 0, 0] = 77
    with pytest.raises(UserError, match="label 77 stands for no structure"):
        run(Rule(), labels)
