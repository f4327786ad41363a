"""Segments that are no single structure: painted background, unions, strangers, and overlaps."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from PartialSegLib.errors import UserError
from PartialSegLib.image import read_labels
from PartialSegLib.image.labels import read_segmentation
from PartialSegLib.image.segment_tags import UNION_TAG
from PartialSegLib.image.segments import read_segments, union_name
from PartialSegLib.structures import load_label_set

LABEL_SET = load_label_set()


def written(path, layers, segments):
    """A .seg.nrrd as 3D Slicer writes it; segments: (id, name, layer, value, tags)."""
    images = [sitk.GetImageFromArray(np.asarray(layer, np.uint8)) for layer in layers]
    image = images[0] if len(images) == 1 else sitk.Compose(*images)
    for n, (key, name, layer, value, tags) in enumerate(segments):
        fields = {"ID": key, "Name": name, "Layer": str(layer), "LabelValue": str(value), "Tags": tags}
        for field, text in fields.items():
            image.SetMetaData(f"Segment{n}_{field}", text)
    sitk.WriteImage(image, str(path), True)
    return path


def layer(*values):
    array = np.zeros((2, 2, 4), np.uint8)
    array.ravel()[: len(values)] = values
    return array


def test_background_and_unions_by_tag_and_by_name(tmp_path):
    path = written(
        tmp_path / "s.seg.nrrd",
        [layer(1, 2, 3, 25)],
        [
            ("Segment_1", "Liver", 0, 1, ""),
            ("background", "whatever", 0, 2, ""),
            ("u", "side unknown", 0, 3, f"{UNION_TAG}:right_kidney,left_kidney|"),
            ("v", "liver or spleen", 0, 25, ""),
        ],
    )
    found = read_segmentation(path, LABEL_SET)
    own = next(value for value, members in found.unions.items() if members == (2, 3))
    assert found.labels.array.ravel()[:5].tolist() == [6, 255, own, 25, 0]
    assert own >= 32 and found.unions == {own: (2, 3), 25: (1, 6)} and found.unknown == () and found.overlap == 0
    np.testing.assert_array_equal(read_labels(path, LABEL_SET).array, found.labels.array)
    assert found.tags[own] == {UNION_TAG: "right_kidney,left_kidney"}


def test_names_that_we_give_are_names_that_we_know(tmp_path):
    name = union_name((0, 2, 3), LABEL_SET)
    path = written(
        tmp_path / "s.seg.nrrd", [layer(1, 40)], [("b", "background (painted)", 0, 1, ""), ("u", name, 0, 40, "")]
    )
    found = read_segmentation(path, LABEL_SET)
    assert found.labels.array.ravel()[:2].tolist() == [255, 40] and found.unions == {40: (0, 2, 3)}


@pytest.mark.parametrize("tags", [f"{UNION_TAG}:left_kidney,gizzard|", f"{UNION_TAG}:|"])
def test_a_union_of_unknown_things_is_a_stranger(tmp_path, tags):
    path = written(tmp_path / "s.seg.nrrd", [layer(1)], [("u", "u", 0, 1, tags)])
    assert read_segmentation(path, LABEL_SET).unknown == ("u",)
    with pytest.raises(UserError, match="segment 'u', which abdomen16 does not know"):
        read_labels(path, LABEL_SET)


def test_an_empty_stranger_disturbs_nobody(tmp_path):
    path = written(tmp_path / "s.seg.nrrd", [layer(1)], [("liver", "", 0, 1, ""), ("x", "scratch", 0, 2, "")])
    assert read_labels(path, LABEL_SET).array.ravel()[:2].tolist() == [6, 0]
    assert read_segmentation(path, LABEL_SET).unknown == ()


def test_where_segments_overlap_a_voxel_may_be_any_of_them(tmp_path):
    path = written(
        tmp_path / "s.seg.nrrd",
        [layer(1, 1, 1, 0), layer(0, 1, 2, 2), layer(0, 1, 0, 1)],
        [("liver", "", 0, 1, ""), ("spleen", "", 1, 1, ""), ("background", "", 1, 2, ""), ("stomach", "", 2, 1, "")],
    )
    found = read_segmentation(path, LABEL_SET)
    values = found.labels.array.ravel()[:5].tolist()
    spleen, liver, stomach = (LABEL_SET.find(name).value for name in ("spleen", "liver", "stomach"))
    assert values[0] == liver and values[4] == 0 and found.overlap == 4
    sets = [found.unions[value] for value in values[1:4]]
    assert sets == [tuple(sorted((liver, spleen, stomach))), (0, liver), (0, stomach)]
    with pytest.raises(UserError, match="segments that overlap"):
        read_labels(path, LABEL_SET)


def test_two_unions_never_share_a_value(tmp_path):
    tags = [f"{UNION_TAG}:liver,spleen|", f"{UNION_TAG}:right_kidney,left_kidney|"]
    segments = [("a", "", 0, 33, tags[0]), ("b", "", 1, 33, tags[1])]
    path = written(tmp_path / "s.seg.nrrd", [layer(33, 0), layer(0, 33)], segments)
    found = read_segmentation(path, LABEL_SET)
    first, second = found.labels.array.ravel()[:2].tolist()
    assert found.unions[first] == (1, 6) and found.unions[second] == (2, 3)


def test_tags_are_read_with_the_header(tmp_path):
    path = written(tmp_path / "s.seg.nrrd", [layer(1)], [("liver", "", 0, 1, "a:b:c|d:e|")])
    assert read_segments(path)[0].tags == {"a": "b:c", "d": "e"}


def test_a_plain_label_map_lists_no_segments(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(layer(1)), str(tmp_path / "s.seg.nrrd"))
    with pytest.raises(UserError, match="lists no segments"):
        read_segmentation(tmp_path / "s.seg.nrrd", LABEL_SET)
