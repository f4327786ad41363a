"""Helper processes end with the one they work for."""

import multiprocessing
import os
import threading


def end_with_parent(_: int = 0) -> None:
    """Called at the start of a pool's or loader's worker: it ends when the program is killed, instead of waiting for
    work for ever. The argument is the worker's number, which loaders pass.
    """
    threading.Thread(target=_wait_and_exit, daemon=True).start()


def _wait_and_exit() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # Not os.getppid(): with a fork server in between, that is not who the work is for.
        parent.join()
        os._exit(1)
