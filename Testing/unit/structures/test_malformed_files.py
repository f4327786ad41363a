"""Label sets and mappings that a person wrote with a mistake: one line that names the file and the place."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.mappings import load_mapping
from PartialSegLib.structures import load_label_set, parse_terminology

SLICER = "list~SCT^123037004^Anatomical Structure~SCT^64033007^Kidney~{}~Anatomic codes - DICOM master list~^^~^^"
RIGHT, LEFT, NEITHER = "SCT^24028007^Right", "SCT^7771000^Left", "^^"
LABEL_SET: dict[str, Any] = {
    "name": "two",
    "title": "Two kidneys",
    "version": "1",
    "source": [],
    "structures": [
        {
            "value": 1,
            "name": "right",
            "key": "right",
            "color": [1, 2, 3],
            "pair": 2,
            "terminology": SLICER.format(RIGHT),
        },
        {"value": 2, "name": "left", "key": "left", "color": [1, 2, 3], "pair": 1, "terminology": SLICER.format(LEFT)},
    ],
}
MAPPING: dict[str, Any] = {
    "name": "mine",
    "title": "My data",
    "target": "abdomen16",
    "source": ["me"],
    "annotated": ["liver"],
    "labels": [
        {"value": 1, "name": "liver", "targets": ["liver"]},
        {"range": [5, 9], "name": "x", "targets": ["aorta"]},
    ],
}

Change = Callable[[Any], Any]


def put(*path_and_value: Any) -> Change:
    """A change that writes the last argument at the path that the others are."""
    *path, key, value = path_and_value

    def change(record: Any) -> None:
        for step in path:
            record = record[step]
        record[key] = value

    return change


def drop(*path: Any) -> Change:
    def change(record: Any) -> None:
        for step in path[:-1]:
            record = record[step]
        del record[path[-1]]

    return change


def written(folder: Path, record: dict[str, Any], change: Change | None = None) -> Path:
    record = copy.deepcopy(record)
    if change:
        change(record)
    path = folder / "own.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def test_own_files_load(tmp_path: Path) -> None:
    assert load_label_set(written(tmp_path, LABEL_SET)).pairs == [(1, 2)]
    assert load_mapping(str(written(tmp_path, MAPPING))).targets == {1: (6,)} | {i: (8,) for i in range(5, 10)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("version"), "'version' is missing"),
        (put("versoin", "1"), "unknown entry 'versoin'"),
        (put("name", 3), "'name' must be a text"),
        (put("structures", {}), "'structures' must be a list"),
        (put("structures", []), "has 1 to 31 structures"),
        (put("structures", [{}] * 32), "has 1 to 31 structures"),
        (put("structures", 0, "spleen"), "structure 1: expected an object"),
        (put("structures", 1, "value", 3), "values must be 1 to 2"),
        (put("structures", 1, "value", True), "structure 2: 'value' must be a whole number"),
        (put("structures", 1, "value", 2.0), "structure 2: 'value' must be a whole number"),
        (put("structures", 1, "colour", []), "unknown entry 'colour'"),
        (put("structures", 1, "color", [0, 0, 256]), "three whole numbers from 0 to 255"),
        (put("structures", 1, "color", [0.5, 0, 0]), "three whole numbers from 0 to 255"),
        (put("structures", 1, "color", [0, 0]), "three whole numbers from 0 to 255"),
        (put("structures", 1, "key", "Left"), "lower case"),
        (put("structures", 1, "key", "background"), "not background"),
        (put("structures", 1, "name", "Right"), "names two structures"),
        (put("structures", 1, "aliases", ["right"]), "names two structures"),
        (put("structures", 1, "aliases", [1]), "'aliases' must be a list of names"),
        (put("structures", 1, "aliases", None), "'aliases' must be a list"),
        (put("structures", 1, "pair", "1"), "'pair' must be a whole number"),
        (put("structures", 1, "pair", 9), "right and its pair 2 must name each other"),
        (put("structures", 1, "pair", 2), "must name each other"),
        (drop("structures", 1, "pair"), "must name each other"),
        (put("structures", 1, "terminology", SLICER.format(RIGHT)), "must name each other"),
        (put("structures", 1, "terminology", SLICER.format(NEITHER)), "must name each other"),
        (put("structures", 1, "terminology", SLICER.format(LEFT).replace("Kidney", "Lung")), "must name each other"),
        (put("structures", 1, "terminology", SLICER.format("SCT^7771000")), "structure 2: 'SCT^7771000' is not scheme"),
        (put("structures", 1, "terminology", SLICER.format("SCT^^Left")), "is not scheme^value^meaning"),
        (put("structures", 1, "terminology", "Kidney"), "7 parts joined by ~, this one has 1"),
        (put("structures", 1, "terminology", "a~^^~^^~^^~b~^^~^^"), "needs a category and a type"),
    ],
)
def test_malformed_label_set(tmp_path: Path, change: Change, message: str) -> None:
    refused(load_label_set, written(tmp_path, LABEL_SET, change), message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("annotated"), "'annotated' is missing"),
        (put("anotated", []), "unknown entry 'anotated'"),
        (put("source", []), "where the values come from"),
        (put("source", [1]), "where the values come from"),
        (put("annotated", []), "the list is empty"),
        (put("annotated", ["spleen"]), "spleen is annotated, but no label leads to it"),
        (put("annotated", ["liver", "liver"]), "repeats a name"),
        (put("annotated", ["background", "liver"]), "background cannot be annotated"),
        (put("labels", {}), "'labels' must be a list"),
        (put("labels", 0, 5), "label 1: expected an object"),
        (put("labels", 0, "to", 6), "unknown entry 'to'"),
        (drop("labels", 0, "name"), "label 1: 'name' is missing"),
        (put("labels", 0, "range", [1, 2]), "either 'value' or 'range'"),
        (drop("labels", 0, "value"), "either 'value' or 'range'"),
        (put("labels", 0, "value", 0), "between 1 and 65535"),
        (put("labels", 0, "value", 65536), "between 1 and 65535"),
        (put("labels", 0, "value", True), "'value' must be a whole number"),
        (put("labels", 1, "range", [9, 5]), "between 1 and 65535"),
        (put("labels", 1, "range", [5, 7, 9]), "a range is [first, last]"),
        (put("labels", 1, "range", [5, "9"]), "a range is [first, last]"),
        (put("labels", 1, "range", [1, 4]), "value 1 is listed twice"),
        (put("labels", 0, "targets", []), "label 1: the list is empty"),
        (put("labels", 0, "targets", ["lung"]), "abdomen16 has no 'lung'; use background, spleen"),
        (put("labels", 0, "targets", [6]), "abdomen16 has no 6"),
    ],
)
def test_malformed_mapping(tmp_path: Path, change: Change, message: str) -> None:
    refused(load_mapping, written(tmp_path, MAPPING, change), message)


def refused(load: Callable[[Path], Any], path: Path, message: str) -> None:
    with pytest.raises(UserError) as error:
        load(path)
    assert message in str(error.value)
    assert path.name in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("load", [load_label_set, load_mapping])
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is not JSON"), (b"{", "is not JSON"), (b"\xff\xfe\x00", "is not JSON"), (b"[]", "one JSON object")],
)
def test_a_file_that_is_no_json_object(
    tmp_path: Path, load: Callable[[Path], Any], content: bytes, message: str
) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(content)
    refused(load, path, message)


@pytest.mark.parametrize("load", [load_label_set, load_mapping])
def test_a_file_that_is_not_there(tmp_path: Path, load: Callable[[Path], Any]) -> None:
    refused(load, tmp_path / "own.json", "cannot read")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"no label set 'amos': use abdomen16, abdomen16_lesion, word16 or the path"):
        load_label_set("amos")
    with pytest.raises(UserError, match=r"no mapping 'abdomen16': use abdomenct1k, amos, "):
        load_mapping("abdomen16")


def test_a_mapping_to_an_unknown_label_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no label set 'abdomen99'"):
        load_mapping(written(tmp_path, MAPPING, put("target", "abdomen99")))


def test_parsing_a_terminology_string_with_a_region() -> None:
    terms = parse_terminology(
        "list~SCT^49755003^Morphologically Altered Structure~SCT^4147007^Mass~^^"
        "~Anatomic codes - DICOM master list~SCT^23451007^Adrenal gland~SCT^24028007^Right"
    )
    assert terms.modifier is None
    assert terms.region == ("SCT", "23451007", "Adrenal gland")
    assert terms.region_modifier == ("SCT", "24028007", "Right")
