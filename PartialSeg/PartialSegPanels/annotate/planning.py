"""The ways to choose slices, each called with what the tab has: session, axis, number, a prediction and its confidence.

prediction: labels (z, y, x) of the selected segmentation, None when there is none. confidence: axis -> structure ->
probability per slice, None when the prediction is not of this session.
"""

from __future__ import annotations

import random
from typing import Any

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.annotate.words import AXES


def evenly_over(session: Any, axis: str, number: int, prediction: Any, confidence: Any) -> list[Any]:
    """`number` slices over the range of the organs; over the whole volume while nothing is painted or predicted."""
    from PartialSegLib.ranking import evenly, organ_range

    whole = (0, session.labels.shape[AXES.index(axis)] - 1)
    return evenly(number, organ_range(_labels(session, prediction), None, axis) or whole, axis)


def every_nth_of(session: Any, axis: str, number: int, prediction: Any, confidence: Any) -> list[Any]:
    """Every `number`-th slice."""
    from PartialSegLib.ranking import every_nth

    return every_nth(session.labels.shape, axis, number)


def at_random(session: Any, axis: str, number: int, prediction: Any, confidence: Any) -> list[Any]:
    """`number` random slices that hold structures, which take turns."""
    from PartialSegLib.ranking import random_foreground

    seed = random.randrange(1 << 30)  # pressed again it gives other slices
    return random_foreground(number, _labels(session, prediction), axis, seed, session.label_set)


def least_sure_of(session: Any, axis: str, number: int, prediction: Any, confidence: Any) -> list[Any]:
    """`number` slices in which the model is least sure, not next to each other."""
    from PartialSegLib.ranking import least_sure

    if confidence is None:
        raise UserError(
            _("it is not known how sure a model is here: segment this volume in the Segment tab and select the result")
        )
    distance = max(1, session.labels.shape[AXES.index(axis)] // (4 * number))
    return least_sure(number, confidence[axis], axis, session.label_set, distance)


def _labels(session: Any, prediction: Any) -> Any:
    return session.labels if prediction is None else prediction
