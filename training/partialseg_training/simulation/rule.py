"""What the annotator of a simulated case does: which structures, and how of each."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Axis = Literal["axial", "coronal", "sagittal"]
AXES: tuple[Axis, ...] = ("axial", "coronal", "sagittal")  # what the axes (z, y, x) of an LPS array are across

_Fraction = Annotated[float, Field(gt=0, le=1)]
_Structures = tuple[PositiveInt, ...]
_Axes = Annotated[tuple[Axis, ...], Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Slices(_Frozen):
    """Evenly spaced slices in which structures are complete (Chen et al., CVPR 2024, tables 8 and 9: 20 %).

    fraction: of the slices across each of `axes`. share: of the structures that each slice is annotated for, drawn
    anew for every slice.
    """

    fraction: _Fraction = 0.2
    axes: _Axes = ("axial",)
    share: _Fraction = 1.0


class Scribbles(_Frozen):
    """A stroke inside every structure of evenly spaced slices, each structure at least once (WORD, section 4.3.5).

    fraction: of the slices across each of `axes`. background: also a stroke where none of the structures is.
    """

    fraction: _Fraction = 0.2
    axes: _Axes = ("axial",)
    background: bool = True


class Rule(_Frozen):
    """How a case is annotated, given what its source says.

    `Rule()` changes nothing, `Rule(structures=())` says nothing.

    structures: label values that are annotated at all; None for all that the source knows.
    groups: sets of label values of which each case gets one, drawn; none for no such draw.
    share: of the structures left, which each case keeps, drawn.
    per: whether all cases of a dataset draw the same structures, as in a collection of public data sets.
    whole: structures annotated as far as the source is, in the whole volume; None for all unless there are slices or
        scribbles. slices, scribbles: what is said besides.
    """

    structures: _Structures | None = None
    groups: tuple[_Structures, ...] = ()
    share: _Fraction = 1.0
    per: Literal["case", "dataset"] = "case"
    whole: _Structures | None = None
    slices: Slices | None = None
    scribbles: Scribbles | None = None
