"""Real faults of a dataset folder: a full and a read-only file system, damaged files, and a second process."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from PartialSegLib.annotation.reading import open_reading
from PartialSegLib.image import read_labels
from PartialSegLib.supervision import State

SPLEEN, LIVER = 1, 6
READER = "reader-1"
ROOT = Path(__file__).parents[3]
STAND_INS = ROOT / "Testing" / "host" / "slicer_modules"


@pytest.fixture
def disk(tmp_path):
    """A file system of 1 MB where the dataset will be."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    with open(folder / "other", "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024))


def remount(folder, how):
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def saved(dataset):
    return open_reading(dataset / "case_001", READER)


@pytest.mark.parametrize(
    ("fault", "words"), [("full", "No space left on device"), ("read-only", "Read-only file system")]
)
def test_a_file_system_that_takes_nothing_more(disk, case, dataset, caplog, fault, words):
    case.paint(LIVER, k=8)
    case.save()
    first = case.tab.session.labels.copy()
    case.paint(SPLEEN, k=15)
    labels = case.tab.session.labels.copy()
    fill(dataset) if fault == "full" else remount(dataset, "ro")
    case.save()
    told = case.tab.ui.saveLabel.text
    assert words in told and "\n" not in told and told in caplog.text
    assert not case.tab.session.is_saved and np.array_equal(case.tab.session.labels, labels)
    assert np.array_equal(saved(dataset).labels.array, first), "what was saved before is still whole"
    (dataset / "other").unlink() if fault == "full" else remount(dataset, "rw")
    case.save()
    assert saved(dataset).warnings == () and np.array_equal(saved(dataset).labels.array, labels)


@pytest.fixture
def annotated(case, dataset):
    """The first case with a saved stroke, closed again; the second one is open."""
    case.paint(LIVER, k=8)
    case.press("C")
    case.save()
    case.tab.ui.nextCaseButton.click()
    case.idle()
    return dataset / "case_001"


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def open_first(case):
    case.tab.ui.caseTable.selectRow(0)
    case.tab.ui.openCaseButton.click()
    case.idle()


@pytest.mark.parametrize("what", ["image.*", "readings/reader-1.seg.nrrd"])
def test_a_case_with_a_damaged_file_is_refused_in_one_line(case, annotated, caplog, what):
    (path,) = annotated.glob(what)
    cut_short(path)
    damaged = path.read_bytes()
    caplog.clear()
    open_first(case)
    lines = [record.getMessage() for record in caplog.records if path.name in record.getMessage()]
    assert len(lines) == 1 and "\n" not in lines[0], caplog.text
    assert case.tab.session is None and path.read_bytes() == damaged
    case.tab.ui.caseTable.selectRow(1)
    case.tab.ui.openCaseButton.click()
    case.idle()
    assert case.tab.session.name == "case_002"


def test_a_case_with_a_damaged_side_file_opens_by_the_tags_of_its_segments_and_says_so(case, annotated, caplog):
    cut_short(annotated / "readings" / f"{READER}.json")
    open_first(case)
    (warning,) = case.tab.session.warnings
    assert f"{READER}.json" in warning and "\n" not in warning and warning in caplog.text
    assert case.tab.session.labels.any() and case.state(LIVER, "k", 8) == State.COMPLETE


OTHER = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import slicer
slicer.__path__.append(sys.argv[4])  # its translations
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set
from PartialSegPanels.annotate.desk import Desk

desk = Desk(load_label_set())
desk.open_folder(Path(sys.argv[3]), "reader-1")
session = desk.read_case(next(item for item in desk.worklist.items if item.name == "case_001"))
desk.opened(session)
print("open", flush=True)
sys.stdin.readline()
labels = session.labels.copy()
labels[20:22] = 1
session.paint(labels)
try:
    desk.saver.save(session)
except UserError as error:
    print("told:", error, flush=True)
else:
    print("saved", flush=True)
"""


@pytest.fixture
def other(case, dataset):
    """Another Slicer in which the same reader has the same case open: what its tab does, without a window."""
    command = [sys.executable, "-c", OTHER, *map(str, (ROOT, ROOT / "PartialSeg", dataset, STAND_INS))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "open\n"
    yield lambda: process.communicate("paint and save\n")[0].strip()
    process.kill()
    process.communicate()


def kept_beside(dataset):
    """Labels of the one reading that is kept because another one was saved before it."""
    (path,) = (dataset / "case_001" / "readings").glob("*conflict*.seg.nrrd")
    return read_labels(path).array


def test_of_two_processes_this_one_saves_second_and_is_told(case, dataset, other, caplog):
    case.paint(LIVER, k=8)
    labels = case.tab.session.labels.copy()
    assert other() == "saved"
    case.save()
    assert case.tab.session.conflict and case.tab.session.conflict in caplog.text
    assert "\n" not in case.tab.session.conflict
    assert (saved(dataset).labels.array[20:22] == SPLEEN).all(), "what the other one saved stays"
    assert np.array_equal(kept_beside(dataset), labels) and np.array_equal(case.tab.session.labels, labels)


def test_of_two_processes_the_other_one_saves_second_and_is_told(case, dataset, other):
    case.paint(LIVER, k=8)
    labels = case.tab.session.labels.copy()
    case.save()
    told = other()
    assert told.startswith("told:") and len(told.splitlines()) == 1
    assert np.array_equal(saved(dataset).labels.array, labels)
    assert (kept_beside(dataset)[20:22] == SPLEEN).all()
