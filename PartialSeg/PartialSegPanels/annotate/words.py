"""Words that several parts of the tab use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from PartialSegLib.image import Volume
    from PartialSegLib.structures import LabelSet

AXES = ("k", "j", "i")  # of an array (z, y, x)


def direction_name(image: Volume, axis: str) -> str:
    """What slices across an array axis are called in the patient: axial, coronal or sagittal."""
    along = np.abs(image.direction[:, 2 - AXES.index(axis)])
    return (_("sagittal"), _("coronal"), _("axial"))[int(np.argmax(along))]


def slice_name(image: Volume, axis: str, index: int) -> str:
    """A slice as people count: from 1."""
    text = _("{direction} slice {number} of {count}")
    count = image.array.shape[AXES.index(axis)]
    return text.format(direction=direction_name(image, axis), number=index + 1, count=count)


def names_of(label_set: LabelSet, structures: Sequence[int], most: int = 3) -> str:
    """A few structures by name, many by their number."""
    if len(structures) > most:
        return _("{count} structures").format(count=len(structures))
    return ", ".join(label_set.by_value(value).name for value in structures)


def capital(text: str) -> str:
    """Sentence case."""
    return text[:1].upper() + text[1:]
