"""Installed models: found, installed whole or not at all, removed."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from PartialSegLib import models as module
from PartialSegLib.bundle import CARD, METADATA, SUMS, WEIGHTS, Bundle, verify, write_sums
from PartialSegLib.errors import UserError
from PartialSegLib.files import sha256
from PartialSegLib.models import install_model, installed_models, remove_model, user_models_dir


@pytest.fixture
def root(tmp_path):
    """The user's models, as yet none."""
    return tmp_path / "mine"


@pytest.fixture
def model(tiny_bundle, tmp_path):
    """A copy of a whole model, to be changed."""
    return shutil.copytree(tiny_bundle, tmp_path / "model")


def zipped(folder, path, prefix="", compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                file.write(each, prefix + each.relative_to(folder).as_posix())
    return path


def versioned(model, version, **more):
    metadata = json.loads((model / METADATA).read_text(encoding="utf-8"))
    (model / METADATA).write_text(json.dumps({**metadata, "version": version, **more}), encoding="utf-8")
    write_sums(model)
    return model


def refused(*arguments, **options):
    with pytest.raises(UserError) as caught:
        install_model(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def leftovers(root):
    return [path.name for path in root.iterdir()] if root.is_dir() else []


def test_the_model_that_ships_comes_first(root):
    (found,) = installed_models(root)
    assert found.shipped and found.name == "abdomen16" and found.version and found.date
    assert "Dice" in found.metrics and "\n" not in found.metrics
    assert Bundle.load(found.path).metadata["name"] == "abdomen16"


@pytest.mark.parametrize("prefix", [None, "", "tiny/", "some/where/"])
def test_what_was_installed_is_found_and_whole(model, root, tmp_path, prefix):
    source = model if prefix is None else zipped(model, tmp_path / "model.zip", prefix)
    versioned_sums = (model / SUMS).read_bytes()
    info = install_model(source, folder=root)
    assert (info.name, info.version, info.shipped) == ("tiny", "0.0.1", False)
    assert installed_models(root)[1:] == [info] and info.path.parent == root
    assert verify(info.path) and (info.path / SUMS).read_bytes() == versioned_sums
    assert leftovers(root) == [info.path.name]


def test_installing_again_changes_nothing_and_another_version_lies_beside(model, root):
    first = install_model(model, folder=root)
    weights = (first.path / WEIGHTS).stat()
    assert install_model(model, folder=root) == first
    assert (first.path / WEIGHTS).stat().st_mtime_ns == weights.st_mtime_ns
    newer = install_model(versioned(model, "0.0.2", date="2030-01-01"), folder=root)
    assert [info.version for info in installed_models(root)[1:]] == ["0.0.2", "0.0.1"] and newer.path != first.path
    # The same name and version, but another model: neither replaces the other.
    (model / CARD).write_text("Another.", encoding="utf-8")
    write_sums(model)
    assert install_model(model, folder=root).path != newer.path
    assert len(installed_models(root)) == 4


def test_the_files_hash_is_checked(model, root, tmp_path):
    archive = zipped(model, tmp_path / "model.zip")
    assert "is not the expected file" in refused(archive, "0" * 64, folder=root)
    assert "is not the expected file" in refused(tmp_path / "none.zip", "0" * 64, folder=root)
    assert leftovers(root) == []
    assert install_model(archive, f" {sha256(archive).upper()}\n", root)
    assert install_model(model, sha256(model / SUMS), root)


@pytest.mark.parametrize("name", [METADATA, WEIGHTS, CARD])
@pytest.mark.parametrize("damage", ["changed", "missing"])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_damaged_model_leaves_nothing(model, root, tmp_path, name, damage, kind):
    if damage == "missing":
        (model / name).unlink()
    else:
        (model / name).write_bytes((model / name).read_bytes()[:-1] + b"!")
    source = model if kind == "folder" else zipped(model, tmp_path / "model.zip")
    message = refused(source, folder=root)
    assert name in message and ("missing" if damage == "missing" else "SHA-256") in message
    assert leftovers(root) == []


def test_a_bad_model_with_good_hashes_is_refused(model, root):
    versioned(model, "9", format_version=99)
    assert "update PartialSeg" in refused(model, folder=root)
    assert leftovers(root) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"some text"])
