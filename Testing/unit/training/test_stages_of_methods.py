"""What is trained before the last network, in which order and on what."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from partialseg_training.methods import progression as module
from partialseg_training.methods.progressive import Progressive
from partialseg_training.methods.selected_partial import SelectedPartial
from partialseg_training.pseudo import stage
from PartialSegLib.dataset import CaseEntry, Dataset, LabelMapEntry, load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set

LIVER, LESION = 6, 17
CASE = {"dataset": "toy", "modality": "ct", "image": Path("/i.nii"), "label": Path("/l.nii")}


@dataclass
class FakeStages:
    """Trains nothing, and says what was asked for."""

    config: object
    output: Path
    trained: dict = field(default_factory=dict)

    def train(self, name, config):
        assert not getattr(config.method, "self_training", False)
        self.trained[name] = config
        return self.output / "stages" / name / "bundle"

    def once(self, work):
        work()

    def report(self, stage, done, total):
        pass


@pytest.fixture
def fused(monkeypatch):
    """Replaces pseudo-labelling; the calls, as (name, config, bundles, further arguments)."""
    calls = []

    def relabelled(stages, name, config, bundles, agreement=None, structures=None, required=()):
        calls.append((name, config, [path.parent.name for path in bundles], agreement, structures, required))
        return config.model_copy(update={"dataset": Path(name), "store": None})

    monkeypatch.setattr(module, "relabelled", relabelled)
    monkeypatch.setattr("partialseg_training.pseudo.relabelled", relabelled)
    return calls


@pytest.fixture
def run(make_config, tmp_path):
    """Stages of a run with these settings, and the configuration of its last training."""

    def start(method, **settings):
        stages = FakeStages(make_config(method=method, **settings), tmp_path / "run")
        return stages, stages.config.method.first_stages(stages)

    return start


def test_teachers_differ_in_seed_and_the_student_learns_where_they_agree(run, fused):
    stages, last = run({"name": "selected_partial", "teacher_steps": 7}, seed=3)
    one, two = stages.trained["teacher_1"], stages.trained["teacher_2"]
    assert (one.seed, two.seed, one.steps, last.steps) == (3, 4, 7, stages.config.steps)
    assert one.network == two.network == last.network
    assert one.dataset == stages.config.dataset
    ((name, config, bundles, agreement, structures, required),) = fused
    assert (name, bundles, agreement, required) == ("pseudo_labels", ["teacher_1", "teacher_2"], 0.85, ())
    assert list(structures) == list(range(1, 17)) and config.dataset == stages.config.dataset
    assert last.dataset == Path("pseudo_labels") and last.method.selected == ()


def test_lesions_are_selected_and_never_pseudo_labelled(run, fused):
    networks = [{"name": "unet", "channels": [4, 8]}, {"name": "unet", "channels": [8, 16]}]
    method = {"name": "selected_partial", "teacher_networks": networks}
    stages, last = run(method, label_set="abdomen16_lesion", validation=["mr"], train=["ct_a"])
    assert [config.network for config in stages.trained.values()] == networks
    assert all(config.method.selected == (LESION,) for config in stages.trained.values())
    assert all(config.validation == () for config in stages.trained.values()) and last.validation == ("mr",)
    assert LESION not in fused[0][4] and last.method.selected == (LESION,)


def test_given_teachers_are_not_trained_and_none_are_needed(run, fused):
    stages, last = run({"name": "selected_partial", "teachers": ["a/bundle", "b/bundle"]})
    assert stages.trained == {} and fused[0][2] == ["a", "b"] and last.method.teachers == ()
    stages, last = run({"name": "selected_partial", "teacher_steps": 0})
    assert stages.trained == {} and len(fused) == 1 and last.dataset == stages.config.dataset
    with pytest.raises(UserError, match=r"method.selected: abdomen16 has no structure 17"):
        run({"name": "selected_partial", "selected": [17]})


def test_without_lesions_the_organs_are_trained_twice(run, fused):
    stages, last = run({"name": "progressive", "stage_steps": 9})
    assert list(stages.trained) == ["organs_1"] and stages.trained["organs_1"].steps == 9
    assert [call[0] for call in fused] == ["organs_1_labels"] and fused[0][2] == ["organs_1"]
    assert last.dataset == Path("organs_1_labels") and last.steps == stages.config.steps
    assert (last.method.self_training, last.method.coarse, last.label_set) == (False, None, "abdomen16")


def test_algorithm_1_organs_twice_then_lesions_twice(run, fused):
    stages, last = run({"name": "progressive"}, label_set="abdomen16_lesion")
    assert list(stages.trained) == ["organs_1", "organs_2", "lesions_1"]
    sets = [config.label_set for config in stages.trained.values()]
    assert sets == ["abdomen16", "abdomen16", "abdomen16_lesion"] and last.label_set == "abdomen16_lesion"
    first, second, third = fused
    assert first[1].dataset.name == "organs.json" and first[4:] == (None, ())
    assert second[0] == "organs_2_labels" and second[1].dataset == stages.config.dataset
    assert list(second[4]) == list(range(1, 17)) and second[5] == (LESION,)
    assert third[2] == ["lesions_1"] and third[4:] == (None, (LESION,)) and third[1].dataset == stages.config.dataset
    assert last.dataset == Path("lesions_1_labels")


def test_the_coarse_network_learns_the_organs_first_and_goes_with_all_others(run, fused):
    method = {"name": "progressive", "coarse_spacing": [8, 8, 10]}
    stages, last = run(method, label_set="abdomen16_lesion")
    assert next(iter(stages.trained)) == "coarse"
    coarse = stages.trained.pop("coarse")
    assert coarse.preprocessing.spacing == (8.0, 8.0, 10.0) and coarse.label_set == "abdomen16"
    assert coarse.method.coarse is None and coarse.dataset.name == "organs.json"
    bundle = stages.output / "stages" / "coarse" / "bundle"
    assert all(config.method.coarse == bundle for config in [*stages.trained.values(), last])
    assert last.preprocessing.spacing == stages.config.preprocessing.spacing
    stages, last = run({**method, "self_training": False, "coarse": "given/bundle"})
    assert stages.trained == {} and last.method.coarse == Path("given/bundle")


def test_label_sets_must_fit(run, fused):
    with pytest.raises(UserError, match=r"method.organs: word16 is not abdomen16_lesion without its lesions"):
        run({"name": "progressive", "organs": "word16"}, label_set="abdomen16_lesion")
    with pytest.raises(UserError, match=r"method.lesions: abdomen16 has no structure 17"):
        run({"name": "progressive", "lesions": [17]})
    stages, _ = run({"name": "progressive", "lesions": []}, label_set="abdomen16_lesion")
    assert list(stages.trained) == ["organs_1"] and stages.trained["organs_1"].label_set == "abdomen16_lesion"


def test_organ_stages_do_not_know_lesions(tmp_path):
    slices = {"k": {"3": (LIVER, LESION), "4-5": (LESION,)}}
    unions = {20: (2, 3), 21: (LIVER, LESION)}
    entry = CaseEntry(name="a", annotated=(LIVER, LESION), slices=slices, unions=unions, **CASE)
    begun = CaseEntry(name="b", in_part=(LESION, 3), **CASE)
    labels = LabelMapEntry(name="body", labels16=Path("/m.nii"))
    dataset = Dataset(tmp_path / "d.json", {"a": entry, "b": begun, "body": labels})
    module.write_organ_manifest(tmp_path / "organs.json", dataset, (LESION,), load_label_set())
    written = load_dataset(tmp_path / "organs.json").entries
    anything = tuple(range(17))
    assert written["a"].annotated == (LIVER,)
    assert written["a"].slices == {"k": {"3": (LIVER,), "4-5": ()}}
    assert written["a"].unions == {20: (2, 3), 21: anything, LESION: anything}
    assert written["b"].in_part == (3,) and written["b"].unions == {LESION: anything}
    assert written["body"] == labels


def test_a_stage_without_a_case_left_says_what_to_annotate(make_config, manifest, tmp_path, monkeypatch):
    def label(bundles, dataset, names, output, *_, **__):
        output.mkdir(parents=True)
        other = {"name": "other", "dataset": "d", "modality": "ct", "image": "/i.nii"}
        (output / "dataset.json").write_text(json.dumps({"cases": [other]}))

    monkeypatch.setattr(stage, "pseudo_label", label)
    config = make_config(label_set="abdomen16_lesion")
    stages = FakeStages(config, tmp_path)
    with pytest.raises(UserError, match=r"no training case is left .*: annotate lesion in some"):
        stage.relabelled(stages, "a", config, [], required=(LESION,))
    with pytest.raises(UserError, match=r"no training case is left .*: train the models longer"):
        stage.relabelled(stages, "b", config, [])


def test_settings_travel_through_a_record(make_config):
    config = make_config(method={"name": "progressive", "coarse": "x/bundle", "lesions": [17]})
    again = type(config).model_validate(json.loads(config.model_dump_json()))
    assert again.method == config.method == Progressive(coarse=Path("x/bundle"), lesions=(17,))
    config = make_config(method={"name": "selected_partial", "selected": [17]})
    assert type(config).model_validate(json.loads(config.model_dump_json())).method == SelectedPartial(selected=(17,))
