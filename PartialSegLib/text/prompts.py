"""Sentences that name a structure for a text encoder."""

from collections.abc import Iterable

from PartialSegLib.errors import UserError

# [CLS] stands for the name of the structure, as in Liu et al., "CLIP-Driven Universal Model", section 2.2.
PLACE = "[CLS]"
PROMPTS = {
    "ct": f"a computerized tomography of a {PLACE}",
    "neutral": f"a medical image of a {PLACE}",
    "name": PLACE,
}


def sentences(prompt: str, names: Iterable[str]) -> list[str]:
    """One sentence per name; `prompt` is a key of `PROMPTS` or a sentence with [CLS] in it, else UserError."""
    template = PROMPTS.get(prompt, prompt)
    if PLACE not in template:
        raise UserError(f"prompt {prompt!r} is unknown: use {', '.join(PROMPTS)} or a sentence with {PLACE} in it")
    return [template.replace(PLACE, name) for name in names]
