import zlib

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from image_cases import RAMP, simple_volume

from PartialSegLib.errors import UserError
from PartialSegLib.image import read_volume, write_volume

_VOXELS = RAMP.tobytes()
NRRD = {
    "type": "short",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "4 5 6",
    "space directions": "(0.7,0,0) (0,0.8,0) (0,0,2.5)",
    "kinds": "domain domain domain",
    "endian": "little",
    "encoding": "raw",
    "space origin": "(1,2,3)",
}
META = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "1 2 3",
    "CenterOfRotation": "0 0 0",
    "ElementSpacing": "0.7 0.8 2.5",
    "DimSize": "4 5 6",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}


def nrrd(path, changes, data=_VOXELS):
    fields = {name: value for name, value in (NRRD | changes).items() if value is not None}
    path.write_bytes(b"NRRD0004\n" + "".join(f"{k}: {v}\n" for k, v in fields.items()).encode() + b"\n" + data)
    return path


def meta(path, changes, data=_VOXELS):
    fields = {name: value for name, value in (META | changes).items() if value is not None}
    fields["ElementDataFile"] = fields.pop("ElementDataFile")  # which must come last
    path.write_bytes("".join(f"{k} = {v}\n" for k, v in fields.items()).encode() + data)
    return path


def test_the_files_changed_below_are_good_as_they_are(tmp_path, quiet):
    for path in (nrrd(tmp_path / "a.nrrd", {}), meta(tmp_path / "a.mha", {})):
        volume = read_volume(path)
        np.testing.assert_array_equal(volume.array, RAMP)
        assert volume.spacing == (0.7, 0.8, 2.5) and volume.origin == (1, 2, 3)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"space": None, "space directions": None, "space origin": None}, "does not say how it lies"),
        (
            {"space": None, "space directions": None, "space origin": None, "spacings": "1 2 3"},
            "does not say how it lies",
        ),
        ({"space": "3D-right-handed"}, "does not say how it lies"),
        ({"space directions": "none none none"}, "does not say how it lies"),
        ({"space directions": "(0,0,0) (0,0.8,0) (0,0,2.5)"}, "cannot be inverted"),
        ({"space directions": "(0.7,0,0) (0.7,0,0) (0,0,2.5)"}, "cannot be inverted"),
        ({"space directions": "(nan,0,0) (0,0.8,0) (0,0,2.5)"}, "not numbers"),
        ({"space directions": "(x,0,0) (0,0.8,0) (0,0,2.5)"}, "not numbers"),
        ({"space directions": "(0.7,0,0) (0,0.8,0) (0,0.7,2.5)"}, "off right angles"),
        ({"space origin": "(nan,2,3)"}, "not numbers"),
        ({"sizes": "0 5 6"}, "no voxels"),
        ({"sizes": "-4 5 6"}, "no voxels"),
        ({"sizes": None}, "no voxels"),
        ({"sizes": "4 5 60"}, "cut short"),
        ({"type": "block"}, "unsupported kind"),
        (
            {"dimension": "2", "sizes": "4 30", "space directions": "(0.7,0,0) (0,0.8,0)", "kinds": "domain domain"},
            "2D, not a 3D",
        ),
        (
            {
                "dimension": "4",
                "sizes": "2 2 5 6",
                "space directions": "none (0.7,0,0) (0,0.8,0) (0,0,2.5)",
                "kinds": "list domain domain domain",
            },
            "2 values per voxel",
        ),
        (
            {
                "dimension": "4",
                "sizes": "4 5 3 2",
                "space directions": "(0.7,0,0) (0,0.8,0) (0,0,2.5) none",
                "kinds": "domain domain domain list",
            },
            "2 values per voxel",
        ),
    ],
)
def test_unusable_nrrd(tmp_path, changes, says, quiet):
    with pytest.raises(UserError, match=says) as caught:
        read_volume(nrrd(tmp_path / "a.nrrd", changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"TransformMatrix": None}, "does not say how it lies"),
        ({"ElementSpacing": None}, "does not say how it lies"),
        ({"TransformMatrix": "1 0 0 1 0 0 0 0 1"}, "cannot be inverted"),
        ({"TransformMatrix": "0 0 0 0 0 0 0 0 0"}, "cannot be inverted"),
        ({"TransformMatrix": "nan 0 0 0 1 0 0 0 1"}, "not numbers"),
        ({"TransformMatrix": "1 0 0 0 1 0 0 0.3 1"}, "off right angles"),
        ({"ElementSpacing": "0 1 1"}, "must be positive"),
        ({"ElementSpacing": "-1 1 1"}, "must be positive"),
        ({"ElementSpacing": "nan 1 1"}, "not numbers"),
        ({"Offset": "nan 1 1"}, "not numbers"),
        ({"DimSize": "0 5 6"}, "no voxels"),
        ({"DimSize": "-4 5 6"}, "no voxels"),
        ({"DimSize": "4 5 60"}, "cut short"),
        ({"DimSize": "2 5 4", "ElementNumberOfChannels": "3"}, "3 values per voxel"),
        (
            {
                "NDims": "2",
                "DimSize": "4 30",
                "TransformMatrix": "1 0 0 1",
                "Offset": "0 0",
                "ElementSpacing": "1 1",
                "CenterOfRotation": "0 0",
            },
            "2D, not a 3D",
        ),
        (
            {
                "NDims": "4",
                "DimSize": "4 5 2 3",
                "TransformMatrix": "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
                "Offset": "0 0 0 0",
                "ElementSpacing": "1 1 1 1",
                "CenterOfRotation": "0 0 0 0",
            },
            "4D, not a 3D",
        ),
        ({"ElementDataFile": "elsewhere.raw"}, "needs the file elsewhere.raw beside it"),
    ],
)
def test_unusable_metaimage(tmp_path, changes, says, quiet):
    with pytest.raises(UserError, match=says) as caught:
        read_volume(meta(tmp_path / "a.mha", changes))
    assert "\n" not in str(caught.value)


