"""Keeps Python older than 3.12 alive while PySide is used.

PySide 6.12 is built for a Python whose None is never freed: each method that returns None takes one reference of None
too many. An older Python counts them, and ends with "deallocating None" after some thousand calls.
"""

import ctypes
import sys

_PLENTY = 1 << 40


def protect() -> None:
    """Give None more references than any session takes; does nothing where it has them or needs none."""
    if sys.version_info < (3, 12) and sys.getrefcount(None) < _PLENTY // 2:
        ctypes.c_ssize_t.from_address(id(None)).value += _PLENTY
