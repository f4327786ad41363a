import os
import shlex
from pathlib import Path

import pytest

from PartialSegLib.cli.outputs import check_output, check_writable, staged
from PartialSegLib.cli.slicer_hint import find_slicer, open_command
from PartialSegLib.errors import UserError


def test_staged_files_appear_together(tmp_path):
    outputs = {"a": tmp_path / "new" / "a.csv", "b": tmp_path / "b.seg.nrrd"}
    with staged(outputs, overwrite=False) as paths:
        for what, path in paths.items():
            path.write_text(what)
        assert not any(path.exists() for path in outputs.values())
    assert {what: path.read_text() for what, path in outputs.items()} == {"a": "a", "b": "b"}


def test_the_last_one_appears_last(tmp_path, monkeypatch):
    renamed = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, to: renamed.append(to.name) or replace(self, to))
    with staged({name: tmp_path / name for name in ("a", "b", "record")}, overwrite=False):
        pass
    assert renamed == ["a", "b", "record"]


def test_none_appears_when_the_block_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt), staged({"a": tmp_path / "a", "b": tmp_path / "b"}, overwrite=False) as paths:
        paths["a"].write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_checking_makes_nothing(tmp_path):
    check_output(tmp_path / "x" / "y" / "a.csv", (".csv",), overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_output_file(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        check_output(tmp_path / "a.csv", (".csv",), overwrite=True)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(UserError, match="cannot write to"):
        check_writable(tmp_path / "a" / "b")


@pytest.fixture
def slicer(tmp_path, monkeypatch):
    """An executable called Slicer in a folder with a space, and no other one in sight."""
    path = tmp_path / "3D Slicer" / "Slicer"
    path.parent.mkdir()
    path.touch(mode=0o755)
    monkeypatch.delenv("SLICER", raising=False)
    monkeypatch.setattr("PartialSegLib.cli.slicer_hint._newest", lambda patterns: None)
    return path


def test_slicer_is_found_by_name_and_on_the_path(slicer, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert find_slicer() is None and open_command(Path("a.nii"), Path("b.seg.nrrd")) is None
    monkeypatch.setenv("PATH", str(slicer.parent))
    assert find_slicer() == str(slicer)
    monkeypatch.setenv("SLICER", "/nowhere/Slicer")
    assert find_slicer() is None
    monkeypatch.setenv("SLICER", str(slicer))
    assert find_slicer() == str(slicer)


def test_the_newest_of_the_usual_places_is_taken(tmp_path):
    from PartialSegLib.cli.slicer_hint import _newest

    for age, name in enumerate(("Slicer-5.10", "Slicer-5.8")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Slicer").touch(mode=0o755)
        os.utime(tmp_path / name / "Slicer", (1e9 - age, 1e9 - age))
    assert _newest((f"{tmp_path}/Slicer*/Slicer",)) == str(tmp_path / "Slicer-5.10" / "Slicer")


def test_the_command_survives_spaces_and_quotes(slicer, monkeypatch, tmp_path):
    monkeypatch.setenv("SLICER", str(slicer))
    source = tmp_path / "it's a ct.nii.gz"
    source.touch()
    program, option, code = shlex.split(open_command(source, Path("out put/b.seg.nrrd")))
    assert (program, option) == (str(slicer), "--python-code")
    loaded = []
    loader = type("Util", (), {"loadVolume": loaded.append, "loadSegmentation": loaded.append})
    exec(code, {"slicer": type("Slicer", (), {"util": loader})})
    assert loaded == [str(source), str(Path("out put/b.seg.nrrd").absolute())]
