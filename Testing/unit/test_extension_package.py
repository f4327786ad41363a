"""What Slicer's packaging would install: every file, side by side, importable without the checkout."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTED = Path("lib/Slicer-5.10/qt-scripted-modules")
USE = """
import sys
sys.path.insert(0, {folder!r})
import PartialSegLib, partialseg_training
from PartialSegLib.bundle import Bundle
from PartialSegLib.mappings import load_mapping
from partialseg_training.config import load_config
assert Bundle.load().metadata["version"] and load_mapping("amos") and load_config("smoke", [])
print(PartialSegLib.__file__, partialseg_training.__file__, Bundle.load().path, sep="\\n")
"""


def run(*command, cwd):
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    if not (shutil.which("cc") and shutil.which("c++")):
        pytest.skip("CMake configures an extension only where there is a C++ compiler")
    folder = tmp_path_factory.mktemp("extension")
    cmake = [sys.executable, "-m", "cmake"]
    stand_in = ROOT / "Testing" / "slicer_build"
    done = run(*cmake, "-S", ROOT, "-B", folder / "build", f"-DSlicer_DIR={stand_in}", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = run(*cmake, "--install", folder / "build", "--prefix", folder / "installed", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "installed" / SCRIPTED


def files(folder):
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if "__pycache__" not in path.parts}


@pytest.mark.parametrize(
    ("source", "below"),
    [
        ("PartialSegLib", "PartialSegLib"),
        ("training/partialseg_training", "partialseg_training"),
        ("PartialSeg/PartialSegPanels", "PartialSegPanels"),
    ],
)
def test_packages_lie_side_by_side_and_are_whole(installed, source, below):
    assert files(installed / below) == files(ROOT / source)


def test_resources_of_the_library_and_of_the_module_share_a_folder(installed):
    assert files(installed / "Resources") == files(ROOT / "Resources") | files(ROOT / "PartialSeg" / "Resources")
    assert (installed / "PartialSeg.py").is_file()


def test_what_is_installed_works_without_the_checkout(installed, tmp_path):
    done = run(sys.executable, "-c", USE.format(folder=str(installed)), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(installed) for line in done.stdout.split("\n")[:3])


def test_the_entry_for_the_extension_index_has_what_its_checks_ask_for():
    text = (ROOT / "docs" / "extension_index" / "PartialSeg.json").read_text(encoding="utf-8")
    entry, cmake = json.loads(text), (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert {"$schema", "category", "scm_url"} <= set(entry)
    assert re.search(r"/Slicer[^/]*$", entry["scm_url"]) and entry["category"] == "Segmentation"
    assert re.search(r"project\((\w+)\)", cmake)[1] == "PartialSeg"
    for name in ("ICONURL", "SCREENSHOTURLS"):
        shown = re.search(rf'EXTENSION_{name} "https://raw\.githubusercontent\.com/[^/]+/[^/]+/main/([^"]+)"', cmake)
        assert (ROOT / shown[1]).is_file()
