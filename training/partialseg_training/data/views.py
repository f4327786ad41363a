"""The ways to show a prepared case: as it is, or as an image synthesised from its tissue map."""

from dataclasses import dataclass

import numpy as np

from partialseg_training.data.patch_record import complete
from partialseg_training.data.store import PreparedCase


@dataclass(frozen=True)
class View:
    """One way to show a prepared case. case_number: the case's place in the dataset."""

    case: PreparedCase
    case_number: int
    dataset: str
    modality: str
    synthetic: bool


def views_of(case: PreparedCase, case_number: int, synthesis: bool) -> list[View]:
    """Label maps are shown as synthetic CT and MR, images as they are; `synthesis` adds synthetic MR of CTs."""
    record = case.record
    painted = f"{record.dataset}-synthetic"
    if record.synthetic:
        return [View(case, case_number, painted, modality, True) for modality in ("ct", "mr")]
    views = [View(case, case_number, record.dataset, record.modality, False)]
    if synthesis and record.modality == "ct" and _shows_what_is_painted(case):
        views.append(View(case, case_number, painted, "mr", True))
    return views


def _shows_what_is_painted(case: PreparedCase) -> bool:
    """Whether everything painted is complete in the whole volume.

    Only such structures are in the tissue map; others would show in a synthetic image as whatever their HU suggest.
    """
    whole = {int(value) for value in np.flatnonzero(complete(case.completeness.volume))}
    return bool(whole) and set(case.centres) - {0} <= whole and not case.unions
