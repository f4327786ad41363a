"""Folders of text encoders with a few numbers each, laid out as the libraries that publish such encoders do."""

import json

import torch
from safetensors.torch import save_file

D, HIDDEN, WORDS, PLACES, EMBEDDING = 8, 16, 20, 10, 6
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "computerized", "tomography", "of", "liver", "left", "kidney"]


def number(name, shape):
    """Weights that depend on the name alone; those of normalisations lie around 1."""
    seed = sum(map(ord, name))
    values = torch.sin(torch.arange(shape.numel(), dtype=torch.float64) * 1.7 + seed).reshape(shape)
    is_scale = "orm" in name and name.endswith("weight")
    return (1 + 0.3 * values if is_scale else 0.6 * values).float()


def bert_weights(prefix=""):
    """A BERT of two layers."""
    at = f"{prefix}embeddings."
    shapes = {
        f"{at}word_embeddings.weight": (WORDS, D),
        f"{at}position_embeddings.weight": (PLACES, D),
        f"{at}token_type_embeddings.weight": (2, D),
        f"{at}LayerNorm.weight": (D,),
        f"{at}LayerNorm.bias": (D,),
    }
    for index in range(2):
        at = f"{prefix}encoder.layer.{index}."
        linear = {f"attention.self.{name}": (D, D) for name in ("query", "key", "value")}
        linear |= {"attention.output.dense": (D, D), "intermediate.dense": (HIDDEN, D), "output.dense": (D, HIDDEN)}
        for name, shape in linear.items():
            shapes |= {f"{at}{name}.weight": shape, f"{at}{name}.bias": shape[:1]}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{at}{name}.weight": (D,), f"{at}{name}.bias": (D,)}
    return {name: number(name.removeprefix(prefix), torch.Size(shape)) for name, shape in shapes.items()}


def clip_weights():
    """The text half of a CLIP of two layers."""
    at = "text_model.embeddings."
    shapes = {
        f"{at}token_embedding.weight": (WORDS, D),
        f"{at}position_embedding.weight": (PLACES, D),
        "text_model.final_layer_norm.weight": (D,),
        "text_model.final_layer_norm.bias": (D,),
        "text_projection.weight": (EMBEDDING, D),
    }
    for index in range(2):
        at = f"text_model.encoder.layers.{index}."
        linear = {f"self_attn.{name}_proj": (D, D) for name in ("q", "k", "v", "out")}
        linear |= {"mlp.fc1": (HIDDEN, D), "mlp.fc2": (D, HIDDEN)}
        for name, shape in linear.items():
            shapes |= {f"{at}{name}.weight": shape, f"{at}{name}.bias": shape[:1]}
        for name in ("layer_norm1", "layer_norm2"):
            shapes |= {f"{at}{name}.weight": (D,), f"{at}{name}.bias": (D,)}
    return {name: number(name, torch.Size(shape)) for name, shape in shapes.items()}


def write_tokenizer(folder):
    """Words of `VOCABULARY` between [CLS] and [SEP]; padded to a fixed length, as published tokenizers may ask for."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=9)
    tokenizer.save(str(folder / "tokenizer.json"))


def write_bert(folder, prefix=""):
    folder.mkdir(parents=True)
    write_tokenizer(folder)
    config = {"model_type": "bert", "num_attention_heads": 2}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(bert_weights(prefix), folder / "model.safetensors")
    return folder


def write_clip(folder):
    folder.mkdir(parents=True)
    write_tokenizer(folder)
    text = {"num_attention_heads": 2, "hidden_act": "quick_gelu"}
    (folder / "config.json").write_text(json.dumps({"model_type": "clip", "text_config": text}))
    save_file({**clip_weights(), "vision_model.x": torch.zeros(3)}, folder / "model.safetensors")
    return folder


def write_open_clip(folder):
    folder.mkdir(parents=True)
    write_tokenizer(folder)
    text = {"hf_model_name": "some/bert", "hf_pooler_type": "cls_last_hidden_state_pooler", "hf_proj_type": "mlp"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"embed_dim": 6, "text_cfg": text}}))
    projection = {
        "text.proj.0.weight": number("proj.0", torch.Size((7, D))),
        "text.proj.2.weight": number("proj.2", torch.Size((EMBEDDING, 7))),
    }
    save_file({**bert_weights("text.transformer."), **projection}, folder / "open_clip_model.safetensors")
    return folder
