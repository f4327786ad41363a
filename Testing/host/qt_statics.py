"""Static functions that answer differently in PythonQt: one value, where PySide gives a value and what else C++ wrote.

C++ functions that write into a `bool *ok` take a `qt.BoolResult()` for it in PythonQt.
"""

import sys
from collections.abc import Callable
from typing import Any

from PySide6 import QtWidgets

from Testing.host.qt_attributes import is_insider

_FILES = ("getOpenFileName", "getOpenFileNames", "getSaveFileName")
_INPUTS = ("getText", "getMultiLineText", "getItem", "getInt", "getDouble")


class BoolResult:
    """What C++ writes a truth value into."""

    def __init__(self) -> None:
        self._value = False

    def value(self) -> bool:
        """What was written."""
        return self._value

    def __bool__(self) -> bool:
        return self._value


def install() -> None:
    """Let the dialogs' static functions answer scripted modules as PythonQt does."""
    for owner, names in ((QtWidgets.QFileDialog, _FILES), (QtWidgets.QInputDialog, _INPUTS)):
        for name in names:
            setattr(owner, name, staticmethod(_answer(name, getattr(owner, name))))


def _answer(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
    def asked(*args: Any, **keywords: Any) -> Any:
        if is_insider(sys._getframe(1).f_globals.get("__name__", "")):
            return ask(*args, **keywords)
        if keywords:
            raise TypeError(f"{name}(): PythonQt takes no keyword arguments")
        results = [arg for arg in args if isinstance(arg, BoolResult)]
        value, rest = ask(*(arg for arg in args if not isinstance(arg, BoolResult)))
        for result in results:
            result._value = bool(rest)
        return tuple(value) if isinstance(value, list) else value

    return asked
