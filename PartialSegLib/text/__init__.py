"""Sentences that name structures, and what a text encoder makes of them. Needed to train, never to segment."""

from PartialSegLib.text.encoders import DEFAULT_ENCODER, encode
from PartialSegLib.text.prompts import PROMPTS, sentences
from PartialSegLib.text.store import load_embeddings, made_of, save_embeddings

__all__ = ["DEFAULT_ENCODER", "PROMPTS", "encode", "load_embeddings", "made_of", "save_embeddings", "sentences"]
