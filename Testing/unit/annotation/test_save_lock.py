"""The lock of a save: held by one, left by none, taken over from the dead."""

import json
import os
import socket
import threading
import time

import pytest

from PartialSegLib.annotation.lock import LOCK_FILE, is_alive, locked
from PartialSegLib.errors import UserError


def write_lock(folder, **owner):
    usual = {"pid": os.getpid(), "host": socket.gethostname(), "time": 0.0, "token": "t"}
    (folder / LOCK_FILE).write_text(json.dumps({**usual, **owner}), encoding="utf-8")


def test_it_names_its_owner_and_goes_away(tmp_path):
    with locked(tmp_path / "readings"):
        owner = json.loads((tmp_path / "readings" / LOCK_FILE).read_text())
        assert owner["pid"] == os.getpid() and owner["host"] == socket.gethostname() and owner["time"] > 1e9
    assert list((tmp_path / "readings").iterdir()) == []


def test_it_goes_away_after_an_error(tmp_path):
    with pytest.raises(ValueError), locked(tmp_path):
        raise ValueError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["another-computer", None])
def test_a_living_owner_is_waited_for_then_named(tmp_path, host):
    write_lock(tmp_path, **({"host": host} if host else {}))
    with pytest.raises(UserError, match="another process is saving in"), locked(tmp_path, 0.2):
        pass
    assert (tmp_path / LOCK_FILE).exists()


def dead_pid():
    pid = 4_000_000
    while is_alive(pid):
        pid += 1
    return pid


def test_a_dead_owner_of_this_computer_is_replaced_at_once(tmp_path):
    write_lock(tmp_path, pid=dead_pid())
    with locked(tmp_path, 0.5):
        assert json.loads((tmp_path / LOCK_FILE).read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("content", "age"), [("", 2.0), ("{", 2.0), ("host", 700.0)])
def test_old_locks_without_a_living_owner(tmp_path, content, age):
    if content == "host":
        write_lock(tmp_path, host="another-computer")
    else:
        (tmp_path / LOCK_FILE).write_text(content)
    old = time.time() - age
    os.utime(tmp_path / LOCK_FILE, (old, old))
    with locked(tmp_path, 0.5):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_just_being_written_counts(tmp_path):
    (tmp_path / LOCK_FILE).write_text("")
    with pytest.raises(UserError, match="another process"), locked(tmp_path, 0.2):
        pass


def test_many_who_find_one_dead_owner_still_go_one_by_one(tmp_path):
    inside, most, failures = [0], [0], []

    def work():
        try:
            for _ in range(5):
                with locked(tmp_path, 30.0):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.002)
                    inside[0] -= 1
        except Exception as error:
            failures.append(error)

    write_lock(tmp_path, pid=dead_pid())
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and most == [1] and list(tmp_path.iterdir()) == []


def test_a_lock_that_was_taken_over_is_not_removed_by_its_old_owner(tmp_path):
    with locked(tmp_path):
        write_lock(tmp_path, token="somebody else's")
    assert (tmp_path / LOCK_FILE).exists()


def test_which_processes_are_alive():
    assert is_alive(os.getpid()) and not is_alive(dead_pid())


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "readings").write_text("")
    with pytest.raises(UserError, match="cannot write to"), locked(tmp_path / "readings"):
        pass
