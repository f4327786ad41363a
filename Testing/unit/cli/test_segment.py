import csv
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from dicom_writer import write_series

from PartialSegLib.image import read_labels, read_volume


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_real_run_writes_every_output_on_the_grid_of_the_input(child, tiny_bundle, phantom_ct, tmp_path):
    done = child(
        "segment", phantom_ct, "-o", "out/s.seg.nrrd", "--model", tiny_bundle, "--device", "cpu", "--json",
        "--statistics", "out/s.csv", "--preview", "out/s.png", "--confidence", "out/s.json",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    report = json.loads(done.out)
    assert files_in(tmp_path / "out") == ["s.csv", "s.json", "s.png", "s.seg.nrrd"]
    labels = read_labels(tmp_path / "out" / "s.seg.nrrd")
    assert labels.same_grid(read_volume(phantom_ct))
    found = {row["label"]: row["voxels"] for row in report["structures"] if row["voxels"]}
    assert found == {v: int(n) for v, n in enumerate(np.bincount(labels.array.ravel())) if v and n}
    assert report["modality"] == "ct"
    assert report["model"] == {"name": "tiny", "version": "0.0.1"}
    rows = list(csv.DictReader((tmp_path / "out" / "s.csv").open(encoding="utf-8")))
    assert [row["structure"] for row in rows] == [row["structure"] for row in report["structures"]]
    confidence = json.loads((tmp_path / "out" / "s.json").read_text(encoding="utf-8"))
    assert confidence == {row["structure"]: row["confidence"] for row in report["structures"]}


@pytest.fixture
def segment(cli, fake_engine, sealed_bundle, phantom_ct):
    def run(*arguments, source=phantom_ct):
        return cli("segment", source, "--model", sealed_bundle, *arguments)

    return run


def test_the_table_says_what_was_found_and_how(segment, tmp_path):
    done = segment("-o", tmp_path / "a.nii.gz", "--modality", "mr")
    assert done.code == 0
    for text in ("liver", "0.90", "not found", "chosen by the user", "tiny 0.0.1", "Not for clinical use", "a.nii.gz"):
        assert text in done.out
    assert done.err == ""


def test_the_command_for_slicer_is_offered_when_slicer_is_there(segment, phantom_ct, tmp_path, monkeypatch):
    monkeypatch.setenv("SLICER", "/nowhere/Slicer")
    assert "Slicer" not in segment("-o", tmp_path / "a.nrrd").out
    monkeypatch.setenv("SLICER", sys.executable)
    said = segment("-o", tmp_path / "b.nrrd").out
    assert "3D Slicer" in said and str(phantom_ct) in said and str(tmp_path / "b.nrrd") in said


def test_quiet_prints_nothing(segment, tmp_path):
    assert segment("-o", tmp_path / "a.nii.gz", "--quiet") == (0, "", "")


def test_only_the_structures_asked_for_are_reported(segment, tmp_path):
    done = segment("-o", tmp_path / "a.seg.nrrd", "--structures", "liver, Right_Kidney", "--json")
    assert [row["structure"] for row in json.loads(done.out)["structures"]] == ["right kidney", "liver"]
    assert b"Segment2_ID" not in (tmp_path / "a.seg.nrrd").read_bytes()


def test_an_output_that_exists_is_kept_unless_told_otherwise(segment, tmp_path, fake_engine):
    (tmp_path / "a.nii.gz").write_text("precious")
    done = segment("-o", tmp_path / "a.nii.gz")
    assert done.code == 2 and "--overwrite" in done.err
    assert (tmp_path / "a.nii.gz").read_text() == "precious" and not fake_engine
    assert segment("-o", tmp_path / "a.nii.gz", "--overwrite").code == 0
    assert read_labels(tmp_path / "a.nii.gz").array.any()


def test_the_input_is_never_the_output(segment, phantom_ct):
    before = phantom_ct.read_bytes()
    done = segment("-o", phantom_ct, "--overwrite")
    assert done.code == 2 and "is the input" in done.err
    assert phantom_ct.read_bytes() == before


def test_a_dicom_folder_is_one_volume_and_a_series_can_be_chosen(segment, tmp_path):
    array = np.zeros((4, 5, 6), np.int16)
    array[1:3] = 100
    write_series(tmp_path / "dicom", array, number=7, series="1.2.7")
    assert segment("-o", tmp_path / "a.nrrd", source=tmp_path / "dicom").code == 0
    write_series(tmp_path / "dicom", array, number=8, series="1.2.8", prefix="b")
    assert segment("-o", tmp_path / "b.nrrd", source=tmp_path / "dicom").code == 2
    assert segment("-o", tmp_path / "b.nrrd", "--series", "8", source=tmp_path / "dicom").code == 0


def test_nothing_is_left_when_one_output_fails(segment, tmp_path, monkeypatch):
    from PartialSegLib.errors import UserError

    def fail(*_, **__):
        raise UserError("no ink")

    monkeypatch.setattr("PartialSegLib.preview.draw_preview", fail)
    done = segment("-o", tmp_path / "o" / "a.nrrd", "--statistics", tmp_path / "o" / "a.csv", "--preview", "a.png")
    assert (done.code, done.err) == (2, "partialseg: no ink\n")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


WAITING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # in a shell's background job it would be ignored
from PartialSegLib.inference.engine import Engine
from PartialSegLib.cli.main import main

def segment(self, *_, **__):
    print("segmenting", flush=True)
    time.sleep(60)

Engine.segment = segment
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_nothing(number, code, sealed_bundle, phantom_ct, tmp_path):
    command = [sys.executable, "-c", WAITING, "segment", phantom_ct, "-o", "out/a.nrrd", "--model", sealed_bundle]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "segmenting\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors.count("\n") <= 1 and "Traceback" not in errors
    assert files_in(tmp_path) == []
