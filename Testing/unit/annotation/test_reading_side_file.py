"""The side file: what it holds, its schema, and that the schema that ships is the one that is checked."""

import json

import jsonschema
import pytest
from reading_cases import content, new_case

from PartialSegLib.annotation.head import Head, decode_head, grid_of, volume_on
from PartialSegLib.annotation.reading import CaseState, save_reading
from PartialSegLib.annotation.side_file import SideFile, json_schema, read_side_file
from PartialSegLib.errors import UserError
from PartialSegLib.resources import resource_path


@pytest.fixture
def side(tmp_path):
    case = new_case(tmp_path / "d")
    save_reading(case, content(4))
    return case / "readings/AB.json"


def test_the_schema_that_ships_is_the_one_in_use():
    shipped = json.loads(resource_path("schemas", "reading.schema.json").read_text(encoding="utf-8"))
    assert shipped == json_schema()


def test_what_is_written_fits_the_schema(side):
    written = json.loads(side.read_text(encoding="utf-8"))
    jsonschema.validate(written, json_schema())
    assert written["structures"]["1"]["complete"] == {"k": "4", "j": "4"}
    assert written["structures"]["9"]["in_part"] == {"i": "4"} and written["structures"]["15"]["volume"] == "complete"
    assert (written["reader"], written["revision"], written["state"], written["seconds"]) == ("AB", 1, "done", 4.0)
    assert written["unions"] == {"20": [2, 3]} and written["label_set"] == "abdomen16"


def test_it_is_written_as_it_is_read(side):
    assert read_side_file(side).text() == side.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"reader": "Jane Doe"},
        {"revision": 0},
        {"patient": "x"},
        {"state": "finished"},
        {"grid": [1.0]},
        {"structures": {"1": {"name": "spleen", "volume": "maybe", "voxels": "0" * 32}}},
        {"structures": {"1": {"name": "spleen", "volume": "complete", "voxels": "0" * 32, "complete": {"k": "2-"}}}},
    ],
)
def test_what_the_schema_refuses(side, change):
    written = {**json.loads(side.read_text(encoding="utf-8")), **change}
    side.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(UserError, match="is damaged") as caught:
        read_side_file(side)
    assert "\n" not in str(caught.value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, json_schema())


def test_none_there(tmp_path):
    assert read_side_file(tmp_path / "AB.json") is None


def test_the_head_and_its_grid_survive_a_tag():
    labels = content(0).labels
    head = Head("A-b_1", 12, CaseState.FLAGGED, 61.5, grid_of(labels))
    assert decode_head(head.encode()) == head and not set(head.encode()) & set("|:\n")
    assert volume_on(head.grid).same_grid(labels)
    assert decode_head(head.encode().replace("flagged", "gone")) is decode_head("") is decode_head("1;x") is None


def test_records_go_through_it(side):
    found = SideFile.model_validate_json(side.read_bytes())
    assert sorted(found.records()) == list(range(1, 17)) and found.records()[6].value == 6