def test_files_that_are_no_model(root, tmp_path, content):
    (tmp_path / "file.zip").write_bytes(content)
    assert "is no model" in refused(tmp_path / "file.zip", folder=root)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("holiday.txt", "sun")
    assert f"has no {SUMS}" in refused(tmp_path / "other.zip", folder=root)
    assert "is no model" in refused(tmp_path / "none", folder=root)
    (tmp_path / "empty").mkdir()
    assert f"has no {SUMS}" in refused(tmp_path / "empty", folder=root)


def test_a_damaged_archive(model, root, tmp_path):
    archive = zipped(model, tmp_path / "model.zip")
    content = bytearray(archive.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 200] = bytes(200)
    archive.write_bytes(content)
    assert refused(archive, folder=root)
    assert leftovers(root) == []


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "..\\outside", "C:\\outside"])
def test_nothing_is_written_outside(model, root, tmp_path, name):
    lines = (model / SUMS).read_text(encoding="utf-8")
    digest = sha256(model / CARD)
    (model / SUMS).write_text(f"{lines}{digest}  {name}\n", encoding="utf-8")
    archive = zipped(model, tmp_path / "model.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.write(model / CARD, name)
    before = sorted(tmp_path.rglob("*"))
    assert "lies outside the model" in refused(archive, folder=root)
    assert sorted(path for path in tmp_path.rglob("*") if root not in (path, *path.parents)) == before


def test_files_that_the_list_does_not_name_stay_in_the_archive(model, root, tmp_path):
    archive = zipped(model, tmp_path / "model.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("../evil.py", "print()")
        file.writestr("extra.txt", "text")
    info = install_model(archive, folder=root)
    assert not (info.path / "extra.txt").exists() and not list(tmp_path.rglob("evil.py"))


def test_an_installation_goes_on_where_it_was_killed(model, root, monkeypatch):
    class KilledError(BaseException):
        """As when the process ends."""

    copy, copied = module._copy, []

    def until_weights(files, name, expected, target):
        if name == WEIGHTS:
            raise KilledError
        copy(files, name, expected, target)

    monkeypatch.setattr(module, "_copy", until_weights)
    with pytest.raises(KilledError):
        install_model(model, folder=root)
    assert len(leftovers(root)) == 1 and installed_models(root)[1:] == []
    monkeypatch.setattr(module, "_copy", copy)
    opened = module._Source.open
    monkeypatch.setattr(module._Source, "open", lambda self, name: (copied.append(name), opened(self, name))[1])
    info = install_model(model, folder=root)
    assert copied == [SUMS, WEIGHTS] and leftovers(root) == [info.path.name] and verify(info.path)


def test_a_full_disk_is_told_and_freed(model, root, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    assert "No space left on device" in refused(model, folder=root)
    assert leftovers(root) == []


def test_a_folder_that_cannot_be_written(model, tmp_path):
    (tmp_path / "file").touch()
    assert "file" in refused(model, folder=tmp_path / "file" / "models")


def test_removing(model, root, tmp_path):
    info = install_model(model, folder=root)
    for path in (installed_models(root)[0].path, tmp_path, model, root / "none", root):
        with pytest.raises(UserError, match="was not installed by you"):
            remove_model(path, root)
    remove_model(info.path, root)
    assert installed_models(root)[1:] == [] and leftovers(root) == []


def test_what_is_no_model_is_left_out_of_the_list(model, root):
    info = install_model(model, folder=root)
    (root / "notes").mkdir()
    (root / "file").touch()
    broken = shutil.copytree(info.path, root / "broken")
    (broken / METADATA).write_text("[]", encoding="utf-8")
    odd = shutil.copytree(info.path, root / "odd")
    (odd / METADATA).write_text('{"name": 3, "metrics": {"a": 1, "b": {"mean_over_structures": 2}}}', encoding="utf-8")
    assert [(found.name, found.metrics) for found in installed_models(root)[1:]] == [("3", ""), ("tiny", "")]


def test_metrics_in_one_line(model, root):
    tests = {"btcv": {"cases": ["a", "b"], "mean_over_structures": {"dsc": 0.7241}}}
    tests["x"] = {"cases": ["a"], "mean_over_structures": {"dsc": 0.5}}
    info = install_model(versioned(model, "2", metrics=tests), folder=root)
    assert info.metrics == "Dice 0.72 (btcv, 2 cases), Dice 0.50 (x, 1 case)"


@pytest.mark.skipif(os.name != "posix", reason="names of folders on POSIX")
def test_where_a_users_models_are(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(module.sys, "platform", "linux")
    assert user_models_dir() == tmp_path / "partialseg" / "models"
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert "Application Support" in str(user_models_dir())
