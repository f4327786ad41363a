"""Keeps Python older than 3.12 alive while PySide is used.

PySide 6.12 is built for a Python whose None, True and False are never freed: each method that returns one of them takes
one reference of it too many. An older Python counts them, and ends with "deallocating None" after some thousand calls.
"""

import ctypes
import sys

_PLENTY = 1 << 40


def protect() -> None:
    """Give them more references than any session takes; does nothing where they have them or need none."""
    for constant in (None, True, False, NotImplemented, ...):
        if sys.version_info < (3, 12) and sys.getrefcount(constant) < _PLENTY // 2:
            ctypes.c_ssize_t.from_address(id(constant)).value += _PLENTY
