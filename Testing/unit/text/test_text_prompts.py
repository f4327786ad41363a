"""Sentences that name structures, and their embeddings in a file."""

import pytest
import torch
from safetensors.torch import save_file

from PartialSegLib.errors import UserError
from PartialSegLib.text import PROMPTS, load_embeddings, made_of, save_embeddings, sentences


def test_the_paper_s_sentence_and_the_others():
    assert sentences("ct", ["liver"]) == ["a computerized tomography of a liver"]
    assert sentences("neutral", ["liver"]) == ["a medical image of a liver"]
    assert sentences("name", ["liver", "aorta"]) == ["liver", "aorta"]
    assert sentences("MR of the [CLS]", ["liver"]) == ["MR of the liver"]
    assert set(PROMPTS) == {"ct", "neutral", "name"}


@pytest.mark.parametrize("prompt", ["mri", "", "a picture of a {}"])
def test_a_sentence_without_a_place_for_the_name(prompt):
    with pytest.raises(UserError, match=r"use ct, neutral, name or a sentence with \[CLS\] in it"):
        sentences(prompt, ["liver"])


def test_embeddings_survive_their_file(tmp_path):
    path, embeddings = tmp_path / "embeddings.safetensors", torch.randn(2, 5)
    save_embeddings(path, embeddings, "minilm", ["liver", "aorta"])
    assert torch.equal(load_embeddings(path, 2), embeddings)
    assert made_of(path, "minilm", ["liver", "aorta"])
    assert not made_of(path, "clip", ["liver", "aorta"])
    assert not made_of(path, "minilm", ["liver", "vein"])
    assert not made_of(tmp_path / "none", "minilm", ["liver"])
    assert [file.name for file in tmp_path.iterdir()] == ["embeddings.safetensors"]


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"embeddings": torch.ones(3, 5)}, r"shape \(3, 5\)"),
        ({"embeddings": torch.ones(2)}, r"shape \(2,\)"),
        ({"embeddings": torch.tensor([[1.0, 2.0], [0.0, 0.0]])}, "not all 0"),
        ({"x": torch.ones(2, 5)}, "cannot be read"),
    ],
)
def test_files_that_hold_no_embeddings(tensors, said, tmp_path):
    save_file(tensors, tmp_path / "e.safetensors")
    with pytest.raises(UserError, match=said):
        load_embeddings(tmp_path / "e.safetensors", 2)


def test_a_file_that_is_not_there_or_no_safetensors(tmp_path):
    (tmp_path / "text").write_text("no")
    for name in ("none", "text"):
        with pytest.raises(UserError, match="cannot be read"):
            load_embeddings(tmp_path / name, 2)
