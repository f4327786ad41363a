"""What a case of a dataset says about itself, checked when it is read."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from PartialSegLib.annotation.record import parse_range
from PartialSegLib.errors import UserError
from PartialSegLib.supervision import PAINTED_BACKGROUND

# Prepared cases and results are kept in folders of this name, on every operating system.
_Name = Annotated[str, Field(pattern=r'^[^\s./\\:*?"<>|]([^/\\:*?"<>|\x00-\x1f]*[^\s./\\:*?"<>|\x00-\x1f])?$')]
_Structure = Annotated[int, Field(ge=1)]
_Structures = tuple[_Structure, ...]


class CaseEntry(BaseModel):
    """One volume, and what of it is annotated. In its label file 0 is unpainted and 255 is painted background.

    modality: "ct" or "mr". label: None for a volume that nobody annotated.
    annotated: structures that are complete in the whole volume; one that is painted nowhere is known absent.
    in_part: structures that somebody began.
    slices: structures that are complete in single slices of the label file's own array (z, y, x), whose axes are named
        k, j, i: {"k": {"12": [1, 2], "20-31": [6]}}; slices count from 0, ranges include both ends.
    unions: label value -> the structures such a voxel may be, 0 for background: {20: (2, 3)} is a kidney, side unknown.
    patient: who the volume is of; cases of one patient never end up on two sides of a split.
    labels_by: for people only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    dataset: Annotated[str, Field(min_length=1)]
    modality: Literal["ct", "mr"]
    image: Path
    label: Path | None = None
    annotated: _Structures = ()
    in_part: _Structures = ()
    slices: dict[Literal["k", "j", "i"], dict[str, _Structures]] = Field(default_factory=dict)
    unions: dict[Annotated[int, Field(ge=1, lt=PAINTED_BACKGROUND)], tuple[Annotated[int, Field(ge=0)], ...]] = Field(
        default_factory=dict
    )
    patient: str | None = None
    labels_by: str | None = None

    @field_validator("slices")
    @classmethod
    def _ranges_are_readable(cls, slices: dict[str, dict[str, _Structures]]) -> dict[str, dict[str, _Structures]]:
        for text in (text for ranges in slices.values() for text in ranges):
            try:
                parse_range(text)
            except UserError as error:
                raise ValueError(str(error)) from error
        return slices

    @field_validator("unions")
    @classmethod
    def _unions_have_members(cls, unions: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
        empty = [value for value, members in unions.items() if not members]
        if empty:
            raise ValueError(f"label {empty[0]} may be nothing: list the structures it may be")
        return unions

    @model_validator(mode="after")
    def _says_one_thing(self) -> "CaseEntry":
        both = sorted(set(self.annotated) & set(self.in_part))
        if both:
            raise ValueError(f"structure {both[0]} is in annotated and in in_part: it is either complete or begun")
        if self.label is None and (self.annotated or self.in_part or self.slices):
            raise ValueError("structures are declared annotated, but there is no label file: give `label`")
        return self


class LabelMapEntry(BaseModel):
    """A label map without an image, from which images are synthesised; every structure is complete in it.

    labels16: label map in the label set's values. tissues: label map of everything else in the body on the same grid,
    its values named by the JSON object `tissue_names`; without it the body is filled with fat.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    labels16: Path
    tissues: Path | None = None
    tissue_names: Path | None = None

    @model_validator(mode="after")
    def _tissues_have_names(self) -> "LabelMapEntry":
        if (self.tissues is None) != (self.tissue_names is None):
            raise ValueError("tissues and tissue_names belong together: give both or none")
        return self


Entry = CaseEntry | LabelMapEntry
