"""From a label source and a plan to our labels, record and unions: the same candidate sets, whatever the coding."""

from typing import NamedTuple

import numpy as np

from PartialSegLib.annotation import completeness_of
from PartialSegLib.dataset.read import same_voxels
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.plan import ImportPlan
from PartialSegLib.exchange.source import Source
from PartialSegLib.image import Volume, fit_to_grid
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness

FIRST_UNION, LAST_UNION = 20, 199
_MAX_CUT_OFF = 0.02  # of the labelled voxels; more beyond the image's edge is a wrong pair, not a rounded box


class Imported(NamedTuple):
    """labels: uint8 as painted; record: what is complete; unions: label value -> the classes it may be."""

    labels: Volume
    record: Completeness
    unions: dict[int, tuple[int, ...]]


def import_case(image: Volume, labels: Source | Volume, plan: ImportPlan) -> Imported:
    """Labels of others on the image's voxels. A plain label map smaller than the image says nothing beyond its edge.

    Raises UserError for another grid than the image's, and for labels that the plan does not know.
    """
    source = labels if isinstance(labels, Source) else Source(labels)
    classes = plan.classes_in(source)
    fitted, unknown = _on_image_grid(source, image)
    if plan.slices and fitted is not source.labels:
        raise UserError("the label map was cropped after its slices were declared complete: export it again")
    coding = _Coding(plan, classes, says_nothing_somewhere=unknown is not None)
    table = np.zeros(max(classes, default=0) + 1, np.uint8)
    table[UNPAINTED] = coding.unlabelled
    for value, members in classes.items():
        table[value] = coding.label(members)
    result = table[fitted.array]
    if unknown is not None:
        result[unknown] = coding.label(plan.everything)
    record = completeness_of(coding.complete, plan.in_part, plan.slices, result.shape, plan.label_set.n_classes)
    return Imported(fitted.like(result), record, coding.unions)


class _Coding:
    """Which label value stands for which classes.

    Where the source says nothing of some voxels, nothing is complete in the whole volume: unlabelled voxels are then
    painted as what they may be, and the silent ones stay unpainted. What a person declared of this very file is kept as
    it is; silent voxels are then painted as "anything".
    """

    def __init__(self, plan: ImportPlan, classes: dict[int, tuple[int, ...]], says_nothing_somewhere: bool) -> None:
        self._plan = plan
        self.unions: dict[int, tuple[int, ...]] = {}
        silent = says_nothing_somewhere or plan.everything in classes.values()
        keeps = plan.is_record or not (silent and plan.complete)
        self.complete = plan.complete if keeps else ()
        self.unlabelled = UNPAINTED if keeps else self.label(plan.unlabelled)

    def label(self, members: tuple[int, ...]) -> int:
        """The value for voxels of these classes, ascending; a union gets the next free one."""
        if members == self._plan.everything and not self.complete and not self._plan.slices:
            return UNPAINTED
        if len(members) == 1:
            return members[0] or PAINTED_BACKGROUND
        known = next((value for value, union in self.unions.items() if union == members), None)
        if known is None:
            known = max(FIRST_UNION, self._plan.label_set.n_classes) + len(self.unions)
            if known > LAST_UNION:
                raise UserError("the labels stand for too many different unions: give overlapping segments one label")
            self.unions[known] = members
        return known


def _on_image_grid(source: Source, image: Volume) -> tuple[Volume, np.ndarray | None]:
    """The labels on voxels of the image, and where (bool) they say nothing; None when they cover the image."""
    labels = source.labels
    if same_voxels(image, labels):
        return labels, None
    fitted = fit_to_grid(labels, image)
    covered = fit_to_grid(labels.like(np.ones(labels.array.shape, np.uint8)), image).array > 0
    if 2 * np.count_nonzero(covered) < labels.array.size:
        raise UserError("most of the label map lies outside the image: is it another case, or a wrong header?")
    before, after = int(np.count_nonzero(labels.array)), int(np.count_nonzero(fitted.array))
    if before - after > _MAX_CUT_OFF * before:
        raise UserError(f"{before - after:,} of {before:,} labelled voxels lie outside the image: is it another case?")
    if source.may_be_cropped:
        return fitted, None
    return fitted, None if covered.all() else ~covered
