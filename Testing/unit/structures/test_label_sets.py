"""The shipped label sets: numbering, SNOMED CT codes, terminology strings, colours, pairs, finding by name."""

import subprocess
import sys

import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.structures import (
    LEFT,
    RIGHT,
    LabelSet,
    label_set_names,
    load_label_set,
    normalise,
    parse_terminology,
)

GENERAL_ANATOMY = "Segmentation category and type - 3D Slicer General Anatomy list"
DICOM_MASTER = "Segmentation category and type - DICOM master list"

# SNOMED CT type and side of each structure, written down again here on purpose: a slip in the data shows.
ABDOMEN16 = [
    ("spleen", "78961009", None),
    ("right kidney", "64033007", RIGHT),
    ("left kidney", "64033007", LEFT),
    ("gallbladder", "28231008", None),
    ("esophagus", "32849002", None),
    ("liver", "10200004", None),
    ("stomach", "69695003", None),
    ("aorta", "15825003", None),
    ("postcava", "64131007", None),
    ("pancreas", "15776009", None),
    ("right adrenal gland", "23451007", RIGHT),
    ("left adrenal gland", "23451007", LEFT),
    ("duodenum", "38848004", None),
    ("bladder", "89837001", None),
    ("prostate/uterus", "71934003", None),
    ("portal vein and splenic vein", "110765007", None),
]
WORD16 = [
    ("liver", "10200004", None),
    ("spleen", "78961009", None),
    ("left kidney", "64033007", LEFT),
    ("right kidney", "64033007", RIGHT),
    ("stomach", "69695003", None),
    ("gallbladder", "28231008", None),
    ("esophagus", "32849002", None),
    ("pancreas", "15776009", None),
    ("duodenum", "38848004", None),
    ("colon", "71854001", None),
    ("intestine", "30315005", None),
    ("adrenal", "23451007", "51440002"),
    ("rectum", "34402009", None),
    ("bladder", "89837001", None),
    ("left head of femur", "2812003", LEFT),
    ("right head of femur", "2812003", RIGHT),
]


@pytest.fixture(params=label_set_names())
def label_set(request: pytest.FixtureRequest) -> LabelSet:
    return load_label_set(request.param)


SETS = [("abdomen16", ABDOMEN16), ("abdomen16_lesion", [*ABDOMEN16, ("lesion", "4147007", None)]), ("word16", WORD16)]


@pytest.mark.parametrize(("name", "expected"), SETS)
def test_numbering_and_codes_are_the_published_ones(name: str, expected: list) -> None:
    found = [(s.name, s.type.value, s.modifier.value if s.modifier else None) for s in load_label_set(name)]
    assert found == expected


def test_these_sets_ship() -> None:
    assert label_set_names() == ["abdomen16", "abdomen16_lesion", "word16"]
    assert load_label_set().name == "abdomen16"


def test_values_are_contiguous_and_names_keys_and_ids_unique(label_set: LabelSet) -> None:
    assert [s.value for s in label_set] == list(range(1, label_set.n_classes))
    for attribute in ("name", "key", "segment_id"):
        assert len({getattr(s, attribute) for s in label_set}) == len(label_set.structures)


def test_terminology_has_seven_parts_that_agree_with_the_fields(label_set: LabelSet) -> None:
    for s in label_set:
        assert s.terminology.count("~") == 6
        terms = parse_terminology(s.terminology)
        assert terms.context in (GENERAL_ANATOMY, DICOM_MASTER)
        assert (terms.category, terms.type, terms.modifier) == (s.category, s.type, s.modifier)
        lesion = ("SCT", "49755003", "Morphologically Altered Structure")
        assert s.category == (lesion if s.value in label_set.lesions else ("SCT", "123037004", "Anatomical Structure"))
        assert (terms.region_context, terms.region, terms.region_modifier) == (
            "Anatomic codes - DICOM master list",
            None,
            None,
        )


