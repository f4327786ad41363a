"""DICOM folders: what makes one volume is read exactly, what does not is refused without naming anybody."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from dicom_writer import CT_STORAGE, write_series, write_slice
from image_cases import RAMP, random_geometry, rotation

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, holds_dicom, read_volume
from PartialSegLib.image.dicom_slices import Slice, stack_geometry

SIDE = {"spacing": (0.7, 0.8, 2.5), "origin": (-10, -20, 30)}


def refusal(folder, **options) -> str:
    with pytest.raises(UserError) as caught:
        read_volume(folder, **options)
    message = str(caught.value)
    assert "\n" not in message and "Doe" not in message and "4711" not in message
    return message


def slices(*heights, **changes) -> list[Slice]:
    """Axial slices at these heights."""
    base = Slice(None, "1.2.3", "4", "CT", (), (1, 0, 0, 0, 1, 0), (0.8, 0.7), 5, 4, 1, 1)
    return [dataclasses.replace(base, position=(0.0, 0.0, float(z)), **changes) for z in heights]


@pytest.mark.parametrize("seed", range(10))
def test_any_orientation_slice_by_slice(tmp_path, seed, quiet):
    spacing, origin, direction = random_geometry(seed)
    direction = direction * np.array([1, 1, np.linalg.det(direction)])  # slices ascend along their normal
    write_series(tmp_path, RAMP, spacing=spacing, origin=origin, direction=direction)
    volume = read_volume(tmp_path)
    assert volume.same_grid(Volume(RAMP, spacing, origin, direction))
    np.testing.assert_array_equal(volume.array, RAMP)
    assert volume.array.dtype == np.int16 and volume.modality == "ct"
    itk = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path)))
    np.testing.assert_allclose(volume.world((3, 2, 5)), itk.TransformIndexToPhysicalPoint([3, 2, 5]), atol=1e-3)
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(itk))


def test_slices_against_their_normal_are_turned_round(tmp_path):
    write_series(tmp_path, RAMP, direction=np.diag([1, 1, -1]), **SIDE)
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.array, RAMP[::-1])
    np.testing.assert_allclose(volume.origin, (-10, -20, 30 - 5 * 2.5))
    assert volume.direction.tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(("modality", "ours"), [("CT", "ct"), ("MR", "mr")])
def test_modality_comes_from_the_tag(tmp_path, modality, ours):
    write_series(tmp_path, RAMP, modality=modality)
    assert read_volume(tmp_path).modality == ours


def test_rescale_slope_and_intercept(tmp_path):
    write_series(tmp_path / "whole", RAMP.astype(np.uint16), intercept=-1024)
    whole = read_volume(tmp_path / "whole").array
    np.testing.assert_array_equal(whole, RAMP.astype(np.uint16).astype(np.int32) - 1024)
    write_series(tmp_path / "half", RAMP, slope=0.5, intercept=-3)
    half = read_volume(tmp_path / "half").array
    assert half.dtype == np.float32
    np.testing.assert_array_equal(half, RAMP * 0.5 - 3)


def test_every_slice_has_its_own_slope(tmp_path):
    for k, pixels in enumerate(RAMP):
        write_slice(tmp_path / f"{k}.dcm", pixels, position=(0, 0, k), slope=1 + 0.5 * k, instance=k)
    expected = RAMP * (1 + 0.5 * np.arange(6))[:, None, None]
    np.testing.assert_array_equal(read_volume(tmp_path).array, expected)


def test_other_files_are_passed_over(tmp_path, quiet):
    write_series(tmp_path, RAMP)
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "notes.xml").touch()
    (tmp_path / "more").mkdir()
    for n, storage in enumerate(("1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.481.3")):
        about = {(0x0008, 0x1150): ("UI", CT_STORAGE), (0x7FE0, 0x0010): None}  # no image, but it refers to one
        write_slice(tmp_path / f"report{n}.dcm", RAMP[0], modality="SR", series="9", storage=storage, overrides=about)
    np.testing.assert_array_equal(read_volume(tmp_path).array, RAMP)


def test_two_series_are_listed_by_number_and_one_can_be_chosen(tmp_path):
    write_series(tmp_path, RAMP, series="1.2.10", number=3)
    write_series(tmp_path, RAMP[:4] + 1, series="1.2.11", number=12, prefix="other")
    message = refusal(tmp_path)
    assert "2 series: 3 [CT, 6 slices of 4 x 5], 12 [CT, 4 slices of 4 x 5]" in message and "--series" in message
    np.testing.assert_array_equal(read_volume(tmp_path, series=12).array, RAMP[:4] + 1)
    np.testing.assert_array_equal(read_volume(tmp_path, series="3").array, RAMP)
    np.testing.assert_array_equal(read_volume(tmp_path, series="1.2.11").array, RAMP[:4] + 1)
    assert "has no series 7; it has 3 [CT" in refusal(tmp_path, series=7)


def test_two_series_of_one_number_are_told_by_uid(tmp_path):
    write_series(tmp_path, RAMP, series="1.2.10")
    write_series(tmp_path, RAMP, series="1.2.11", prefix="other")
    assert "1 (UID 1.2.10) [CT, 6 slices of 4 x 5], 1 (UID 1.2.11)" in refusal(tmp_path)
    assert "2 series" in refusal(tmp_path, series=1)
    assert read_volume(tmp_path, series="1.2.10").array.shape == RAMP.shape


def test_the_only_ct_or_mr_series_is_taken(tmp_path):
    write_series(tmp_path, RAMP, series="1.2.10")
    write_series(tmp_path, RAMP + 1, series="1.2.11", modality="PT", prefix="pet")
    np.testing.assert_array_equal(read_volume(tmp_path).array, RAMP)


@pytest.mark.parametrize(("modality", "words"), [("PT", "PT (PET)"), ("US", "US (ultrasound)"), ("XX", "XX")])
def test_other_modalities(tmp_path, modality, words):
    write_series(tmp_path, RAMP, modality=modality)
    assert f"holds {words}, which cannot be segmented: give a CT or MR series" in refusal(tmp_path)


@pytest.mark.parametrize("missing", [1, 3, 4])
def test_missing_slice(tmp_path, missing):
    write_series(tmp_path, RAMP, **SIDE)
    kept = sorted(tmp_path.iterdir(), key=lambda path: sitk.ReadImage(str(path)).GetOrigin()[2])
    kept[missing].unlink()
    message = refusal(tmp_path)
    assert f"2.5 mm apart but 5 mm between slices {missing} and {missing + 1}: one may be missing" in message


@pytest.mark.parametrize("n", range(3, 12))
def test_a_missing_slice_is_noticed_in_short_series_too(n):
    for missing in range(1, n):
        heights = [k for k in range(n + 1) if k != missing]
        with pytest.raises(UserError, match="one may be missing"):
            stack_geometry(slices(*heights), "series 1")


def test_rounded_positions_are_regular_enough():
    heights = np.round(np.arange(200) * 0.75, 1) + 1000
    order, spacing, origin, _ = stack_geometry(slices(*heights[::-1]), "series 1")
    assert order == list(range(199, -1, -1)) and origin[2] == 1000
    assert spacing == pytest.approx((0.7, 0.8, 0.75), abs=1e-3)


def test_the_same_slice_twice(tmp_path):
    write_series(tmp_path, RAMP)
    write_slice(tmp_path / "again.dcm", RAMP[2], position=(0, 0, 2), instance=77)
    assert "1 slice(s) at the same place as another" in refusal(tmp_path)


def test_mixed_orientations(tmp_path):
    write_series(tmp_path, RAMP)
    write_slice(tmp_path / "sagittal.dcm", RAMP[0], position=(0, 0, 6), orientation=(0, 1, 0, 0, 0, -1), instance=77)
    assert "mixes slices of different orientation" in refusal(tmp_path)


def test_mixed_sizes(tmp_path):
    write_series(tmp_path, RAMP)
    write_slice(tmp_path / "small.dcm", RAMP[0, :3].copy(), position=(0, 0, 6), instance=77)
    assert "mixes slices of different size" in refusal(tmp_path)


def test_mixed_pixel_spacings():
    mixed = slices(0, 1, 2) + slices(3, steps=(0.9, 0.7))
    with pytest.raises(UserError, match="mixes slices of different size"):
        stack_geometry(mixed, "series 1")


def test_tilted_gantry():
    tilted = [dataclasses.replace(s, position=(0.0, 0.3 * s.position[2], s.position[2])) for s in slices(*range(20))]
    with pytest.raises(UserError, match=r"16\.7 degrees off right angles \(a tilted gantry\?\)"):
        stack_geometry(tilted, "series 1")


def test_slight_tilt_is_kept():
    tilted = [dataclasses.replace(s, position=(0.0, 0.01 * s.position[2], s.position[2])) for s in slices(*range(200))]
    _, spacing, _, direction = stack_geometry(tilted, "series 1")
    np.testing.assert_allclose(direction[:, 2] * spacing[2], (0, 0.01, 1))


def test_shifted_slices():
    shifted = slices(*range(20))
    shifted[7] = dataclasses.replace(shifted[7], position=(5.0, 0.0, 7.0))
    with pytest.raises(UserError, match="shifted against each other"):
        stack_geometry(shifted, "series 1")


@pytest.mark.parametrize("tag", [(0x0020, 0x0032), (0x0020, 0x0037), (0x0028, 0x0030)])
def test_absent_geometry(tmp_path, tag):
    write_series(tmp_path, RAMP, overrides={tag: None})
    assert "do not say where they lie" in refusal(tmp_path)


@pytest.mark.parametrize("value", ["", "1\\2", "nan\\0\\0", "a\\b\\c"])
def test_senseless_positions(tmp_path, value):
    write_series(tmp_path, RAMP, overrides={(0x0020, 0x0032): ("DS", value)})
    assert "do not say where they lie" in refusal(tmp_path)


def test_pixels_of_no_size(tmp_path):
    write_series(tmp_path, RAMP, overrides={(0x0028, 0x0030): ("DS", "0\\0")})
    assert "must be positive" in refusal(tmp_path)


def test_coinciding_axes(tmp_path):
    write_series(tmp_path, RAMP, overrides={(0x0020, 0x0037): ("DS", "1\\0\\0\\1\\0\\0")})
    refusal(tmp_path)


def test_single_slice(tmp_path):
    write_series(tmp_path, RAMP[:1])
    assert "has a single slice" in refusal(tmp_path)


def test_two_slices_are_enough(tmp_path):
    write_series(tmp_path, RAMP[:2], **SIDE)
    np.testing.assert_array_equal(read_volume(tmp_path).array, RAMP[:2])


def test_multi_frame(tmp_path):
    pixels = np.concatenate([RAMP[0], RAMP[1]])
    overrides = {(0x0028, 0x0008): ("IS", 2), (0x0028, 0x0010): ("US", 5)}
    write_slice(tmp_path / "enhanced.dcm", pixels, overrides=overrides)
    assert "multi-frame" in refusal(tmp_path)


def test_colour(tmp_path):
    for k in range(3):
        write_slice(tmp_path / f"{k}.dcm", np.full((4, 4, 3), 7, np.uint8), samples=3, position=(0, 0, k), instance=k)
    assert "colour" in refusal(tmp_path)


def test_the_same_value_everywhere(tmp_path):
    write_series(tmp_path, np.zeros_like(RAMP))
    assert "the same value (0) in every voxel" in refusal(tmp_path)


@pytest.mark.parametrize("length", [0, 300, -5])
def test_damaged_slice(tmp_path, length, quiet):
    write_series(tmp_path, RAMP)
    last = max(tmp_path.iterdir())
    last.write_bytes(last.read_bytes()[:length])
    message = refusal(tmp_path)
    assert f"{last} is damaged or cut short" in message


def test_no_dicom(tmp_path, quiet):
    (tmp_path / "text.txt").write_text("hello")
    assert "holds no DICOM image: give a DICOM folder, or" in refusal(tmp_path)


def test_dicom_in_sub_folders_only(tmp_path):
    for name in "abcde":
        write_series(tmp_path / "study" / name, RAMP)
    message = refusal(tmp_path)
    assert str(tmp_path / "study" / "a") in message and "(and 2 more); give one of them" in message


def test_one_file_of_a_series(tmp_path):
    write_series(tmp_path, RAMP)
    assert f"give the folder that holds the whole series, {tmp_path}" in refusal(max(tmp_path.iterdir()))


def test_folders_with_spaces_and_letters_of_any_script(tmp_path, quiet):
    write_series(tmp_path / "Bäuche 腹部 1", RAMP)
    np.testing.assert_array_equal(read_volume(tmp_path / "Bäuche 腹部 1").array, RAMP)


def test_holds_dicom(tmp_path):
    assert not holds_dicom(tmp_path)
    write_series(tmp_path / "series", RAMP)
    assert not holds_dicom(tmp_path) and holds_dicom(tmp_path / "series")
    with pytest.raises(UserError, match="cannot look into"):
        holds_dicom(tmp_path / "nothing")


def test_warnings_of_the_library_are_off():
    import PartialSegLib.image.itk  # noqa: F401

    assert not sitk.ProcessObject.GetGlobalWarningDisplay()


def test_rotated_and_rescaled_at_once(tmp_path):
    direction = rotation(np.random.default_rng(9))
    write_series(tmp_path, RAMP, direction=direction, slope=2, intercept=-1024, **SIDE)
    volume = read_volume(tmp_path)
    assert volume.same_grid(Volume(RAMP, (0.7, 0.8, 2.5), (-10, -20, 30), direction))
    np.testing.assert_array_equal(volume.array, RAMP * 2.0 - 1024)
