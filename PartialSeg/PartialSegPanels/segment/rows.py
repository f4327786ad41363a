"""The rows of the result table, least sure first."""

from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from PartialSegLib.structures import LabelSet

# Below this, a look at the structure has paid: chosen for attention, not a measured rate of errors.
DOUBTFUL = 0.8


@dataclass(frozen=True)
class Row:
    """One structure. confidence: 0 to 1, None where nothing was found. remarks: in words, for the last column."""

    value: int
    name: str
    color: tuple[int, int, int]
    confidence: float | None
    volume_ml: float
    remarks: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether there is anything to jump to."""
        return self.volume_ml > 0


def result_rows(result: Any, label_set: LabelSet, kept: frozenset[int] = frozenset()) -> list[Row]:
    """Rows of a worker's SegmentResult; `kept` are structures whose segment was locked and stayed as it was.

    Lowest confidence first; then what was not found; what lies outside the scan comes last.
    """
    rows = [_row(result, structure, structure.value in kept) for structure in label_set if _is_in(result, structure)]
    outside = set(result.not_in_view)
    return sorted(rows, key=lambda row: (not row.found, row.value in outside, row.confidence or 0.0))


def _is_in(result: Any, structure: Any) -> bool:
    return structure.value in result.volumes_ml


def _row(result: Any, structure: Any, kept: bool) -> Row:
    value = structure.value
    volume = result.volumes_ml[value]
    confidence = result.confidence.get(value) if volume > 0 else None
    return Row(value, structure.name, structure.color, confidence, volume, _remarks(result, value, confidence, kept))


def _remarks(result: Any, value: int, confidence: float | None, kept: bool) -> tuple[str, ...]:
    remarks = []
    if kept:
        remarks.append(_("locked, not changed"))
    if not result.volumes_ml[value]:
        remarks.append(_("not in the field of view") if value in result.not_in_view else _("not found"))
    elif confidence is not None and confidence < DOUBTFUL:
        remarks.append(_("low confidence"))
    if result.touches_edge.get(value):
        remarks.append(_("touches the edge of the field of view"))
    return tuple(remarks)


def volume_text(volume_ml: float) -> str:
    """A volume with three significant digits: "1636 mL", "53.2 mL", "0.41 mL"."""
    digits = 0 if volume_ml >= 100 else 1 if volume_ml >= 1 else 2
    return f"{volume_ml:.{digits}f} mL"
