"""Saving when things go wrong: killed at any moment, two at once, no space, no permission, no drive."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reading_cases import assert_same, content, exit_code, files, in_child, new_case, opened

from PartialSegLib.annotation.acts import Act
from PartialSegLib.annotation.history import read_history
from PartialSegLib.annotation.lock import LOCK_FILE
from PartialSegLib.annotation.reading import Conflict, readers, save_reading
from PartialSegLib.dataset import load_dataset, read_annotation
from PartialSegLib.errors import UserError
from PartialSegLib.supervision import candidate_sets

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
KILLS = 30


@pytest.fixture
def case(tmp_path):
    return new_case(tmp_path / "dataset")


def save_on(case, reading, number, told):
    """Save content `number`, `number` + 1, ... one after the other, telling each when it is on disk."""
    while True:
        now = replace(content(number), revision=reading.revision, stamp=reading.stamp)
        reading = save_reading(case, now, [Act("complete", (1,), "k", number, number)])
        os.write(told, f"{number}\n".encode())
        number += 1


def test_killed_at_any_moment_leaves_one_whole_reading(case):
    """What is found is what the child saved last, or what it was about to save; it opens, trains, and goes on."""
    random_moments = random.Random(4)
    reading, number, saves = save_reading(case, content(1)), 1, 0
    for _ in range(KILLS):
        receive, send = os.pipe()
        child = in_child(lambda begun=reading, first=number + 1, send=send: save_on(case, begun, first, send))
        os.close(send)
        os.read(receive, 1)  # it works: from now on any moment will do
        time.sleep(random_moments.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        assert exit_code(child) == -signal.SIGKILL
        last = max([number + 1, *(int(line) for line in read_all(receive).split())])
        before, reading = reading, opened(case)
        number = int(reading.seconds)  # that is the number of the content
        assert number in (last, last + 1) and reading.revision > before.revision
        assert_same(reading, content(number))
        assert_trains(case, content(number))
        saves += 1
    assert saves == KILLS
    save_reading(case, replace(content(0), revision=reading.revision, stamp=reading.stamp))
    assert [path.name for path in case.rglob("*") if path.name.startswith(".")] == []
    acts = [line["first"] for line in read_history(case / "readings/AB.history.jsonl") if line["what"] == "complete"]
    assert set(range(2, number + 1)) <= set(acts)  # all that is on disk is in the history


CALLS = {"open", "write", "fsync", "replace", "rename", "link", "unlink", "mkdir", "chmod"}


def killed_at(moment, act):
    """Exit code of a child that is killed just before its system call number `moment` that changes the disk."""

    def child():
        count = 0

        def watch(frame, event, called):
            nonlocal count
            changes = event == "c_call" and called.__module__ == "posix" and called.__name__ in CALLS
            count += changes
            if changes and count == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(watch)
        act()
        return 0

    return exit_code(in_child(child))


def test_killed_before_every_change_that_a_save_makes_to_the_disk(case):
    """Not by chance: one save for each, also between the renames, where chance would hardly hit."""
    reading, side = save_reading(case, content(1)), case / "readings/AB.json"
    number, moment, found, code = 1, 0, set(), -signal.SIGKILL
    while code == -signal.SIGKILL:
        moment += 1
        later = replace(content(number + 1), revision=reading.revision, stamp=reading.stamp)
        code = killed_at(moment, lambda later=later: save_reading(case, later, [Act("begin", (1,))]))
        before, reading = number, opened(case)
        number = int(reading.seconds)
        assert number in (before, before + 1)
        assert_same(reading, content(number))
        assert_trains(case, content(number))
        found.add((number - before, json.loads(side.read_bytes())["revision"] == reading.revision))
        (case / "readings" / LOCK_FILE).unlink(missing_ok=True)  # an empty one would be waited for
    assert code == 0 and moment > 20
    assert found == {(0, True), (1, False), (1, True)}


def assert_trains(case, said):
    entry = load_dataset(case.parent).cases["c1"]
    labels, record = read_annotation(entry)
    expected = candidate_sets(said.labels.array, said.completeness, said.unions)
    np.testing.assert_array_equal(candidate_sets(labels.array, record, entry.unions), expected)


def read_all(pipe):
    data = b""
    while block := os.read(pipe, 4096):
        data += block
    os.close(pipe)
    return data.decode()


@pytest.mark.parametrize("attempt", range(4))
def test_of_two_processes_that_save_at_once_one_is_told(case, attempt):
    save_reading(case, content(0))
    reading = opened(case)
    start = time.time() + 0.1

    def act(number):
        time.sleep(max(0.0, start - time.time()))
        try:
            save_reading(case, replace(content(number), revision=reading.revision, stamp=reading.stamp))
        except Conflict:
            return 10 + number
        return number

    children = [in_child(lambda number=number: act(number)) for number in (1, 2)]
    codes = sorted(exit_code(child) for child in children)
    assert codes in ([1, 12], [2, 11])
    winner, loser = (1, 2) if codes[0] == 1 else (2, 1)
    assert_same(opened(case), content(winner))
    (kept,) = (case / "readings").glob("*conflict*.seg.nrrd")
    for name in (kept.name, kept.name.replace(".seg.nrrd", ".json")):
        suffix = name[len("AB") :].partition("Z")[0]
        target = "AB" + (".json" if suffix.endswith(".json") else ".seg.nrrd")
        shutil.copy(case / "readings" / name, case / "readings" / target)
    assert_same(opened(case), content(loser))


def test_two_readers_who_save_one_case_at_once(case):
    def act(number, reader):
        for n in range(5):
            revision = n
            save_reading(case, replace(content(number + n, reader=reader), revision=revision))
        return 0

    children = [in_child(lambda r=reader, n=number: act(n, r)) for number, reader in ((1, "AB"), (7, "CD"))]
    assert [exit_code(child) for child in children] == [0, 0]
    assert readers(case) == ["AB", "CD"]
    assert_same(opened(case, "AB"), content(5))
    assert_same(opened(case, "CD"), content(11, reader="CD"))


def test_a_process_that_died_while_saving_locks_nobody_out(case):
    save_reading(case, content(0))

    def act():
        from PartialSegLib.annotation.lock import locked

        with locked(case / "readings"):
            os._exit(7)

    assert exit_code(in_child(act)) == 7
    assert (case / "readings" / LOCK_FILE).exists()
    begin = time.monotonic()
    save_reading(case, replace(content(1), revision=1))
    assert time.monotonic() - begin < 4 and not (case / "readings" / LOCK_FILE).exists()


def refused(act):
    """0 when `act` fails with one line for the user."""
    try:
        act()
    except UserError as error:
        return 0 if "\n" not in str(error) and not isinstance(error, Conflict) else 2
    return 1


@pytest.mark.parametrize("limit", [0, 1, 60, 500, 2000, 4000, 6000, 9000, 12000])
def test_no_space_anywhere_in_a_save(case, limit):
    """No file may grow beyond `limit` bytes: one after the other of the files of a save cannot be written."""
    save_reading(case, content(0))
    reading, before = opened(case), files(case)
    later = replace(content(1), revision=reading.revision, stamp=reading.stamp)
    acts = [Act("complete", (1,), "k", n, n) for n in range(60)]  # a history of some kilobytes
    assert max(map(len, before.values())) > 12000

    def act():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        return refused(lambda: save_reading(case, later, acts))

    assert exit_code(in_child(act)) == 0
    history = "readings/AB.history.jsonl"
    now = files(case)
    assert now[history].startswith(before[history])
    del now[history], before[history]
    assert {name: data for name, data in now.items() if "versions" not in name} == before
    assert_same(opened(case), content(0))
    assert save_reading(case, later, acts).revision == 2
    assert_same(opened(case), content(1))
    told = [line["first"] for line in read_history(case / history) if line["what"] == "complete"]
    assert told == list(range(60))  # each act once, whatever the failed save left


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 192 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(small_disk):
    case = new_case(small_disk / "dataset")
    reading = save_reading(case, content(0))
    with open(small_disk / "other", "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024))
    later = replace(content(1), revision=reading.revision, stamp=reading.stamp)
    with pytest.raises(UserError, match="No space left on device") as caught:
        save_reading(case, later)
    assert "\n" not in str(caught.value)
    assert_same(opened(case), content(0))
    (small_disk / "other").unlink()
    save_reading(case, later)
    assert_same(opened(case), content(1))


@contextmanager
def reachable_folder():
    """A folder that any user may enter."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def test_a_folder_that_may_only_be_read():
    with reachable_folder() as folder:
        case = new_case(folder / "dataset")
        save_reading(case, content(0))
        for path in [*folder.rglob("*"), folder]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = files(folder)

        def act():
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            assert_same(opened(case), content(0))
            return refused(lambda: save_reading(case, replace(content(1), revision=1)))

        try:
            assert exit_code(in_child(act)) == 0
            assert files(folder) == before
        finally:
            for path in [folder, *folder.rglob("*")]:
                path.chmod(0o755)


def test_the_drive_is_gone(case):
    reading = save_reading(case, content(0))
    shutil.move(case.parent, case.parent.with_name("unplugged"))
    with pytest.raises(UserError, match="is not there: connect the drive"):
        save_reading(case, replace(content(1), revision=1, stamp=reading.stamp))
    assert not case.parent.exists()  # nothing was made where the drive used to be
    shutil.move(case.parent.with_name("unplugged"), case.parent)
    save_reading(case, replace(content(1), revision=1, stamp=reading.stamp))
    assert_same(opened(case), content(1))