def test_a_fourth_axis_of_one_is_dropped(tmp_path):
    changes = {
        "NDims": "4",
        "DimSize": "4 5 6 1",
        "TransformMatrix": "0 1 0 0 -1 0 0 0 0 0 1 0 0 0 0 1",
        "Offset": "1 2 3 0",
        "ElementSpacing": "0.7 0.8 2.5 1",
        "CenterOfRotation": "0 0 0 0",
    }
    volume = read_volume(meta(tmp_path / "a.mha", changes))
    np.testing.assert_array_equal(volume.array, RAMP)
    assert volume.origin == (1, 2, 3) and volume.matrix[:, 0].tolist() == [0, 0.7, 0]


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("right-anterior-superior", (-1, -1, 1)),
        ("RAS", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
        ("LPS", (1, 1, 1)),
    ],
)
def test_other_anatomical_spaces_become_lps(tmp_path, space, signs):
    volume = read_volume(nrrd(tmp_path / "a.nrrd", {"space": space}))
    assert volume.origin == tuple(np.multiply(signs, (1, 2, 3)))
    assert np.diag(volume.direction).tolist() == list(signs)


@pytest.mark.parametrize("header", ["a.mhd", "a.nhdr"])
def test_header_and_voxels_in_two_files(tmp_path, header, quiet):
    image = sitk.GetImageFromArray(RAMP)
    image.SetSpacing((0.7, 0.8, 2.5))
    sitk.WriteImage(image, str(tmp_path / header))
    np.testing.assert_array_equal(read_volume(tmp_path / header).array, RAMP)
    for data in tmp_path.glob("a.*raw*"):
        data.unlink()
    with pytest.raises(UserError, match=r"a\."):
        read_volume(tmp_path / header)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_damaged_compressed_data(tmp_path, suffix, quiet):
    noise = np.random.default_rng(0).normal(0, 99, (20, 20, 20)).astype(np.float32)
    write_volume(tmp_path / f"a{suffix}", simple_volume(noise))
    good = (tmp_path / f"a{suffix}").read_bytes()
    for place in np.linspace(600, len(good) - 5, 25).astype(int):
        data = bytearray(good)
        data[place] ^= 0x10
        (tmp_path / f"b{suffix}").write_bytes(data)
        with pytest.raises(UserError, match="damaged"):
            read_volume(tmp_path / f"b{suffix}")


def test_metaimage_compressed_by_others(tmp_path):
    data = zlib.compress(RAMP.tobytes())
    path = meta(tmp_path / "a.mha", {"CompressedData": "True", "CompressedDataSize": str(len(data))}, data)
    np.testing.assert_array_equal(read_volume(path).array, RAMP)


def test_key_value_pairs_survive(tmp_path):
    fields = {"Note": "two\nlines, a \\ and a : sign", "Größe": "ein Meter"}
    write_volume(tmp_path / "a.nrrd", simple_volume(), fields=fields)
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    assert {key: image.GetMetaData(key) for key in fields} == fields
