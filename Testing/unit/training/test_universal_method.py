"""The CLIP-driven Universal Model."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from asked import N, bce_plus_dice, labels_of, partly, scribbled
from pydantic import ValidationError
from safetensors.torch import save_file
from torch.nn.functional import cosine_similarity

import partialseg_training.methods.universal as module
import partialseg_training.pseudo
from partialseg_training.methods.base import Batch
from partialseg_training.methods.universal import Universal
from partialseg_training.trainer import train
from PartialSegLib.bundle import INFERENCE, METADATA, Bundle
from PartialSegLib.errors import UserError
from PartialSegLib.networks.conditioned import TextHead
from PartialSegLib.structures import load_label_set
from PartialSegLib.text import load_embeddings

UNET = {"name": "unet", "channels": [4, 8], "blocks": [1, 1]}
IMAGE = torch.rand(2, 1, 3, 4, 5)


@pytest.fixture
def embeddings(tmp_path):
    """A file of embeddings, so that no text encoder is needed."""
    save_file({"embeddings": torch.randn(16, 12)}, tmp_path / "given.safetensors")
    return tmp_path / "given.safetensors"


def random_logits(seed=0):
    logits = torch.randn(2, N, 3, 4, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    logits[:, 0] = 0
    return logits.requires_grad_()


def losses(logits, supervision):
    return Universal().losses(lambda _: logits, Batch(IMAGE, supervision), 0)


def test_the_loss_is_the_mean_over_the_structures_that_an_image_annotates():
    labels, logits = labels_of(), random_logits()
    declared = [(1, 3), (2,)]
    got = losses(logits, partly(labels, declared))
    samples = [
        torch.stack([bce_plus_dice(logits[i, c].flatten(), labels[i].flatten() == c) for c in structures]).mean()
        for i, structures in enumerate(declared)
    ]
    torch.testing.assert_close(got["loss"], torch.stack(samples).mean())
    torch.testing.assert_close(got["bce"] + got["dice"], got["loss"])


def test_masked_structures_get_no_gradient():
    logits = random_logits()
    losses(logits, partly(labels_of(), [(1, 3), (2,)]))["loss"].backward()
    learns = logits.grad.flatten(2).abs().sum(2) > 0
    assert learns.tolist() == [[False, True, False, True, False], [False, False, True, False, False]]


def test_what_is_not_annotated_does_not_matter():
    labels, logits, other = labels_of(), random_logits(), random_logits(1)
    mixed = logits.detach().clone()
    mixed[0, [2, 4]], mixed[1, [1, 3, 4]] = other.detach()[0, [2, 4]], other.detach()[1, [1, 3, 4]]
    supervision = partly(labels, [(1, 3), (2,)])
    assert losses(mixed, supervision)["loss"] == losses(logits, supervision)["loss"]


def test_scribbles_count_where_they_are_and_for_every_structure():
    labels, logits = labels_of(), random_logits()
    supervision = scribbled(labels)
    losses(logits, supervision)["loss"].backward()
    voxels = logits.grad[:, 1:].abs() > 0
    assert torch.equal(voxels, supervision.supervised[:, None].expand_as(voxels))


def test_slices_that_are_complete_count_alone():
    labels, logits = labels_of(), random_logits()
    full = partly(labels, [(1, 3), (1, 3)])
    z = torch.zeros(2, 3, N, dtype=torch.bool)
    z[:, 1] = full.volume
    nothing = torch.full_like(full.candidates, (1 << N) - 1)
    nothing[:, 1] = full.candidates[:, 1]
    losses(logits, replace(full, candidates=nothing, volume=torch.zeros_like(full.volume), z=z))["loss"].backward()
    assert logits.grad[:, [1, 3], 1].abs().min() > 0
    assert not logits.grad[:, :, [0, 2]].any() and not logits.grad[:, [0, 2, 4]].any()


def test_an_image_about_which_nothing_is_known_counts_as_0():
    logits = random_logits()
    loss = losses(logits, scribbled(labels_of(), share=0.0))["loss"]
    loss.backward()
    assert loss == 0 and not logits.grad.any()


def test_the_trainee_has_the_embeddings_and_the_bundle_s_network_their_size(embeddings):
    method, label_set = Universal(embeddings=embeddings), load_label_set()
    config = method.network_config(UNET, label_set)
    assert config == {"name": "text_head", "n_classes": 17, "backbone": UNET, "embedding_size": 12}
    trainee = method.build(UNET, label_set)
    assert isinstance(trainee, TextHead)
    rows = load_embeddings(embeddings, 16)
    torch.testing.assert_close(cosine_similarity(trainee.conditions, rows - rows.mean(0)), torch.ones(16))


def test_a_recorded_size_needs_no_encoder(monkeypatch):
    monkeypatch.setattr(module, "encode", lambda *_: pytest.fail("the encoder was asked"))
    assert Universal(embedding_size=512).network_config(UNET, load_label_set())["embedding_size"] == 512


class Runner:
    """`Stages` without training; `asked` is what a stage was to train."""

    def __init__(self, config, output):
        self.config, self.output = config, output
        self.asked = []

    def train(self, name, config):
        self.asked.append((name, config))
        return self.output / "teacher"

    def once(self, work):
        work()

    def report(self, *_):
        pass


def test_a_resumed_run_needs_no_encoder(make_config, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "encode", lambda encoder, texts: torch.eye(len(texts), 20))
    stages = Runner(make_config(method="universal"), tmp_path)
    first = stages.config.method.first_stages(stages).method
    monkeypatch.setattr(module, "encode", lambda *_: pytest.fail("the encoder was asked"))
    second = stages.config.method.first_stages(stages).method
    for method in (first, second):
        assert method.embedding_size == 20
        assert method.build(UNET, load_label_set()).conditions.shape == (16, 20)
    assert str(tmp_path) not in first.model_dump_json()


def with_a_bare_volume(manifest, folder):
    """The tiny dataset and a volume of it again, without its labels."""
    content = json.loads(manifest.read_text())
    for entry in (*content["cases"], *content["labelmaps"]):
        entry.update({key: str(manifest.parent / entry[key]) for key in FILES & set(entry)})
    content["cases"].append({**content["cases"][0], "name": "bare", "annotated": []})
    del content["cases"][-1]["label"]
    path = folder / "dataset.json"
    path.write_text(json.dumps(content))
    return path


FILES = {"image", "label", "labels16", "tissues", "tissue_names"}


@pytest.fixture
def bare_config(make_config, manifest, tmp_path, embeddings):
    def make(train=("bare", "ct_a", "mr"), **method):
        dataset = str(with_a_bare_volume(manifest, tmp_path))
        method = {"name": "universal", "embeddings": str(embeddings), **method}
        return make_config(dataset=dataset, train=list(train), method=method, steps=4)

    return make


@pytest.mark.parametrize("finds", [True, False])
def test_a_teacher_labels_the_unlabelled_volumes(finds, bare_config, tmp_path, monkeypatch):
    told = []

    def pseudo_label(bundles, dataset, names, output, **_):
        told.append((bundles, names))
        content = json.loads(dataset.path.read_text())
        content["cases"] = [case for case in content["cases"] if finds or case["name"] != "bare"]
        output.mkdir(parents=True)
        (output / "dataset.json").write_text(json.dumps(content))

    monkeypatch.setattr(partialseg_training.pseudo, "pseudo_label", pseudo_label)
    stages = Runner(bare_config(teacher_steps=3), tmp_path)
    final = stages.config.method.first_stages(stages)
    ((name, teacher),) = stages.asked
    assert (name, teacher.train, teacher.steps, teacher.method.teacher_steps) == ("teacher", ("ct_a", "mr"), 3, 0)
    assert teacher.method.build(UNET, load_label_set()).conditions.shape == (16, 12)
    assert told == [([tmp_path / "teacher"], ("bare",))]
    assert final.dataset == tmp_path / "stages" / "pseudo_labels" / "dataset.json"
    assert final.train == (("ct_a", "mr", "bare") if finds else ("ct_a", "mr"))


def test_without_a_teacher_unlabelled_volumes_are_left_out(bare_config, tmp_path):
    stages = Runner(bare_config(teacher_steps=0), tmp_path)
    assert stages.config.method.first_stages(stages).train == ("ct_a", "mr")
    assert stages.asked == []


def test_unlabelled_volumes_alone_teach_nothing(bare_config, tmp_path):
    stages = Runner(bare_config(train=["bare"]), tmp_path)
    with pytest.raises(UserError, match="method universal has no labelled case to learn from"):
        stages.config.method.first_stages(stages)


def test_a_run_ends_in_a_bundle_with_its_embeddings(bare_config, tmp_path, embeddings, monkeypatch):
    monkeypatch.setattr(module, "encode", lambda *_: pytest.fail("the encoder was asked"))
    config = bare_config(teacher_steps=2)
    path = train(config, tmp_path / "run")
    embeddings.unlink()
    bundle = Bundle.load(path)
    assert bundle.one_part == tuple(range(1, 17))
    assert json.loads((path / INFERENCE).read_text())["largest_component"] == "organs"
    record = json.loads((path / METADATA).read_text())["training"]["method"]
    assert (record["encoder"], record["prompt"], record["embedding_size"]) == ("minilm", "ct", 12)
    network = bundle.load_network()
    kept = load_embeddings(tmp_path / "run" / "embeddings.safetensors", 16)
    kept = kept - kept.mean(0)
    torch.testing.assert_close(cosine_similarity(network.conditions, kept), torch.ones(16), rtol=0, atol=1e-3)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert len(lines) == 4 and all(line["loss"] > 0 for line in lines)
    assert (tmp_path / "run" / "stages" / "teacher" / "bundle").is_dir()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prompt": "mri"}, "use ct, neutral, name or a sentence"),
        ({"encoder": "openai/clip"}, "'openai/clip' is no folder"),
        ({"embeddings": Path("nowhere.safetensors")}, "embeddings nowhere.safetensors cannot be read"),
    ],
)
def test_settings_that_lead_to_no_embeddings(settings, said):
    with pytest.raises(UserError, match=said) as caught:
        Universal(**settings).build(UNET, load_label_set())
    assert "\n" not in str(caught.value)


def test_a_size_that_is_not_that_of_the_embeddings(embeddings):
    with pytest.raises(UserError, match="embedding_size is 5, not 12: leave it out"):
        Universal(embeddings=embeddings, embedding_size=5).build(UNET, load_label_set())


@pytest.mark.parametrize("settings", [{"teacher_steps": -1}, {"largest_component": "all"}, {"promt": "ct"}])
def test_settings_that_mean_nothing(settings):
    with pytest.raises(ValidationError):
        Universal(**settings)
