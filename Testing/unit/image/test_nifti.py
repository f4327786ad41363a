import gzip
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from image_cases import RAMP, random_volume, rotation, simple_volume

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_volume, write_volume

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def patched(tmp_path, *changes, suffix=".nii"):
    """A good file with (offset, format, values) written over its header."""
    path = tmp_path / f"image{suffix}"
    write_volume(path, simple_volume())
    data = bytearray(gzip.decompress(path.read_bytes()) if suffix == ".nii.gz" else path.read_bytes())
    for offset, layout, *values in changes:
        struct.pack_into("<" + layout, data, offset, *values)
    path.write_bytes(gzip.compress(bytes(data)) if suffix == ".nii.gz" else bytes(data))
    return path


DIM, DATATYPE, PIXDIM, OFFSET, SLOPE, UNITS = 40, 70, 80, 108, 112, 123
QFORM_CODE, SFORM_CODE, QOFFSET, SROW = 252, 254, 268, 280


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("version", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_reads_what_nibabel_writes(tmp_path, seed, version):
    volume = random_volume(seed)
    affine = LPS @ np.vstack([np.column_stack([volume.matrix, volume.origin]), [0, 0, 0, 1]])
    nibabel.save(version(volume.array.T, affine), tmp_path / "image.nii.gz")
    read = read_volume(tmp_path / "image.nii.gz")
    assert read.same_grid(volume)
    np.testing.assert_array_equal(read.array, volume.array)


@pytest.mark.parametrize("seed", range(6))
def test_qform_alone_is_read_as_nibabel_and_itk_do(tmp_path, seed):
    volume = random_volume(seed)
    write_volume(tmp_path / "image.nii", volume)
    data = bytearray((tmp_path / "image.nii").read_bytes())
    struct.pack_into("<h", data, SFORM_CODE, 0)
    struct.pack_into("<12f", data, SROW, *[0.0] * 12)
    (tmp_path / "image.nii").write_bytes(data)
    read = read_volume(tmp_path / "image.nii")
    assert read.same_grid(volume)
    affine = nibabel.load(tmp_path / "image.nii").affine
    np.testing.assert_allclose(read.world((1, 1, 1)), (LPS @ affine @ [1, 1, 1, 1])[:3], atol=1e-3)
    np.testing.assert_allclose(
        read.world((1, 1, 1)),
        sitk.ReadImage(str(tmp_path / "image.nii")).TransformIndexToPhysicalPoint([1, 1, 1]),
        atol=1e-3,
    )


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1), (0, 2), (1, 0), (3, 4)])
def test_where_qform_and_sform_disagree_the_choice_is_itks(tmp_path, codes):
    path = patched(tmp_path, (QFORM_CODE, "2h", *codes), (QOFFSET, "3f", 1, 2, 3))
    expected = sitk.ReadImage(str(path)).GetOrigin()
    np.testing.assert_allclose(read_volume(path).origin, expected, atol=1e-5)


def test_big_endian(tmp_path):
    image = nibabel.Nifti1Image(RAMP.T, LPS, nibabel.Nifti1Header(endianness=">"))
    image.header.set_data_dtype(">i2")
    nibabel.save(image, tmp_path / "image.nii")
    assert (tmp_path / "image.nii").read_bytes()[:4] == struct.pack(">i", 348)
    read = read_volume(tmp_path / "image.nii")
    np.testing.assert_array_equal(read.array, RAMP)
    assert read.array.dtype.isnative


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_slope_and_intercept(tmp_path, suffix):
    path = patched(tmp_path, (SLOPE, "2f", 0.5, -1024), suffix=suffix)
    read = read_volume(path)
    assert read.array.dtype == np.float32
    np.testing.assert_array_equal(read.array, RAMP * 0.5 - 1024)
    np.testing.assert_array_equal(read.array, sitk.GetArrayFromImage(sitk.ReadImage(str(path))))


@pytest.mark.parametrize("slope", [(0, 0), (0, 5), (1, 0), (np.nan, np.nan)])
def test_a_slope_that_says_nothing_is_left_out(tmp_path, slope):
    read = read_volume(patched(tmp_path, (SLOPE, "2f", *slope)))
    np.testing.assert_array_equal(read.array, RAMP)
    assert read.array.dtype == np.int16


