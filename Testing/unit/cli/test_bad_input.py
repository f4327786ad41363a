"""Each kind of bad input, in a process of its own: an exit code, one line that helps, nothing left behind."""

import gzip
import resource
import shutil
import struct
import sys

import numpy as np
import pytest
from dicom_writer import write_series

from PartialSegLib.image import Volume, write_volume

ARRAY = (np.arange(8 * 8 * 8, dtype=np.float32) % 200 - 100).reshape(8, 8, 8)


def save(path, array=ARRAY, **geometry):
    write_volume(path, Volume(array, **{"spacing": (2, 2, 2), "origin": (0, 0, 0), "direction": np.eye(3), **geometry}))
    return path


def patched(path, **fields):
    """A NIfTI file with header fields overwritten, by offset in the header."""
    content = bytearray(gzip.decompress(save(path).read_bytes()))
    for where, (layout, *values) in fields.items():
        struct.pack_into(f"<{layout}", content, int(where[1:]), *values)
    path.write_bytes(gzip.compress(bytes(content)))
    return path


def with_nan(path):
    array = ARRAY.copy()
    array[3, 3, 3] = np.nan
    return save(path, array)


def two_series(path):
    write_series(path, ARRAY.astype(np.int16), series="1.2.1", number=1)
    write_series(path, ARRAY.astype(np.int16), series="1.2.2", number=2, prefix="other")
    return path


def missing_slice(path):
    write_series(path, ARRAY.astype(np.int16), spacing=(1, 1, 3))
    sorted(path.iterdir())[3].unlink()
    return path


def written(path, content):
    path.write_bytes(content)
    return path


# name of the input, how to make it, what the line must say
INPUTS = {
    "missing": ("a.nii.gz", lambda path: path, "does not exist"),
    "empty": ("a.nii.gz", lambda path: written(path, b""), "is empty"),
    "truncated": ("a.nii.gz", lambda path: written(path, save(path).read_bytes()[:-300]), ""),
    "text": ("a.nii.gz", lambda path: written(path, b"dear radiologist\n" * 50), ""),
    "text_nrrd": ("a.nrrd", lambda path: written(path, b"dear radiologist\n" * 50), ""),
    "other_suffix": ("a.docx", lambda path: written(path, b"PK"), "unknown kind"),
    "flat": ("a.nii.gz", lambda path: patched(path, _40=("4h", 2, 8, 8, 1)), ""),
    "4d": ("a.nii.gz", lambda path: patched(path, _40=("5h", 4, 8, 8, 4, 2)), ""),
    "zero_size": ("a.nii.gz", lambda path: patched(path, _40=("4h", 3, 8, 8, 0)), ""),
    "zero_spacing": ("a.nii.gz", lambda path: patched(path, _80=("3f", 2, 2, 0), _280=("12f", *[0] * 12)), ""),
    "no_inverse": ("a.nii.gz", lambda path: patched(path, _252=("2h", 0, 1), _280=("12f", *[2, 0, 0, 0] * 3)), ""),
    "no_geometry": ("a.nii.gz", lambda path: patched(path, _252=("2h", 0, 0)), "left and right"),
    "nan": ("a.nii.gz", with_nan, "not numbers"),
    "constant": ("a.nii.gz", lambda path: save(path, np.full((8, 8, 8), 7, np.int16)), "same value"),
    "two_series": ("dicom", two_series, "2 series"),
    "missing_slice": ("dicom", missing_slice, ""),
    "empty_folder": ("folder", lambda path: path.mkdir() or path, "neither DICOM"),
    "empty_list": ("cases.txt", lambda path: written(path, b"\n# nothing\n"), "is empty"),
}


def check(done, tmp_path, before, text=""):
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("partialseg: ") and done.err.count("\n") == 1, done.err
    assert "Traceback" not in done.err and text in done.err
    assert snapshot(tmp_path) == before


def snapshot(folder):
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize("kind", INPUTS)
def test_bad_input(kind, child, sealed_bundle, tmp_path):
    name, make, text = INPUTS[kind]
    source = make(tmp_path / name)
    before = snapshot(tmp_path)
    done = child("segment", source, "-o", "new/result", "--model", sealed_bundle) if kind == "empty_list" else child(
        "segment", source, "-o", "new/a.seg.nrrd", "--statistics", "new/a.csv", "--model", sealed_bundle
    )  # fmt: skip
    check(done, tmp_path, before, text)


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["-o", "a.nrrd", "--structures", "liver,spleeen"], "did you mean spleen"),
        (["-o", "a.nrrd", "--structures", ","], "names nothing"),
        (["-o", "a.nrrd", "--device", "cuda:7"], "not available"),
        (["-o", "a.nrrd", "--device", "abacus"], "not available"),
        (["-o", "a.nrrd", "--model", "nowhere"], "is not a model"),
        (["-o", "a.nrrd", "--preset", "magic"], "--preset"),
        (["-o", "a.nrrd", "--series", "3"], "no DICOM folder"),
        (["-o", "a.nrrd", "--colour"], "--colour"),
        (["-o", "a.docx"], "end it in .seg.nrrd"),
        (["-o", ".nrrd"], "end it in .seg.nrrd"),
        (["-o", "a.nrrd", "--preview", "a.jpg"], "end it in .png"),
        (["-o", "/proc/nowhere/a.nrrd"], "cannot write to /proc/nowhere"),
        (["-o", "ct.nii.gz/a.nrrd"], "cannot write to ct.nii.gz"),
        ([], "-o/--output"),
    ],
)
def test_bad_options(arguments, text, cli, sealed_bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "ct.nii.gz")
    before = snapshot(tmp_path)
    model = [] if "--model" in arguments else ["--model", sealed_bundle]
    check(cli("segment", "ct.nii.gz", *arguments, *model), tmp_path, before, text)


def test_corrupted_weights(child, sealed_bundle, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(sealed_bundle, model)
    (model / "models" / "model.safetensors").write_bytes(b"no weight!")
    save(tmp_path / "ct.nii.gz")
    before = snapshot(tmp_path)
    check(child("segment", "ct.nii.gz", "-o", "a.nrrd", "--model", model), tmp_path, before, "SHA-256 differs")


def test_a_model_of_another_label_set(child, bundle_writer, tmp_path):
    for label_set in ("animals", "abdomen16x"):
        bundle_writer(tmp_path / label_set, b"", label_set=label_set)
        save(tmp_path / "ct.nii.gz")
        before = snapshot(tmp_path)
        done = child("segment", "ct.nii.gz", "-o", "a.nrrd", "--model", label_set)
        check(done, tmp_path, before, "label set")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk(cli, fake_engine, sealed_bundle, phantom_ct, tmp_path):
    before = snapshot(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        done = cli("segment", phantom_ct, "-o", tmp_path / "a.seg.nrrd", "--model", sealed_bundle)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    check(done, tmp_path, before, "check the free space")
