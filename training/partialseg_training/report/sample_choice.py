"""Which training sample a report shows, and what it says about it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from partialseg_training.report.page import embedded
from partialseg_training.report.sample_picture import draw_sample, how_many, painted_labels
from PartialSegLib.structures import LabelSet

if TYPE_CHECKING:
    from partialseg_training.data.patches import PatchDataset

# Samples looked at; the one that shows most structures is drawn.
_LOOKED_AT = 12


def sample_part(samples: "PatchDataset", label_set: LabelSet) -> dict[str, str] | None:
    """Picture (embedded) and caption of one of a run's samples; None when there is none."""
    if not len(samples):
        return None
    number, sample = most_telling(samples, label_set.n_classes)
    spacing = samples.config.preprocessing.spacing
    caption = f"Sample {number}, from case {samples.names[int(sample['case'])]}. {sample_text(sample, label_set)}"
    return {"picture": embedded(draw_sample(sample, label_set, spacing)), "caption": caption}


def most_telling(samples: "PatchDataset", n_classes: int) -> tuple[int, Mapping[str, Any]]:
    """Number and content of the one of the first samples that shows most; see `shows`."""
    first = [(number, samples[number]) for number in range(min(_LOOKED_AT, len(samples)))]
    return max(first, key=lambda pair: shows(np.asarray(pair[1]["candidates"]), n_classes))


def shows(candidates: np.ndarray, n_classes: int) -> int:
    """How many structures are painted in a patch; twice that where something else is known in part."""
    painted = np.unique(painted_labels(candidates, n_classes))
    n = how_many(candidates, n_classes)
    in_part = ((n > 1) & (n < n_classes)).any()
    return (len(painted) - 1) * (2 if in_part else 1)


def sample_text(sample: Mapping[str, Any], label_set: LabelSet) -> str:
    """What counts in a sample, in words."""
    complete = _names(np.asarray(sample["annotated"]), label_set) or "nothing"
    parts = [f"Complete in the whole volume: {complete}."]
    for axis, plane in zip("zyx", ("axial", "coronal", "sagittal"), strict=True):
        table = np.asarray(sample[axis])
        if table.any():
            n = int(table.any(axis=1).sum())
            names = _names(np.any(table, axis=0), label_set)
            parts.append(f"{n} of its {len(table)} {plane} slices are annotated: {names}.")
    return " ".join(parts)


def _names(flags: np.ndarray, label_set: LabelSet) -> str:
    return ", ".join(structure.name for structure in label_set if flags[structure.value])
