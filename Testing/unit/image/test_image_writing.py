"""A file is written whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from image_cases import simple_volume

from PartialSegLib.errors import UserError
from PartialSegLib.image import read_volume, write_segmentation, write_volume, written_suffix
from PartialSegLib.structures import load_label_set

FORMATS = [".nii", ".nii.gz", ".nrrd", ".mha"]
NOISE = simple_volume(np.random.default_rng(0).integers(0, 250, (20, 40, 40)).astype(np.uint8))


class FullDisk:
    """A file on a disk with room for a few bytes more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        if memoryview(data).nbytes > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= memoryview(data).nbytes
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


@pytest.mark.parametrize("suffix", [*FORMATS, ".seg.nrrd"])
@pytest.mark.parametrize("room", [0, 1000])
def test_full_disk(tmp_path, monkeypatch, suffix, room, quiet):
    path = tmp_path / f"a{suffix}"
    write_volume(path, simple_volume())
    before = path.read_bytes()

    def open_on_full_disk(*arguments):
        return FullDisk(open(*arguments), room)

    for module in ("nifti", "write"):
        monkeypatch.setattr(f"PartialSegLib.image.{module}.open", open_on_full_disk, raising=False)
    with pytest.raises(UserError, match=r"No space left on device; check the free space") as caught:
        if suffix == ".seg.nrrd":
            labels = NOISE.like(NOISE.array % 17)
            write_segmentation(path, labels, load_label_set())
        else:
            write_volume(path, NOISE)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the system")
@pytest.mark.parametrize("suffix", FORMATS)
def test_the_system_refuses_to_write_on(tmp_path, suffix):
    """Not simulated: a child process may write files of 4 kB only."""
    code = (
        "import sys, signal, resource, numpy as np\n"
        "from PartialSegLib.errors import UserError\n"
        "from PartialSegLib.image import Volume, write_volume\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "noise = np.random.default_rng(0).integers(0, 250, (20, 40, 40)).astype(np.uint8)\n"
        "try:\n"
        "    write_volume(sys.argv[1], Volume(noise, (1, 1, 1), (0, 0, 0), np.eye(3)))\n"
        "except UserError as error:\n"
        "    print(error)\n"
    )
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root)}
    path = tmp_path / f"a{suffix}"
    result = subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, text=True)
    assert result.stderr == "" and result.stdout.startswith(f"cannot write {path}: File too large")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_never_over_an_existing_file_unless_told(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        write_volume(path, NOISE, overwrite=False)
    assert path.read_text() == "mine"
    write_volume(path, NOISE)
    assert read_volume(path).same_grid(NOISE)


def test_folders_are_made(tmp_path):
    write_volume(tmp_path / "a" / "b" / "c.nii.gz", NOISE)
    assert read_volume(tmp_path / "a" / "b" / "c.nii.gz").same_grid(NOISE)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="choose a folder you may write to"):
        write_volume(tmp_path / "file" / "a.nii.gz", NOISE)


@pytest.mark.parametrize("name", ["a", "a.png", "a.mhd", "a.nhdr", "a.hdr", "a.nii.zip", "a.gz"])
def test_formats_that_cannot_be_written(tmp_path, name):
    with pytest.raises(UserError, match=r"end it in \.nii\.gz, \.nii, \.nrrd, \.mha"):
        write_volume(tmp_path / name, NOISE)
    assert list(tmp_path.iterdir()) == []


def test_written_suffix():
    assert written_suffix("A.B.NII.GZ") == ".nii.gz" and written_suffix(Path("x/s.seg.nrrd")) == ".nrrd"


@pytest.mark.parametrize("dtype", ["complex64", "datetime64[s]"])
def test_types_that_cannot_be_written(tmp_path, dtype):
    with pytest.raises(UserError, match="cannot be written: convert them"):
        write_volume(tmp_path / "a.nrrd", simple_volume(np.zeros((2, 2, 2), dtype)))


def test_stronger_compression_is_smaller(tmp_path):
    smooth = simple_volume(np.arange(20 * 40 * 40).reshape(20, 40, 40) // 50 % 97)
    for level in (1, 9):
        write_volume(tmp_path / f"{level}.nii.gz", smooth, level=level)
    assert (tmp_path / "9.nii.gz").stat().st_size < (tmp_path / "1.nii.gz").stat().st_size
