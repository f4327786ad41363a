"""What a label means by its name."""

import pytest

from PartialSegLib.exchange.names import classes_of_name
from PartialSegLib.structures import load_label_set


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("liver", (6,)),
        ("Right Kidney", (2,)),
        ("kidney_left", (3,)),
        ("L kidney", (3,)),
        ("Kidney", (2, 3)),
        ("kidneys", (2, 3)),
        ("adrenal glands", (11, 12)),
        ("adrenal", (11, 12)),
        ("Oesophagus", (5,)),
        ("IVC", (9,)),
        ("small_bowel", (0,)),
        ("kidney_cyst_right", (0, 2)),
        ("background", (0,)),
        ("background (painted)", (0,)),
        ("right kidney or left kidney", (2, 3)),
        ("prostate or uterus", (15,)),
        ("liver or pituitary", None),
        ("ignore", tuple(range(17))),
        ("Segment_1", None),
        ("pituitary", None),
    ],
)
def test_names(name, classes):
    assert classes_of_name(name, load_label_set()) == classes