@pytest.mark.parametrize(("unit", "mm"), [(0, 1.0), (1, 1000.0), (2, 1.0), (3, 0.001), (10, 1.0)])
def test_units_of_length(tmp_path, unit, mm):
    path = patched(tmp_path, (UNITS, "B", unit))
    np.testing.assert_allclose(read_volume(path).spacing, np.multiply((0.7, 0.8, 2.5), mm), rtol=1e-6)


def test_header_extensions_are_skipped(tmp_path):
    path = patched(tmp_path, (OFFSET, "f", 400))
    data = path.read_bytes()
    path.write_bytes(data[:352] + bytes(48) + data[352:])
    np.testing.assert_array_equal(read_volume(path).array, RAMP)


def test_an_offset_within_the_header_means_right_after_it(tmp_path):
    np.testing.assert_array_equal(read_volume(patched(tmp_path, (OFFSET, "f", 0))).array, RAMP)


def test_the_sform_is_more_precise_near_half_turns(tmp_path):
    """There the quaternion in single precision loses a milliradian's third: 0.15 mm at the far end of a body."""
    turn = 3e-4
    direction = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    volume = Volume(RAMP, (1, 1, 1), (0, 0, 0), direction)
    write_volume(tmp_path / "image.nii", volume)
    data = bytearray((tmp_path / "image.nii").read_bytes())
    struct.pack_into("<2h", data, QFORM_CODE, 1, 2)
    (tmp_path / "image.nii").write_bytes(data)
    far = (500, 500, 0)
    np.testing.assert_allclose(read_volume(tmp_path / "image.nii").world(far), volume.world(far), atol=1e-3)


@pytest.mark.parametrize("plain_as_gz", [True, False])
def test_compression_is_told_by_content_not_by_name(tmp_path, plain_as_gz):
    write_volume(tmp_path / "a.nii", simple_volume())
    data = (tmp_path / "a.nii").read_bytes()
    path = tmp_path / ("b.nii.gz" if plain_as_gz else "b.nii")
    path.write_bytes(data if plain_as_gz else gzip.compress(data))
    np.testing.assert_array_equal(read_volume(path).array, RAMP)


def test_gzip_of_several_members(tmp_path):
    write_volume(tmp_path / "a.nii", simple_volume())
    data = (tmp_path / "a.nii").read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(b"".join(gzip.compress(data[i : i + 100]) for i in range(0, len(data), 100)))
    np.testing.assert_array_equal(read_volume(tmp_path / "b.nii.gz").array, RAMP)


def test_axes_of_one_beyond_the_third_are_dropped(tmp_path):
    path = patched(tmp_path, (DIM, "8h", 5, 4, 5, 6, 1, 1, 1, 1))
    assert read_volume(path).array.shape == (6, 5, 4)


def test_slight_shear_is_kept_as_it_is(tmp_path):
    affine = np.diag([0.7, 0.8, 2.5, 1.0])
    affine[1, 2] = 0.02
    nibabel.save(nibabel.Nifti1Image(RAMP.T, affine), tmp_path / "image.nii.gz")
    volume = read_volume(tmp_path / "image.nii.gz")
    np.testing.assert_allclose(volume.matrix, (LPS @ affine)[:3, :3], atol=1e-7)
    for suffix in (".nii.gz", ".nrrd", ".mha"):
        write_volume(tmp_path / f"copy{suffix}", volume)
        assert read_volume(tmp_path / f"copy{suffix}").same_grid(volume)
    # ITK takes no shear from a NIfTI file; the qform, without it, lets it read the file all the same.
    near = sitk.ReadImage(str(tmp_path / "copy.nii.gz")).TransformIndexToPhysicalPoint([1, 1, 1])
    np.testing.assert_allclose(near, volume.world((1, 1, 1)), atol=0.05)


