"""Pictures in reports: the slice that tells most, the worst cases, what each voxel of a sample may be."""

import base64
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from partialseg_training.evaluate import Outcome
from partialseg_training.metrics import Scores
from partialseg_training.report.case_picture import draw_case, scored_labels, telling_slice
from partialseg_training.report.gallery import Gallery, read_gallery
from partialseg_training.report.page import embedded
from partialseg_training.report.sample_choice import sample_text, shows
from partialseg_training.report.sample_picture import draw_sample, how_many, painted_labels
from partialseg_training.scores.rows import Row
from PartialSegLib.image import Volume
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import Completeness, State, candidate_sets

LABEL_SET = load_label_set("abdomen16")
AMBER = (255, 191, 64)


def labels(shape=(20, 24, 28)):
    array = np.zeros(shape, np.uint8)
    array[4:12, 6:18, 4:14] = 6
    return array


def outcome(name="a", dsc=0.5, found=None, completeness=None):
    truth = labels()
    volume = Volume(truth.astype(np.float32) * 20, (2.0, 2.0, 3.0), (0.0, 0.0, 0.0), np.eye(3))
    rows = [Row("tiny", name, "ct", 6, "liver", Scores(dsc, 0.5, 3.0, 1.0, 1.0))]
    entry = SimpleNamespace(name=name, dataset="tiny", modality="ct", unions={})
    whole = Completeness.of_volume((6,), LABEL_SET.n_classes)
    predicted = volume.like(labels() if found is None else found)
    return Outcome(entry, volume, volume.like(truth), predicted, completeness or whole, rows)


def test_the_slice_on_which_most_is_lost():
    found = labels()
    found[9] = 0
    plane, index = telling_slice(labels(), found)
    assert (plane.name, index) == ("Axial", 9)


def test_another_plane_when_it_shows_much_more():
    found = labels()
    found[:, :, 5] = 0
    plane, index = telling_slice(labels(), found)
    assert (plane.name, index) == ("Sagittal", 5)


def test_a_gland_weighs_as_much_as_the_liver():
    truth = labels()
    truth[15, 2:4, 2:4] = 11
    found = truth.copy()
    found[15] = 0
    found[8, 6:10, 4:14] = 0  # ten times as many voxels of liver
    assert telling_slice(truth, found)[1] == 15


def test_what_is_absent_has_no_dice_to_lose():
    found = labels()
    found[5, 8:12, 6:9] = 0
    found[17, 0, 0] = 5
    assert telling_slice(labels(), found)[1] == 5


def test_a_perfect_result_shows_the_structures():
    plane, index = telling_slice(labels(), labels())
    assert plane.name == "Axial" and 4 <= index < 12


def test_only_what_is_scored_is_drawn():
    table = np.zeros((20, LABEL_SET.n_classes), np.uint8)
    table[[5, 8], 6] = State.COMPLETE
    found = labels()
    found[0, 0] = 3
    expected, predicted = scored_labels(
        outcome(found=found, completeness=Completeness(np.zeros(LABEL_SET.n_classes, np.uint8), z=table))
    )
    assert np.flatnonzero(expected.any(axis=(1, 2))).tolist() == [5, 8]
    assert np.array_equal(expected, predicted)


def test_truth_and_prediction_lie_side_by_side():
    picture = draw_case(outcome(), LABEL_SET)
    assert picture.width > 600 and picture.mode == "RGB"
    wrong = draw_case(outcome(found=np.zeros_like(labels())), LABEL_SET)
    left, right = (np.asarray(wrong)[40:-60, part] for part in (slice(40, 430), slice(520, 900)))
    assert np.ptp(left, axis=2).max() > 60 and np.ptp(right, axis=2).max() < 10


def test_a_gallery_keeps_the_worst(tmp_path):
    gallery = Gallery(LABEL_SET)
    scores = [0.9, 0.2, 0.5, 0.8, 0.1, 0.7, 0.6, 0.95]
    for number, dsc in enumerate(scores):
        gallery.add(outcome(f"case_{number}", dsc))
    (tmp_path / "worst").mkdir()
    (tmp_path / "worst" / "old.png").touch()
    gallery.write(tmp_path)
    shown = read_gallery(tmp_path)
    assert [item.mean_dsc for item in shown] == [0.1, 0.2, 0.5, 0.6, 0.7, 0.8]
    assert sorted(path.name for path in (tmp_path / "worst").iterdir()) == sorted(f"{i.case}.png" for i in shown)
    assert json.loads((tmp_path / "worst.json").read_text())[0]["scores"] == {"liver": 0.1}
    assert read_gallery(tmp_path / "nothing") == []


def test_pictures_are_embedded_as_small_files():
    address = embedded(draw_case(outcome(), LABEL_SET))
    head, _, data = address.partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.format == "PNG" and picture.mode == "P"
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    with Image.open(io.BytesIO(base64.b64decode(embedded(grey).partition(",")[2]))) as picture:
        assert np.abs(np.asarray(picture.convert("L")).astype(int) - np.asarray(grey)).max() <= 4


@pytest.fixture
def sample():
    """Liver in the whole volume; spleen in two axial slices."""
    painted = labels()
    table = np.zeros((20, LABEL_SET.n_classes), np.uint8)
    table[[3, 9], 1] = State.COMPLETE
    record = Completeness(Completeness.of_volume((6,), LABEL_SET.n_classes).volume, z=table)
    candidates = candidate_sets(painted, record)
    return {
        "image": (painted / 10.0).astype(np.float32)[None],
        "candidates": candidates,
        "annotated": record.volume == State.COMPLETE,
        "z": table == State.COMPLETE,
        "y": np.zeros((24, LABEL_SET.n_classes), bool),
        "x": np.zeros((28, LABEL_SET.n_classes), bool),
        "case": 0,
    }


def test_how_many_classes_a_voxel_may_be(sample):
    n = how_many(sample["candidates"], LABEL_SET.n_classes)
    assert (n[5, 8, 8], n[0, 0, 0], n[3, 0, 0]) == (1, 16, 15)
    assert np.array_equal(painted_labels(sample["candidates"], LABEL_SET.n_classes), labels())


def test_annotated_slices_are_ticks_at_the_border(sample):
    """In the coronal plane (second row) the two slices are lines; the axial slice shown is not one of them."""
    picture = np.asarray(draw_sample(sample, LABEL_SET, (2.0, 2.0, 3.0)))
    ticks = (picture[:, :9] == AMBER).all(axis=(1, 2))
    starts = np.flatnonzero(np.diff(ticks.astype(int)) == 1)
    assert len(starts) == 2
    empty = {**sample, "z": np.zeros((20, LABEL_SET.n_classes), bool)}
    without = np.asarray(draw_sample(empty, LABEL_SET, (2.0, 2.0, 3.0)))
    assert not (without[:-60, :9] == AMBER).all(axis=2).any()


def test_what_counts_is_said_in_words(sample):
    text = sample_text(sample, LABEL_SET)
    assert text == "Complete in the whole volume: liver. 2 of its 20 axial slices are annotated: spleen."
    nothing = {**sample, "annotated": np.zeros(17, bool), "z": np.zeros((20, 17), bool)}
    assert sample_text(nothing, LABEL_SET) == "Complete in the whole volume: nothing."


def test_a_sample_with_partial_knowledge_shows_more(sample):
    everything = np.full_like(sample["candidates"], (1 << 17) - 1)
    scribble = np.where(labels() > 0, 1 << 6, everything)
    assert shows(sample["candidates"], 17) == 2 and shows(scribble, 17) == 1 and shows(everything, 17) == 0
