import csv
import json
import shutil

import numpy as np
import pytest
from dicom_writer import write_series

from PartialSegLib.image import Volume, write_volume


def save(path, level=100):
    array = np.full((4, 5, 6), -1000, np.int16)
    array[1:3, 1:4, 1:5] = level
    path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(path, Volume(array, (2, 2, 2), (0, 0, 0), np.eye(3)))
    return path


@pytest.fixture
def cases(tmp_path):
    """Two good volumes, a DICOM folder, a broken file, and things that are no cases."""
    folder = tmp_path / "cases"
    save(folder / "a.nii.gz")
    save(folder / "b.mha")
    save(folder / "old.seg.nrrd")
    write_series(folder / "c", np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    (folder / "d.nrrd").write_text("no image")
    (folder / "notes.txt").write_text("no case")
    return folder


@pytest.fixture
def segment(cli, fake_engine, sealed_bundle, tmp_path):
    def run(source, *arguments, model=sealed_bundle):
        done = cli("segment", source, "-o", tmp_path / "out", "--model", model, "--json", *arguments)
        return done, json.loads(done.out) if done.out else None

    return run


def test_one_bad_case_does_not_stop_the_rest(segment, cases, tmp_path):
    done, summary = segment(cases)
    assert done.code == 3
    assert sorted(summary["cases"]) == ["a", "b", "c"] and list(summary["failed"]) == ["d"]
    assert done.err.startswith("partialseg: d: ") and done.err.count("\n") == 1
    results = [f"{name}.{suffix}" for name in "abc" for suffix in ("json", "seg.nrrd", "statistics.csv")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([*results, "statistics.csv"])
    rows = list(csv.DictReader((tmp_path / "out" / "statistics.csv").open(encoding="utf-8")))
    assert {row["case"] for row in rows} == {"a", "b", "c"} and len(rows) == 3 * 16


def test_finished_cases_are_skipped_and_the_table_still_has_them(segment, cases, fake_engine, tmp_path):
    segment(cases)
    table = (tmp_path / "out" / "statistics.csv").read_bytes()
    fake_engine.clear()
    _, summary = segment(cases)
    assert summary["skipped"] == ["a", "b", "c"] and not fake_engine
    assert (tmp_path / "out" / "statistics.csv").read_bytes() == table


@pytest.mark.parametrize("lost", [["b.seg.nrrd"], ["b.statistics.csv"], ["b.json", "b.seg.nrrd", "b.statistics.csv"]])
def test_a_lost_result_is_made_again(lost, segment, cases, fake_engine, tmp_path):
    segment(cases)
    fake_engine.clear()
    for name in lost:
        (tmp_path / "out" / name).unlink()
    _, summary = segment(cases)
    assert summary["skipped"] == ["a", "c"] and len(fake_engine) == 1
    assert all((tmp_path / "out" / name).exists() for name in lost)


def test_a_corrected_result_is_not_lost_with_its_table(segment, cases, tmp_path):
    segment(cases)
    (tmp_path / "out" / "a.seg.nrrd").write_bytes(b"corrected by a person")
    (tmp_path / "out" / "a.statistics.csv").unlink()
    _, summary = segment(cases)
    assert "--overwrite" in summary["failed"]["a"]
    assert (tmp_path / "out" / "a.seg.nrrd").read_bytes() == b"corrected by a person"


def test_a_result_of_other_voxels_model_or_setting_is_not_taken_for_this_one(
    segment, cases, bundle_writer, fake_engine, tmp_path
):
    segment(cases)
    fake_engine.clear()
    save(cases / "a.nii.gz", level=50)
    _, summary = segment(cases)
    assert list(summary["failed"]) == ["a", "d"] and "--overwrite" in summary["failed"]["a"]
    for options in ({"model": bundle_writer(tmp_path / "other", b"other weights")}, {}):
        arguments = [] if options else ["--modality", "mr"]
        _, summary = segment(cases, *arguments, **options)
        assert list(summary["failed"]) == ["a", "b", "c", "d"]
    assert not fake_engine  # found out before the work, not after it
    _, summary = segment(cases, "--overwrite")
    assert list(summary["failed"]) == ["d"] and summary["skipped"] == ["b", "c"] and len(fake_engine) == 1


def test_a_corrected_result_is_kept_until_overwrite(segment, cases, tmp_path):
    segment(cases)
    (tmp_path / "out" / "a.seg.nrrd").write_bytes(b"corrected by a person")
    _, summary = segment(cases)
    assert summary["skipped"] == ["a", "b", "c"]
    _, summary = segment(cases, "--overwrite")
    assert summary["skipped"] == ["b", "c"]
    assert (tmp_path / "out" / "a.seg.nrrd").read_bytes() != b"corrected by a person"


def test_an_interrupted_case_leaves_nothing(segment, cases, tmp_path, monkeypatch):
    from PartialSegLib.cli.record import Record

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Record, "write", interrupt)
    done, _ = segment(cases)
    assert done.code == 130 and not any(path.is_file() for path in tmp_path.glob("out/*"))


def test_an_unexpected_error_of_one_case_is_logged_and_the_rest_goes_on(segment, cases, monkeypatch):
    from PartialSegLib.inference.engine import Engine

    good = Engine.segment

    def segment_some(self, volume, **options):
        if volume.array.shape == (3, 4, 5):
            raise ZeroDivisionError
        return good(self, volume, **options)

    monkeypatch.setattr(Engine, "segment", segment_some)
    done, summary = segment(cases)
    assert done.code == 3 and sorted(summary["cases"]) == ["a", "b"]
    assert "ZeroDivisionError" in summary["failed"]["c"] and ".log" in summary["failed"]["c"]


def test_a_list_names_its_cases_relative_to_itself_and_keeps_equal_names_apart(segment, tmp_path):
    save(tmp_path / "p1" / "ct.nii.gz")
    save(tmp_path / "p2" / "ct.nii.gz")
    save(tmp_path / "p2" / "mr.nrrd")
    (tmp_path / "list.txt").write_text("# two patients\np1/ct.nii.gz\n\np2/ct.nii.gz\np2/mr.nrrd\np3/gone.nii\n")
    _, summary = segment(tmp_path / "list.txt")
    assert sorted(summary["cases"]) == ["mr", "p1_ct", "p2_ct"]
    assert "does not exist" in summary["failed"]["gone"]


def test_equal_names_that_cannot_be_told_apart_are_refused(segment, tmp_path):
    save(tmp_path / "p1" / "ct.nii.gz")
    shutil.copy(tmp_path / "p1" / "ct.nii.gz", tmp_path / "p1" / "ct.nii")
    done, _ = segment(tmp_path / "p1")
    assert done.code == 2 and "p1_ct" in done.err


def test_previews_of_several_cases_go_to_a_folder(segment, tmp_path, monkeypatch):
    def draw(volume, labels, label_set, path, **_):
        path.write_bytes(b"picture")

    monkeypatch.setattr("PartialSegLib.preview.draw_preview", draw)
    save(tmp_path / "cases" / "a.nii.gz")
    segment(tmp_path / "cases", "--preview", tmp_path / "pictures")
    assert (tmp_path / "pictures" / "a.png").read_bytes() == b"picture"


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--preview", "a.png"], "--preview"),
        (["--statistics", "a.csv"], "leave --statistics out"),
        (["--confidence", "a.json"], "leave --confidence out"),
        (["--series", "1"], "leave --series out"),
        (["--output", "a.seg.nrrd"], "name a folder"),
        (["--output", "cases/a.nii.gz"], "name a folder"),
        (["--output", "cases/notes.txt"], "is a file"),
        (["--structures", "spleeen"], "did you mean"),
    ],
)
def test_options_that_make_no_sense_for_several_cases(arguments, text, segment, cases, monkeypatch):
    monkeypatch.chdir(cases.parent)
    done, _ = segment(cases, *arguments)
    assert done.code == 2 and text in done.err and done.err.count("\n") == 1


def test_a_foreign_table_is_not_overwritten(segment, cases, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "statistics.csv").write_text("mine\n")
    done, _ = segment(cases)
    assert done.code == 2 and "not ours" in done.err
    assert (tmp_path / "out" / "statistics.csv").read_text() == "mine\n"


def test_the_summary_for_people(cli, fake_engine, sealed_bundle, cases, tmp_path):
    done = cli("segment", cases, "-o", tmp_path / "out", "--model", sealed_bundle)
    assert "3 segmented, 0 finished before, 1 failed" in done.out and "Not for clinical use" in done.out