def test_snomed_codes_have_a_valid_check_digit(label_set: LabelSet) -> None:
    for s in label_set:
        for code in filter(None, (s.category, s.type, s.modifier)):
            assert code.scheme == "SCT"
            assert verhoeff(code.value) == 0, code


def verhoeff(digits: str) -> int:
    """0 for a SNOMED CT identifier without a typing error: its last digit is a check digit (dihedral group D5)."""
    check = 0
    for i, digit in enumerate(reversed(digits)):
        check = multiply(check, permute(int(digit), i % 8))
    return check


def permute(digit: int, times: int) -> int:
    for _ in range(times):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def multiply(a: int, b: int) -> int:
    if a < 5:
        return (a + b) % 5 if b < 5 else (a + b) % 5 + 5
    return (a - b) % 5 + 5 if b < 5 else (a - b) % 5


def test_colours_are_unique_but_for_the_two_sides_of_a_structure(label_set: LabelSet) -> None:
    for s in label_set:
        same = [other.value for other in label_set if other.color == s.color and other is not s]
        assert same == ([s.pair] if s.pair else [])


def test_every_structure_off_slicers_list_says_why(label_set: LabelSet) -> None:
    for s in label_set:
        if parse_terminology(s.terminology).context != GENERAL_ANATOMY:
            assert s.note


def test_pairs_are_symmetric_right_first(label_set: LabelSet) -> None:
    for right, left in label_set.pairs:
        r, l = label_set.by_value(right), label_set.by_value(left)  # noqa: E741
        assert (r.pair, l.pair) == (left, right)
        assert "right" in r.name and "left" in l.name
        assert r.name.replace("right", "left") == l.name
    paired = {value for pair in label_set.pairs for value in pair}
    assert paired == {s.value for s in label_set if "right" in s.name or "left" in s.name}


def test_the_lesion_set_is_the_organ_set_and_a_lesion() -> None:
    organs, both = load_label_set("abdomen16"), load_label_set("abdomen16_lesion")
    assert both.structures[:-1] == organs.structures
    assert (organs.lesions, both.lesions) == ((), (17,))
    assert both.find("tumour").value == 17


def test_pairs_of_abdomen16() -> None:
    assert load_label_set("abdomen16").pairs == [(2, 3), (11, 12)]


@pytest.mark.parametrize(
    "query",
    ["right kidney", "right_kidney", "Right Kidney", " kidney_right ", "2", 2],
)
def test_find_takes_name_key_alias_and_value(query: str | int) -> None:
    assert load_label_set().find(query).value == 2


def test_every_name_key_and_alias_finds_its_structure(label_set: LabelSet) -> None:
    for s in label_set:
        for name in (s.name, s.key, *s.aliases, str(s.value)):
            assert label_set.find(name) is s


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("kidney", "did you mean left kidney or right kidney?"),
        ("splen", "did you mean spleen"),
        ("vena cava", "did you mean postcava"),
        ("", "use one of"),
        ("xyzzy", "use one of spleen, right kidney"),
        ("99", "use 1 to 16"),
        (0, "use 1 to 16"),
        (-1, "use 1 to 16"),
    ],
)
def test_an_unknown_structure_is_answered_with_close_names(query: str | int, hint: str) -> None:
    with pytest.raises(UserError) as error:
        load_label_set().find(query)
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [0, 17, -3])
def test_by_value_refuses_background_and_unknown_values(value: int) -> None:
    with pytest.raises(UserError, match="use 1 to 16"):
        load_label_set().by_value(value)


def test_normalise_keeps_letters_of_any_language() -> None:
    assert normalise("  Vena-Cava_(INFERIOR) ") == "vena cava inferior"
    assert normalise("Ösophagus") == "ösophagus"


def test_importing_brings_in_neither_numpy_nor_torch() -> None:
    code = "import sys, PartialSegLib.structures, PartialSegLib.mappings; print({'numpy', 'torch'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
