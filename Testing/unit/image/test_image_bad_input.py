"""Every unusable input ends in one line that says what is wrong and what to do, and nothing on the terminal."""

import builtins
import os

import numpy as np
import pytest
from image_cases import RAMP, simple_volume

from PartialSegLib.errors import UserError
from PartialSegLib.image import read_volume, write_volume

FORMATS = [".nii", ".nii.gz", ".nrrd", ".mha"]


def refusal(path) -> str:
    with pytest.raises(UserError) as caught:
        read_volume(path)
    message = str(caught.value)
    assert "\n" not in message and "Exception" not in message
    return message


def test_missing_file(tmp_path):
    assert "does not exist" in refusal(tmp_path / "nothing.nii.gz")
    assert "does not exist" in refusal(tmp_path / "no folder" / "nothing.nii.gz")
    (tmp_path / "file").write_text("x")
    assert "does not exist" in refusal(tmp_path / "file" / "nothing.nii.gz")


@pytest.mark.parametrize("name", ["a\0b.nii.gz", "x" * 5000 + ".nii.gz"])
def test_impossible_names(tmp_path, name):
    assert "cannot be opened" in refusal(tmp_path / name)


@pytest.mark.parametrize("suffix", FORMATS)
def test_empty_file(tmp_path, suffix, quiet):
    (tmp_path / f"a{suffix}").touch()
    assert "empty (0 bytes)" in refusal(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("text", [b"hello\n", b"hello, this is a longer text\n" * 100, b"\x1f\x8b", b"\0" * 1000])
def test_something_else_by_that_name(tmp_path, suffix, text, quiet):
    (tmp_path / f"a{suffix}").write_bytes(text)
    message = refusal(tmp_path / f"a{suffix}")
    assert "whatever its name says" in message or "damaged" in message


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_cut_short(tmp_path, suffix, part, quiet):
    noise = np.random.default_rng(0).integers(-1000, 1000, (10, 30, 40)).astype(np.int16)
    write_volume(tmp_path / f"a{suffix}", simple_volume(noise))
    data = (tmp_path / f"a{suffix}").read_bytes()
    (tmp_path / f"b{suffix}").write_bytes(data[: int(len(data) * part)])
    message = refusal(tmp_path / f"b{suffix}")
    assert "cut short" in message


def test_cut_within_the_header(tmp_path, quiet):
    for suffix in FORMATS:
        write_volume(tmp_path / f"a{suffix}", simple_volume())
        data = (tmp_path / f"a{suffix}").read_bytes()
        for length in (1, 2, 3, 5, 30, 100, 150):
            (tmp_path / f"b{suffix}").write_bytes(data[:length])
            refusal(tmp_path / f"b{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_not_numbers(tmp_path, suffix, value, quiet):
    array = RAMP.astype(np.float32)
    array[1, 2, 3] = array[0, 0, 0] = value
    write_volume(tmp_path / f"a{suffix}", simple_volume(array))
    assert "2 of 120 voxels that are not numbers" in refusal(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("value", [0, -1024])
def test_the_same_value_everywhere(tmp_path, suffix, value):
    write_volume(tmp_path / f"a{suffix}", simple_volume(np.full((3, 4, 5), value, np.int16)))
    assert f"the same value ({value}) in every voxel" in refusal(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("shape", [(1, 20, 30), (20, 1, 30), (20, 30, 1)])
def test_a_single_slice_along_any_axis(tmp_path, suffix, shape):
    write_volume(tmp_path / f"a{suffix}", simple_volume(np.arange(600).reshape(shape).astype(np.int16)))
    assert "single slice" in refusal(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("name", ["scan.hdr", "scan.mgz", "scan.png", "scan", "scan.gz", "scan.nii.zip"])
def test_unknown_suffix(tmp_path, name):
    (tmp_path / name).write_text("something")
    message = refusal(tmp_path / name)
    assert "unknown kind" in message and ".nii.gz, .nii, .nrrd" in message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    write_volume(tmp_path / "a.nii.gz", simple_volume())
    (tmp_path / "a.nii.gz").chmod(0)
    assert "Permission denied" in refusal(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_permission_pretended(tmp_path, monkeypatch, suffix):
    write_volume(tmp_path / f"a{suffix}", simple_volume())

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(UserError, match=r"Permission denied.*permissions"):
        read_volume(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
def test_not_enough_memory(tmp_path, monkeypatch, suffix):
    write_volume(tmp_path / f"a{suffix}", simple_volume())

    def refuse(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr("PartialSegLib.image.read.read_nifti", refuse)
    monkeypatch.setattr("PartialSegLib.image.itk.read_itk", refuse)
    assert "too large for this computer's memory" in refusal(tmp_path / f"a{suffix}")
