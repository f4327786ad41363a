"""The far side of the worker: a process that runs jobs until its parent is gone."""

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Any

from PartialSegLib.errors import UserError
from PartialSegLib.worker.acts import Acts
from PartialSegLib.worker.scratch import remove


def main() -> None:
    """Run jobs from stdin until it closes."""
    say = Speaker(_claim_stdout())
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    # The main thread is deep in a computation when the parent dies; another one has to notice.
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    say(event="ready")
    acts = Acts(say)
    while True:
        _run(acts, requests.get(), say)


class Speaker:
    """Writes messages; a parent that does not read them any more is noticed by its closing of stdin."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __call__(self, **message: Any) -> None:
        with contextlib.suppress(OSError):
            self._file.write(json.dumps(message) + "\n")
            self._file.flush()


def _claim_stdout() -> IO[str]:
    """The pipe to the parent, for us alone: what anything else prints goes to stderr."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return pipe


def _listen(stdin: IO[bytes], requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """Pass on what is asked; when the parent is gone, remove the folder it left behind and end with all we started."""
    folder = ""
    for line in stdin:
        request = json.loads(line)
        if request["kind"] == "keep":
            folder = request["folder"]
        else:
            requests.put(request)
    if folder:
        remove(Path(folder))
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _run(acts: Acts, request: dict[str, Any], say: Speaker) -> None:
    job = request["job"]
    try:
        result = getattr(acts, request["kind"])(request)
    except UserError as error:
        say(event="failed", job=job, message=str(error), expected=True)
    except ModuleNotFoundError as error:
        message = f"the Python package {error.name} is missing: install what PartialSeg needs, and try again"
        say(event="failed", job=job, message=message, expected=True)
    except Exception as error:
        from PartialSegLib.cli.failure import describe

        say(event="failed", job=job, message=describe(error), expected=False)
    else:
        say(event="finished", job=job, result=result)
