"""What is written is read back, and other programs read the same: values, types, and where every voxel lies."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from image_cases import random_volume, simple_volume

from PartialSegLib.image import read_volume, write_volume

FORMATS = [".nii", ".nii.gz", ".nrrd", ".mha"]
TYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"]


def itk_world(path, index):
    return sitk.ReadImage(str(path)).TransformIndexToPhysicalPoint([int(i) for i in index])


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("seed", range(24))
def test_every_voxel_stays_where_it_is(tmp_path, suffix, seed, quiet):
    volume = random_volume(seed)
    path = tmp_path / f"image{suffix}"
    write_volume(path, volume)
    read = read_volume(path)
    assert read.same_grid(volume)
    np.testing.assert_array_equal(read.array, volume.array)
    # A voxel is followed by its value through another program's reader, to its place in the patient.
    marked = int(np.random.default_rng(seed).choice(volume.array.ravel()))
    index = np.argwhere(volume.array == marked)[0][::-1]
    image = sitk.ReadImage(str(path))
    assert image.GetPixel([int(i) for i in index]) == marked
    tolerance = 1e-3 if "nii" in suffix else 1e-9  # NIfTI is single precision
    np.testing.assert_allclose(itk_world(path, index), volume.world(index), atol=tolerance)


@pytest.mark.parametrize("seed", range(12))
def test_qform_and_sform_say_the_same(tmp_path, seed):
    volume = random_volume(seed)
    write_volume(tmp_path / "image.nii.gz", volume)
    image = nibabel.load(tmp_path / "image.nii.gz")
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-3)
    np.testing.assert_allclose(image.affine[:3, :3], np.diag([-1, -1, 1]) @ volume.matrix, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, volume.array)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("dtype", TYPES)
def test_every_voxel_type(tmp_path, suffix, dtype, quiet):
    volume = random_volume(3, dtype)
    write_volume(tmp_path / f"image{suffix}", volume)
    read = read_volume(tmp_path / f"image{suffix}")
    assert read.array.dtype == dtype and read.array.dtype.isnative and read.array.flags.writeable
    np.testing.assert_array_equal(read.array, volume.array)
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"image{suffix}"))), volume.array
    )


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("dtype", "stored"), [("bool", "uint8"), ("float16", "float32"), (">i2", "int16")])
def test_types_that_files_lack_are_widened(tmp_path, suffix, dtype, stored):
    array = (np.arange(24).reshape(2, 3, 4) % 2).astype(dtype)
    write_volume(tmp_path / f"image{suffix}", simple_volume(array))
    read = read_volume(tmp_path / f"image{suffix}")
    assert read.array.dtype == stored
    np.testing.assert_array_equal(read.array, array)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("seed", range(8))
def test_reads_what_itk_writes(tmp_path, suffix, seed, quiet):
    volume = random_volume(seed)
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing(volume.spacing)
    image.SetOrigin(volume.origin)
    image.SetDirection(volume.direction.ravel().tolist())
    sitk.WriteImage(image, str(tmp_path / f"image{suffix}"), suffix != ".nii")
    read = read_volume(tmp_path / f"image{suffix}")
    assert read.same_grid(volume)
    np.testing.assert_array_equal(read.array, volume.array)


@pytest.mark.parametrize("suffix", FORMATS)
def test_views_with_any_strides_are_written(tmp_path, suffix):
    view = np.arange(120, dtype=np.int16).reshape(4, 5, 6)[::-1, :, ::2]
    write_volume(tmp_path / f"image{suffix}", simple_volume(view))
    np.testing.assert_array_equal(read_volume(tmp_path / f"image{suffix}").array, view)


@pytest.mark.parametrize("suffix", FORMATS)
def test_names_with_spaces_and_letters_of_any_script(tmp_path, suffix, quiet):
    path = tmp_path / "Bäuche 腹部 v1.2" / f"CT 1 größer{suffix}"
    write_volume(path, simple_volume())
    np.testing.assert_array_equal(read_volume(path).array, simple_volume().array)
    np.testing.assert_array_equal(read_volume(str(path)).array, simple_volume().array)


def test_two_slices_are_enough(tmp_path):
    thin = simple_volume(np.arange(40, dtype=np.int16).reshape(2, 5, 4))
    write_volume(tmp_path / "thin.nii.gz", thin)
    assert read_volume(tmp_path / "thin.nii.gz").same_grid(thin)


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_volume_gives_the_same_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        write_volume(tmp_path / f"{name}{suffix}", simple_volume())
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_compressed_files_tell_neither_a_time_nor_a_name(tmp_path):
    write_volume(tmp_path / "secret.nii.gz", simple_volume())
    head = (tmp_path / "secret.nii.gz").read_bytes()[:10]
    assert head[3] == 0 and head[4:8] == bytes(4)


def test_upper_case_suffix(tmp_path):
    write_volume(tmp_path / "a.nii.gz", simple_volume())
    (tmp_path / "a.nii.gz").rename(tmp_path / "SCAN.NII.GZ")
    assert read_volume(tmp_path / "SCAN.NII.GZ").same_grid(simple_volume())
