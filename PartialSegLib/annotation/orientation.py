"""The record turned with its volume: a slice that was declared complete stays the same slice of the patient."""

from PartialSegLib.image import LpsView
from PartialSegLib.supervision import Completeness


def reorient(completeness: Completeness, view: LpsView) -> Completeness:
    """The record of `view.apply(array)`, given that of `array`: tables follow the permuted and flipped axes."""
    tables = (completeness.z, completeness.y, completeness.x)
    turned = (tables[axis] for axis in view.axes)
    return Completeness(
        completeness.volume,
        *(table if table is None or not flip else table[::-1] for table, flip in zip(turned, view.flips, strict=True)),
    )
