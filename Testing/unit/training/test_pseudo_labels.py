"""A dataset in which models fill what people left open: what is written, what is dropped, what survives a kill."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from partialseg_training.pseudo import label as module
from partialseg_training.pseudo import pseudo_label
from PartialSegLib.dataset import CaseEntry, Dataset, load_dataset, read_annotation, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_volume, write_volume

RIGHT_KIDNEY, LEFT_KIDNEY, LIVER, BLADDER = 2, 3, 6, 14
SHAPE = (6, 8, 10)


def truth():
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:5, 1:5, 1:5] = LIVER
    labels[1:3, 5:8, 6:9] = LEFT_KIDNEY
    return labels


def volume(array, direction=None):
    return Volume(array, (2.0, 2.0, 3.0), (5.0, 6.0, 7.0), np.eye(3) if direction is None else direction)


@pytest.fixture
def dataset(tmp_path):
    """liver: the liver is complete. scribbled: some voxels of the left kidney. bare: no labels. apart: never asked."""
    folder = tmp_path / "cases"
    common = {"dataset": "toy", "modality": "ct", "image": "image.nii.gz"}
    image = volume((truth() * 10).astype(np.int16))
    scribble = np.zeros(SHAPE, np.uint8)
    scribble[2, 6, 6:9] = LEFT_KIDNEY
    scribble[0, 0, :] = 255
    liver = volume(np.where(truth() == LIVER, LIVER, 0).astype(np.uint8))
    declared = {"liver": {"annotated": (LIVER,)}, "apart": {"annotated": (LIVER,), "labels_by": "two readers"}}
    for name, record in declared.items():
        write_case(folder, CaseEntry(name=name, label="l", **common, **record), image, liver)
    entry = CaseEntry(name="scribbled", label="l", in_part=(LEFT_KIDNEY,), **common)
    write_case(folder, entry, image, volume(scribble))
    write_case(folder, CaseEntry(name="bare", **common), image, None)
    return load_dataset(folder)


@pytest.fixture
def models(tmp_path, bundle_writer, monkeypatch):
    """Bundles `sure`, `other`: their engines say what `says[name]` makes of the truth; `asked` lists the calls."""
    says = {"sure": lambda labels: labels, "other": lambda labels: labels}
    asked = []

    class Engine:
        def __init__(self, bundle, device):
            self.name = bundle.path.name

        def segment(self, image, modality):
            asked.append(self.name)
            labels = says[self.name]((image.array // 10).astype(np.uint8))
            return SimpleNamespace(labels=image.like(labels))

    monkeypatch.setattr(module, "Engine", Engine)
    paths = [bundle_writer(tmp_path / name, name.encode()) for name in says]
    return SimpleNamespace(paths=paths, says=says, asked=asked)


def labels_of(manifest, name):
    labels, completeness = read_annotation(load_dataset(manifest).cases[name])
    return labels.array, completeness


def test_one_model_fills_what_is_open_and_the_rest_stays(dataset, models, tmp_path):
    models.says["sure"] = lambda labels: np.roll(labels, 1, axis=2)
    manifest = pseudo_label(models.paths[:1], dataset, ["liver", "scribbled", "bare"], tmp_path / "out")
    written = load_dataset(manifest)
    assert list(written.entries) == list(dataset.entries)
    assert written.cases["apart"] == dataset.cases["apart"]

    predicted = np.roll(truth(), 1, axis=2)
    labels, _ = labels_of(manifest, "liver")
    np.testing.assert_array_equal(labels == LIVER, truth() == LIVER)
    np.testing.assert_array_equal(labels == LEFT_KIDNEY, (predicted == LEFT_KIDNEY) & (truth() != LIVER))
    assert written.cases["liver"].annotated == (LEFT_KIDNEY, LIVER)
    assert written.cases["liver"].labels_by == "people; left kidney by tiny 0.0.1"

    scribbles, _ = labels_of(dataset.path, "scribbled")
    labels, _ = labels_of(manifest, "scribbled")
    np.testing.assert_array_equal(labels[scribbles > 0], scribbles[scribbles > 0])
    np.testing.assert_array_equal(labels[scribbles == 0], predicted[scribbles == 0])
    assert (written.cases["scribbled"].annotated, written.cases["scribbled"].in_part) == ((LEFT_KIDNEY, LIVER), ())

    np.testing.assert_array_equal(labels_of(manifest, "bare")[0], predicted)
    assert written.cases["bare"].labels_by == "left kidney, liver by tiny 0.0.1"
    assert read_volume(written.cases["bare"].image).same_grid(read_volume(dataset.cases["bare"].image))


def test_two_models_keep_the_structures_they_agree_on(dataset, models, tmp_path):
    models.says["other"] = lambda labels: np.where(labels == LEFT_KIDNEY, np.roll(labels, 1, axis=2), labels)
    manifest = pseudo_label(models.paths, dataset, ["bare"], tmp_path / "out", 0.85)
    assert load_dataset(manifest).cases["bare"].annotated == (LIVER,)
    np.testing.assert_array_equal(np.unique(labels_of(manifest, "bare")[0]), [0, LIVER])
    record = json.loads((tmp_path / "out" / "pseudo.json").read_text(encoding="utf-8"))
    assert record["cases"]["bare"]["filled"] == {str(LIVER): 1.0}


def test_the_threshold_itself_is_not_enough(dataset, models, tmp_path):
    half = truth() == LIVER
    half[:, :, 3:] = False  # 2 of 4 columns: DSC 2 * 2 / (4 + 2)
    models.says["other"] = lambda labels: np.where(half, LIVER, 0).astype(np.uint8)
    manifest = pseudo_label(models.paths, dataset, ["bare"], tmp_path / "high", 2 / 3)
    assert set(load_dataset(manifest).entries) == {"apart", "liver", "scribbled"}
    manifest = pseudo_label(models.paths, dataset, ["bare"], tmp_path / "low", 0.66)
    assert load_dataset(manifest).cases["bare"].annotated == (LIVER,)


def test_finding_nothing_declares_nothing_absent(dataset, models, tmp_path):
    manifest = pseudo_label(models.paths, dataset, ["bare"], tmp_path / "out", 0.85)
    assert BLADDER not in load_dataset(manifest).cases["bare"].annotated


def test_cases_without_what_is_required_are_dropped(dataset, models, tmp_path):
    arguments = {"structures": (LIVER,), "required": (LEFT_KIDNEY,)}
    names = ["liver", "scribbled", "bare"]
    manifest = pseudo_label(models.paths[:1], dataset, names, tmp_path / "out", **arguments)
    assert set(load_dataset(manifest).entries) == {"apart", "scribbled"}
    # What a model finds counts as well, where it may fill it.
    manifest = pseudo_label(models.paths[:1], dataset, names, tmp_path / "all", required=(LEFT_KIDNEY,))
    assert set(load_dataset(manifest).entries) == {*names, "apart"}


def test_label_files_along_other_axes(models, tmp_path):
    folder = tmp_path / "turned"
    image = volume((truth() * 10).astype(np.int16))
    flipped = np.ascontiguousarray(np.where(truth() == LIVER, LIVER, 0)[:, :, ::-1].astype(np.uint8))
    direction = np.diag([-1.0, 1.0, 1.0])
    origin = image.world((SHAPE[2] - 1, 0, 0))
    labels = Volume(flipped, image.spacing, tuple(origin), direction)
    (folder / "a").mkdir(parents=True)
    write_volume(folder / "a" / "image.nii.gz", image)
    write_volume(folder / "a" / "labels.nii.gz", labels)
    (folder / "a" / "case.json").write_text(json.dumps({"modality": "ct", "annotated": [LIVER]}))
    manifest = pseudo_label(models.paths[:1], load_dataset(folder), ["a"], tmp_path / "out")
    np.testing.assert_array_equal(labels_of(manifest, "a")[0], truth()[:, :, ::-1])


def test_a_stopped_run_goes_on_and_never_asks_twice(dataset, models, tmp_path):
    names = ["liver", "scribbled", "bare"]

    def stop(done, total):
        assert total == 3
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pseudo_label(models.paths[:1], dataset, names, tmp_path / "out", progress=stop)
    assert len(models.asked) == 2
    # Killed between writing a case and saying so.
    (tmp_path / "out" / "bare").mkdir()
    manifest = pseudo_label(models.paths[:1], dataset, names, tmp_path / "out")
    assert len(models.asked) == 3
    whole = pseudo_label(models.paths[:1], dataset, names, tmp_path / "whole")
    for name in names:
        np.testing.assert_array_equal(labels_of(manifest, name)[0], labels_of(whole, name)[0])


def test_what_is_refused(dataset, models, tmp_path):
    with pytest.raises(UserError, match="one model, or two models and the agreement"):
        pseudo_label(models.paths, dataset, ["bare"], tmp_path / "out")
    with pytest.raises(UserError, match="one model, or two"):
        pseudo_label([], dataset, ["bare"], tmp_path / "out")
    with pytest.raises(UserError, match="no case named bear: did you mean bare"):
        pseudo_label(models.paths[:1], dataset, ["bear"], tmp_path / "out")
    with pytest.raises(UserError, match="knows none of the structures to fill"):
        pseudo_label(models.paths[:1], dataset, ["bare"], tmp_path / "out", structures=())
    models.says["other"] = np.zeros_like
    bare = Dataset(dataset.path, {"bare": dataset.cases["bare"]})
    with pytest.raises(UserError, match=r"no case is left .*\(nothing is known\): train the models longer"):
        pseudo_label(models.paths[1:], bare, ["bare"], tmp_path / "none")
    pseudo_label(models.paths[:1], dataset, ["bare"], tmp_path / "out")
    with pytest.raises(UserError, match="pseudo-labels made otherwise"):
        pseudo_label(models.paths, dataset, ["bare"], tmp_path / "out", 0.85)
    (tmp_path / "out" / "pseudo.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        pseudo_label(models.paths[:1], dataset, ["bare"], tmp_path / "out")
