"""Out and in again: the same candidate sets where the format can say them, never a certainty that was not there."""

import tempfile
from pathlib import Path

import numpy as np
from exchange_cases import EVERYTHING, SHAPE, add_case, only_case, sets_of
from hypothesis import given, settings
from hypothesis import strategies as st

from PartialSegLib.dataset import load_dataset
from PartialSegLib.exchange import (
    ImportOptions,
    Pair,
    export_dataset,
    export_labelmap,
    export_nnunet,
    find_pairs,
    import_all,
)

STRUCTURES = st.lists(st.integers(1, 16), max_size=5, unique=True).map(tuple)
RANGES = st.sampled_from(["0", "2", "1-3", "4-5"])
SLICES = st.dictionaries(st.sampled_from("kji"), st.dictionaries(RANGES, STRUCTURES.filter(len), min_size=1))
UNIONS = st.dictionaries(
    st.integers(20, 199), st.lists(st.integers(0, 16), min_size=2, max_size=17, unique=True).map(tuple), max_size=3
)
FAST = settings(max_examples=25, deadline=None)


@st.composite
def annotations(draw):
    """Labels and the fields of a CaseEntry that say anything a person can say."""
    unions = draw(UNIONS)
    annotated, in_part = draw(STRUCTURES), draw(STRUCTURES)
    values = draw(st.lists(st.sampled_from([0, 255, *range(1, 17), *unions]), min_size=1, max_size=20))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    fields = {
        "annotated": annotated,
        "in_part": tuple(c for c in in_part if c not in annotated),
        "slices": draw(SLICES),
        "unions": unions,
    }
    return rng.choice(values, SHAPE).astype(np.uint8), fields


def example_case(folder, annotation):
    labels, fields = annotation
    return add_case(Path(folder) / "cases", "p1", labels, **fields)


@FAST
@given(annotations())
def test_our_dataset(annotation):
    with tempfile.TemporaryDirectory() as folder:
        before = example_case(folder, annotation)
        export_dataset(load_dataset(Path(folder) / "cases"), Path(folder) / "copy")
        np.testing.assert_array_equal(sets_of(only_case(Path(folder) / "copy")), sets_of(before))


@FAST
@given(annotations())
def test_label_map_with_table(annotation):
    with tempfile.TemporaryDirectory() as folder:
        before = example_case(folder, annotation)
        export_labelmap(before, Path(folder) / "p1.nii.gz")
        report = import_all(
            [Pair("p1", before.image, Path(folder) / "p1.nii.gz")], Path(folder) / "again", ImportOptions()
        )
        assert report.failed == {}
        after = only_case(Path(folder) / "again")
        np.testing.assert_array_equal(sets_of(after), sets_of(before))
        assert set(after.annotated) == set(before.annotated) and set(after.in_part) == set(before.in_part)


@FAST
@given(annotations())
def test_nnunet_never_says_more_than_was_said(annotation):
    with tempfile.TemporaryDirectory() as folder:
        before = example_case(folder, annotation)
        raw = Path(folder) / "Dataset501_X"
        export_nnunet(load_dataset(Path(folder) / "cases"), raw, structures=tuple(range(1, 17)))
        assert import_all(find_pairs(raw, None), Path(folder) / "again", ImportOptions()).failed == {}
        old, new = sets_of(before), sets_of(only_case(Path(folder) / "again"))
        single = (old & (old - 1)) == 0
        np.testing.assert_array_equal(new[single], old[single])
        assert (new[~single] == EVERYTHING).all()


@FAST
@given(annotations(), STRUCTURES.filter(len))
def test_nnunet_with_chosen_structures_never_says_more(annotation, chosen):
    with tempfile.TemporaryDirectory() as folder:
        before = example_case(folder, annotation)
        raw = Path(folder) / "Dataset501_X"
        export_nnunet(load_dataset(Path(folder) / "cases"), raw, structures=chosen)
        assert import_all(find_pairs(raw, None), Path(folder) / "again", ImportOptions()).failed == {}
        old, new = sets_of(before), sets_of(only_case(Path(folder) / "again"))
        assert (old & ~new == 0).all()