SROWS = {
    "coinciding axes": [-0.7, -0.7, 0, 0, 0, 0, 0, 0, 0, 0, 2.5, 0],
    "zeros": [0.0] * 12,
    "sheared": [-0.7, 0, 0, 0, 0, -0.8, 0.7, 0, 0, 0, 2.5, 0],
    "not a number": [np.nan, 0, 0, 0, 0, -0.8, 0, 0, 0, 0, 2.5, 0],
    "infinite offset": [-0.7, 0, 0, np.inf, 0, -0.8, 0, 0, 0, 0, 2.5, 0],
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([(QFORM_CODE, "2h", 0, 0)], "does not say how it lies"),
        ([(SROW, "12f", *SROWS["coinciding axes"])], "cannot be inverted"),
        ([(SROW, "12f", *SROWS["zeros"])], "cannot be inverted"),
        ([(SROW, "12f", *SROWS["sheared"])], "15.6 degrees off right angles"),
        ([(SROW, "12f", *SROWS["not a number"])], "not numbers"),
        ([(SROW, "12f", *SROWS["infinite offset"])], "not numbers"),
        ([(QFORM_CODE, "2h", 1, 0), (QOFFSET, "3f", np.nan, 0, 0)], "not numbers"),
        ([(QFORM_CODE, "2h", 1, 0), (256, "3f", np.nan, 0, 0)], "not numbers"),
        ([(PIXDIM, "3f", 0, 0.8, 2.5)], "0 x 0.8 x 2.5 mm"),
        ([(PIXDIM, "3f", -0.7, 0.8, 2.5)], "must be positive"),
        ([(PIXDIM, "3f", np.nan, 0.8, 2.5)], "not numbers"),
        ([(DIM, "8h", 2, 4, 5, 1, 1, 1, 1, 1)], "2D, not a 3D"),
        ([(DIM, "8h", 4, 4, 5, 2, 3, 1, 1, 1)], "4D, not a 3D"),
        ([(DIM, "8h", 5, 4, 5, 2, 1, 3, 1, 1)], "5D, not a 3D"),
        ([(DIM, "8h", 3, 0, 5, 6, 1, 1, 1, 1)], "no voxels"),
        ([(DIM, "8h", 3, -4, 5, 6, 1, 1, 1, 1)], "no voxels"),
        ([(DIM, "8h", 0, 4, 5, 6, 1, 1, 1, 1)], "no voxels"),
        ([(DIM, "8h", 3, 400, 500, 600, 1, 1, 1, 1)], "damaged or cut short"),
        ([(DIM, "8h", 3, 30000, 30000, 30000, 1, 1, 1, 1)], "damaged or cut short"),
        ([(DIM, "8h", 3, 4, 30, 1, 1, 1, 1, 1)], "single slice"),
        ([(DATATYPE, "2h", 128, 24)], "colour"),
        ([(DATATYPE, "2h", 32, 64)], "unsupported type"),
        ([(DATATYPE, "2h", 1536, 128)], "unsupported type"),
        ([(OFFSET, "f", np.nan)], "damaged"),
        ([(344, "4s", b"ni1\0")], "two-file"),
        ([(344, "4s", b"\0\0\0\0")], "Analyze"),
    ],
)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_unusable_headers(tmp_path, changes, says, suffix, quiet):
    path = patched(tmp_path, *changes, suffix=suffix)
    with pytest.raises(UserError, match=says) as caught:
        read_volume(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_damaged_compressed_data_is_found_by_its_checksum(tmp_path, quiet):
    noise = np.random.default_rng(0).normal(0, 99, (20, 20, 20)).astype(np.float32)
    write_volume(tmp_path / "a.nii.gz", simple_volume(noise))
    good = (tmp_path / "a.nii.gz").read_bytes()
    for place in np.linspace(400, len(good) - 1, 25).astype(int):
        data = bytearray(good)
        data[place] ^= 0x10
        (tmp_path / "b.nii.gz").write_bytes(data)
        with pytest.raises(UserError, match="damaged or cut short"):
            read_volume(tmp_path / "b.nii.gz")


def test_oblique_direction_survives_the_quaternion_in_every_octant(tmp_path):
    rng = np.random.default_rng(5)
    half_turns = [np.diag([1.0, -1.0, -1.0]), np.diag([-1.0, 1.0, -1.0]), np.diag([-1.0, -1.0, 1.0]), np.eye(3)]
    for direction in half_turns + [rotation(rng) for _ in range(20)]:
        volume = simple_volume()
        object.__setattr__(volume, "direction", direction)
        write_volume(tmp_path / "a.nii", volume)
        np.testing.assert_allclose(
            nibabel.load(tmp_path / "a.nii").get_qform()[:3, :3], LPS[:3, :3] @ volume.matrix, atol=1e-5
        )


def test_too_large_for_nifti(tmp_path):
    volume = simple_volume(np.zeros((2, 2, 32768), np.uint8))
    with pytest.raises(UserError, match=r"write \.nrrd instead"):
        write_volume(tmp_path / "a.nii.gz", volume)
    assert list(tmp_path.iterdir()) == []
