"""A dataset copied: equal in every respect, images not stored twice."""

import numpy as np
import pytest
from exchange_cases import add_case, only_case, painted, sets_of

from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.exchange import export_dataset


def test_a_copy_says_the_same(tmp_path):
    entry = add_case(
        tmp_path / "cases", "p1", painted(6, 255, 20), annotated=(6,), in_part=(1,),
        slices={"k": {"1-2": (1, 2)}, "i": {"3": (4,)}}, unions={20: (2, 3)}, patient="s1",
    )  # fmt: skip
    report = export_dataset(load_dataset(tmp_path / "cases"), tmp_path / "copy")
    copied = only_case(tmp_path / "copy")
    paths = {"image", "label", "dataset"}
    assert copied.model_dump(exclude=paths) == entry.model_dump(exclude=paths)
    np.testing.assert_array_equal(sets_of(copied), sets_of(entry))
    assert copied.image.samefile(entry.image) and report.lost == () and "Nothing was lost" in report.words()


def test_bad_output(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6), annotated=(6,))
    dataset = load_dataset(tmp_path / "cases")
    with pytest.raises(UserError, match="exists already"):
        export_dataset(dataset, tmp_path / "cases")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        export_dataset(dataset, tmp_path / "file" / "copy")
