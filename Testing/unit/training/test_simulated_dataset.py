"""A dataset of simulated cases: ordinary case folders, independent of each other."""

import json
from dataclasses import replace

import numpy as np
import pytest

from partialseg_training.simulation import Rule, Scribbles, Slices, simulate_dataset
from partialseg_training.simulation.picture import draw_annotation
from PartialSegLib.dataset import CaseEntry, load_dataset, read_annotation, read_case, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_labels
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import State, candidate_sets

NAMES = ("anna", "ben", "cleo", "dan")
EVERY = tuple(range(1, 17))
SIDEWAYS = np.array([[0, 0, -1], [1, 0, 0], [0, 1, 0]], float)  # index axes run to posterior, superior, right


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Four fully labelled cases, the last sagittal, of two datasets; and one that is unlabelled."""
    folder = tmp_path_factory.mktemp("source")
    for number, name in enumerate((*NAMES, "nobody")):
        rng = np.random.default_rng(number)
        labels = np.zeros((12, 15, 18), np.uint8)
        for value in (1, 2, 6):
            start = rng.integers(0, 7, 3)
            labels[tuple(slice(a, a + 5) for a in start)] = value
        direction = SIDEWAYS if name == "dan" else np.eye(3)
        image = Volume(rng.normal(0, 50, labels.shape).astype(np.int16), (2.0, 1.0, 3.0), (1.0, 2.0, 3.0), direction)
        labelled = name != "nobody"
        entry = CaseEntry(
            name=name,
            dataset="odd" if number % 2 else "even",
            modality="mr",
            image="image.nii.gz",
            label="labels.nii.gz" if labelled else None,
            annotated=EVERY if labelled else (),
            patient=f"p{number}",
        )
        write_case(folder, entry, image, image.like(labels) if labelled else None)
    return load_dataset(folder)


def candidates(entry):
    labels, completeness = read_annotation(entry)
    return candidate_sets(labels.array, completeness, entry.unions)


def annotations(folder):
    return {name: candidates(entry) for name, entry in load_dataset(folder).cases.items()}


def test_the_result_is_a_dataset_like_any_other(source, tmp_path):
    rule = Rule(slices=Slices(fraction=0.25, axes=("axial", "coronal")))
    written = simulate_dataset(source, None, rule, 0, tmp_path / "sparse")
    cases = load_dataset(tmp_path / "sparse").cases
    assert tuple(cases) == NAMES and [case.entry for case in written] == list(cases.values())
    for name, entry in cases.items():
        before = source.cases[name]
        assert (entry.dataset, entry.modality, entry.patient) == (before.dataset, before.modality, before.patient)
        assert entry.image.read_bytes() == before.image.read_bytes()
        image, labels, completeness = read_case(entry)
        assert labels.same_grid(image) and labels.same_grid(read_labels(before.label))
        assert (completeness.z is None) == (name == "dan")  # whose file is sagittal
        full, said = candidates(before), candidates(entry)
        assert ((said & full) == full).all() and (said == full).any() and (said != full).any()
    amounts = json.loads((tmp_path / "sparse" / "simulation.json").read_text())
    assert amounts["dan"]["slices"] == [4, 4, 0] and amounts["anna"]["slices"] == [3, 4, 0]
    assert amounts["anna"]["rule"]["slices"]["fraction"] == 0.25 and amounts["anna"]["seed"] == 0


def test_a_case_does_not_depend_on_the_others(source, tmp_path):
    rule = Rule(share=0.5, slices=Slices(share=0.5), scribbles=Scribbles())
    simulate_dataset(source, NAMES, rule, 3, tmp_path / "all")
    simulate_dataset(source, ("cleo", "anna"), rule, 3, tmp_path / "two")
    simulate_dataset(source, ("anna",), rule, 4, tmp_path / "other")
    every, two, other = (annotations(tmp_path / name) for name in ("all", "two", "other"))
    assert all((every[name] == two[name]).all() for name in ("anna", "cleo"))
    assert (every["anna"] != other["anna"]).any()


def test_structures_are_drawn_by_case_or_by_dataset(source, tmp_path):
    by_case, by_dataset = Rule(share=0.3), Rule(share=0.3, per="dataset")
    drawn = {case.entry.annotated for case in simulate_dataset(source, None, by_case, 0, tmp_path / "a")}
    assert len(drawn) == 4 and {len(structures) for structures in drawn} == {5}
    written = simulate_dataset(source, None, by_dataset, 0, tmp_path / "b")
    drawn = {(case.entry.dataset, case.entry.annotated) for case in written}
    assert len(drawn) == 2 and len({structures for _, structures in drawn}) == 2


def test_each_case_may_have_its_rule_and_calls_add_up(source, tmp_path):
    rules = {"anna": Rule(), "ben": Rule(slices=Slices())}
    simulate_dataset(source, ("anna", "ben"), rules, 0, tmp_path)
    simulate_dataset(source, ("cleo",), Rule(structures=()), 0, tmp_path)
    cases = load_dataset(tmp_path).cases
    assert cases["anna"].annotated == EVERY and not cases["ben"].annotated and cases["ben"].slices
    assert cases["cleo"].label is None and not cases["cleo"].in_part
    assert set(json.loads((tmp_path / "simulation.json").read_text())) == {"anna", "ben", "cleo"}


def test_a_scribbled_case_says_so_in_its_file(source, tmp_path):
    (case,) = simulate_dataset(source, ("anna",), Rule(structures=(1, 2, 6), scribbles=Scribbles()), 0, tmp_path)
    assert not case.entry.annotated and not case.entry.slices and case.entry.in_part == (1, 2, 6)
    ((value, members),) = case.entry.unions.items()
    assert members == (0, *(v for v in EVERY if v not in (1, 2, 6)))
    labels, completeness = read_annotation(case.entry)
    assert set(np.unique(labels.array)) == {0, 1, 2, 6, value}
    assert (completeness.volume != State.COMPLETE).all()


def test_nothing_is_overwritten_unasked(source, tmp_path):
    simulate_dataset(source, ("anna",), Rule(), 0, tmp_path)
    with pytest.raises(UserError, match="exists already"):
        simulate_dataset(source, ("ben", "anna"), Rule(), 0, tmp_path)
    assert not (tmp_path / "ben").exists()
    simulate_dataset(source, ("anna",), Rule(slices=Slices()), 0, tmp_path, overwrite=True)
    assert not load_dataset(tmp_path).cases["anna"].annotated
    with pytest.raises(UserError, match="where case anna comes from"):
        simulate_dataset(source, ("anna",), Rule(), 0, source.path, overwrite=True)
    (tmp_path / "ben").mkdir()
    (tmp_path / "ben" / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="left alone"):
        simulate_dataset(source, ("ben",), Rule(), 0, tmp_path, overwrite=True)
    assert (tmp_path / "ben" / "thesis.txt").exists()


def test_what_cannot_be_simulated_from_is_refused(source, manifest, tmp_path):
    with pytest.raises(UserError, match="nobody has no label file"):
        simulate_dataset(source, ("nobody",), Rule(), 0, tmp_path)
    with pytest.raises(UserError, match="body is a label map"):
        simulate_dataset(load_dataset(manifest), ("body",), Rule(), 0, tmp_path)
    with pytest.raises(UserError, match="no case named zoe"):
        simulate_dataset(source, ("zoe",), Rule(), 0, tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["anna", "dan"])
def test_a_picture_shows_what_is_said(source, tmp_path, name):
    from PIL import Image

    rules = {"said": Rule(), "sparse": Rule(slices=Slices(axes=("sagittal",))), "nothing": Rule(structures=())}
    brightness = {}
    for what, rule in rules.items():
        (case,) = simulate_dataset(source, (name,), rule, 0, tmp_path / what)
        image, labels, completeness = read_case(case.entry)
        path = tmp_path / f"{what}.png"
        draw_annotation(path, replace(image, modality="mr"), labels, completeness, load_label_set(), title=what)
        picture = np.asarray(Image.open(path))
        brightness[what] = picture[50:, :1390].mean()
    assert brightness["nothing"] < brightness["sparse"] < brightness["said"]
    with pytest.raises(UserError, match=r"ends in \.png"):
        draw_annotation(tmp_path / "x.jpg", image, labels, completeness, load_label_set())
