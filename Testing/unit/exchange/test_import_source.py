"""Label files of every kind as numbered labels."""

import numpy as np
import pytest
from exchange_cases import SHAPE, painted, volume

from PartialSegLib.errors import UserError
from PartialSegLib.exchange import read_source
from PartialSegLib.exchange.source import Overlay
from PartialSegLib.image import write_volume


def test_a_plain_label_map_has_its_own_values(tmp_path):
    write_volume(tmp_path / "a.nrrd", volume(painted(3, 200)))
    source = read_source(tmp_path / "a.nrrd")
    assert source.single_values == [3, 200] and source.names == {} and not source.may_be_cropped


def segmentation(path, segments, layers):
    """A .seg.nrrd as Slicer writes it; `segments` are (name, label value, layer)."""
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.stack(layers, -1), isVector=True)
    for n, (name, value, layer) in enumerate(segments):
        for key, text in {"ID": f"Segment_{n}", "Name": name, "LabelValue": str(value), "Layer": str(layer)}.items():
            image.SetMetaData(f"Segment{n}_{key}", text)
    sitk.WriteImage(image, str(path))


def test_segments_are_numbered_and_overlaps_kept(tmp_path):
    first, second = painted(1, 1, 2, 0), painted(0, 1, 1, 1)
    segmentation(tmp_path / "a.seg.nrrd", [("liver", 1, 0), ("spleen", 2, 0), ("vein", 1, 1)], [first, second])
    source = read_source(tmp_path / "a.seg.nrrd")
    assert source.names == {1: "liver", 2: "spleen", 3: "vein"} and source.may_be_cropped
    assert source.labels.array.ravel()[:5].tolist() == [1, 4, 5, 3, 0]
    assert source.overlaps == {4: (1, 3), 5: (2, 3)} and source.single_values == [1, 2, 3]


def test_three_segments_at_one_voxel():
    overlay = Overlay(SHAPE, 3)
    for number in (3, 1, 2):
        overlay.add(painted(number, number * (number < 3)).astype(np.uint16))
    assert overlay.overlaps[int(overlay.labels.flat[0])] == (1, 2, 3)
    assert overlay.overlaps[int(overlay.labels.flat[1])] == (1, 2) and overlay.labels.flat[2] == 0


def test_what_is_no_label_file(tmp_path):
    write_volume(tmp_path / "image.nii.gz", volume(np.full(SHAPE, -5, np.int16)))
    with pytest.raises(UserError, match="no label map"):
        read_source(tmp_path / "image.nii.gz")
    with pytest.raises(UserError, match="does not exist"):
        read_source(tmp_path / "none.seg.nrrd")


def test_a_dicom_image_is_no_segmentation(tmp_path):
    pytest.importorskip("highdicom")
    from dicom_series import write_ct

    path = next(write_ct(tmp_path / "s", volume(painted(1).astype(np.int16))).iterdir())
    with pytest.raises(UserError, match="no DICOM segmentation"):
        read_source(path)
