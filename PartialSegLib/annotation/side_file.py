"""The JSON file beside a reading's segmentation: the same record again, checked against a schema.

Its JSON schema ships as Resources/schemas/reading.schema.json. Import this module only where it is needed: pydantic is
not part of every Slicer.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from PartialSegLib.annotation.head import CaseState
from PartialSegLib.annotation.tags import StructureRecord
from PartialSegLib.errors import UserError
from PartialSegLib.supervision import State

_Hash = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
_Ranges = Annotated[str, Field(pattern=r"^\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*$")]
_Slices = dict[Literal["k", "j", "i"], _Ranges]
_WORDS: tuple[Literal["not looked at", "in part", "complete"], ...] = ("not looked at", "in part", "complete")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StructureEntry(_Model):
    """One structure: how far it is in the volume, in which slices it is complete or in part, hash of its voxels.

    Slices count from 0 along the axes k, j, i of the segmentation: "12,20-31", both ends included.
    """

    name: str
    volume: Literal["not looked at", "in part", "complete"]
    complete: _Slices = Field(default_factory=dict)
    in_part: _Slices = Field(default_factory=dict)
    voxels: _Hash

    @classmethod
    def of(cls, record: StructureRecord, name: str) -> "StructureEntry":
        """From what the tags say."""
        slices: dict[str, dict[str, str]] = {"complete": {}, "in part": {}}
        for key, text in record.slices:
            word, _, axis = key.rpartition(" ")
            slices[word][axis] = text
        values = {"volume": _WORDS[record.volume], "complete": slices["complete"], "in_part": slices["in part"]}
        return cls.model_validate({"name": name, "voxels": record.voxels, **values})

    def record(self, value: int) -> StructureRecord:
        """The inverse of `of`."""
        slices = []
        for axis in ("k", "j", "i"):
            for word, texts in (("complete", self.complete), ("in part", self.in_part)):
                if text := texts.get(axis):
                    slices.append((f"{word} {axis}", text))
        return StructureRecord(value, State(_WORDS.index(self.volume)), tuple(slices), self.voxels)


class SideFile(_Model):
    """One saved state of one reader's annotation of one case.

    file: SHA-256 of the segmentation it belongs to. label_set: name of the label set. grid: number of voxels (z, y, x),
    spacing and origin (x, y, z, LPS, mm) and the nine numbers of the direction. labels: hash of all voxels. structures:
    by label value. unions: label value -> the structures such a voxel may be, 0 for background.
    """

    format: Literal[1] = 1
    reader: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    revision: Annotated[int, Field(ge=1)]
    file: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    label_set: str
    state: CaseState
    seconds: Annotated[float, Field(ge=0)]
    grid: Annotated[tuple[float, ...], Field(min_length=18, max_length=18)]
    labels: _Hash
    structures: dict[Annotated[int, Field(ge=1, le=31)], StructureEntry]
    unions: dict[Annotated[int, Field(ge=1, le=254)], tuple[Annotated[int, Field(ge=0)], ...]] = Field(
        default_factory=dict
    )

    def records(self) -> dict[int, StructureRecord]:
        """What it says of each structure."""
        return {value: entry.record(value) for value, entry in self.structures.items()}

    def text(self) -> str:
        """As it is written."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_side_file(path: Path) -> SideFile | None:
    """The side file, None when there is none; UserError when it cannot be read or is none."""
    try:
        return SideFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the permissions") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UserError(f"{path} is damaged ({where}: {first['msg']}): save the case again") from error


def json_schema() -> dict[str, Any]:
    """The JSON schema of the side file, as it ships."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **SideFile.model_json_schema()}
