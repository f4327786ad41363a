"""How a command ends: an exit code and, when something went wrong, one line on stderr."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from PartialSegLib.errors import UserError

DONE, UNEXPECTED, MISTAKE, SOME_FAILED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143


def guarded(command: Callable[[], int]) -> int:
    """Run `command` and turn whatever it raises into an exit code and one line on stderr.

    0 done, 1 unexpected (a log file is named), 2 the user's mistake, 3 some cases failed, 130 Ctrl-C, 143 terminated.
    """
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        return command()
    except UserError as error:
        return _say(str(error), MISTAKE)
    except KeyboardInterrupt:
        return _say("interrupted; no half-written file is left", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone; without this, Python complains once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        return _say(describe(error), MISTAKE if _out_of_memory(error) else UNEXPECTED)
    finally:
        signal.signal(signal.SIGTERM, previous)


def describe(error: Exception) -> str:
    """One line for an error that is not a UserError; a log file is written unless memory simply ran out."""
    if isinstance(error, UserError):
        return str(error)
    if _out_of_memory(error):
        return "not enough memory: close other programs, crop the image, or try the fast preset or another device"
    from PartialSegLib.log import write_error_log

    log = write_error_log(error)
    where = f"; please report it with {log}" if log else ""
    return f"unexpected error ({type(error).__name__}){where}"


def _out_of_memory(error: Exception) -> bool:
    # torch and OpenVINO raise RuntimeError where Python raises MemoryError; their types are not imported just for this.
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _terminate(number: int, frame: FrameType | None) -> None:
    # An exception, unlike the default action, lets every `finally` remove what is half written.
    raise SystemExit(TERMINATED)


def _say(line: str, code: int) -> int:
    print(f"partialseg: {' '.join(line.split())}", file=sys.stderr)
    return code
