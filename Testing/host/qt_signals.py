"""Signals as PythonQt connects them: by their C++ signature, to anything callable, which is kept alive."""

import inspect
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6 import QtCore, QtWidgets

# QCheckBox has it from Qt 6.7 on, and Slicer may be built with Qt 5.15.
_TOO_NEW = "checkStateChanged(Qt::CheckState)"
_Links = dict[str, list[tuple[Any, Callable[..., None]]]]
_links_of: dict[int, _Links] = {}
"""Address of a sender -> signature -> (callable, what Qt calls in its place)."""


_overloads: dict[tuple[type, str], list[str]] = {}


def signal_overloads(sender: QtCore.QObject, name: str) -> list[str]:
    """The signatures of an object's signals of this name, the longest first; empty when there are none."""
    key = (type(sender), name)
    if key not in _overloads:
        meta = sender.metaObject()
        methods = [meta.method(index) for index in range(meta.methodCount())]
        signals = [one for one in methods if one.methodType() == QtCore.QMetaMethod.MethodType.Signal]
        found = {bytes(one.methodSignature()).decode() for one in signals if bytes(one.name()).decode() == name}
        if isinstance(sender, QtWidgets.QCheckBox):
            found.discard(_TOO_NEW)
        _overloads[key] = sorted(found, key=len, reverse=True)
    return _overloads[key]


def connect(sender: QtCore.QObject, signal: str, *target: Any) -> bool:
    """Connect a signal `name(types)` to a callable, or to (receiver, slot signature)."""
    real = _find(sender, signal)
    if len(target) == 2:
        receiver, slot = target
        return bool(QtCore.QObject.connect(sender, "2" + real, receiver, "1" + slot))
    (callee,) = target
    if not callable(callee):
        raise TypeError(f"{signal} is connected to {callee!r}, which cannot be called")
    relay = _relay(callee)
    if not QtCore.QObject.connect(sender, "2" + real, relay):
        raise ValueError(f"Could not connect {signal} of {type(sender).__name__}")
    _remember(sender, real, callee, relay)
    return True


def disconnect(sender: QtCore.QObject, signal: str, *target: Any) -> bool:
    """Undo what connect() did; without a target every callable of that signal goes. False when there was none."""
    real = _find(sender, signal)
    if len(target) == 2:
        return bool(QtCore.QObject.disconnect(sender, "2" + real, target[0], "1" + target[1]))
    links = _links_of.get(_address(sender), {}).get(real, [])
    going = [link for link in links if not target or link[0] == target[0]]
    for link in going:
        QtCore.QObject.disconnect(sender, "2" + real, link[1])
        links.remove(link)
    return bool(going)


class BoundSignal:
    """A signal as an attribute: `button.clicked.connect(f)`; calling it emits it."""

    def __init__(self, sender: QtCore.QObject, name: str) -> None:
        self._sender = sender
        self._name = name
        self._signal = _public(sender, signal_overloads(sender, name)[0])

    def connect(self, callee: Callable[..., Any]) -> bool:
        """Connect to a callable."""
        return connect(self._sender, self._signal, callee)

    def disconnect(self, *callee: Callable[..., Any]) -> bool:
        """Disconnect from a callable, or from all."""
        return disconnect(self._sender, self._signal, *callee)

    def emit(self, *args: Any) -> None:
        """Send the signal."""
        fitting = [one for one in signal_overloads(self._sender, self._name) if _count(one) == len(args)]
        if not fitting:
            raise TypeError(f"{self._signal} is sent with {len(args)} values")
        self._sender.emit("2" + fitting[0], *args)

    __call__ = emit


def _find(sender: QtCore.QObject, signal: str) -> str:
    """The signature that PySide knows a signal by; ValueError when the object has no such signal."""
    if not isinstance(signal, str) or "(" not in signal:
        raise ValueError(f"{signal!r} is not a signal; write it with its types, e.g. clicked()")
    # What the macro SIGNAL writes, "2clicked()", is taken too, as PythonQt does.
    wanted = bytes(QtCore.QMetaObject.normalizedSignature(signal.removeprefix("2"))).decode()
    candidates = signal_overloads(sender, wanted.partition("(")[0])
    for candidate in candidates:
        if _public(sender, candidate) == wanted:
            return candidate
    known = ", ".join(_public(sender, one) for one in candidates) or "none of that name"
    raise ValueError(f"Signal '{signal}' does not exist on {sender.metaObject().className()} (there is: {known})")


def _count(signature: str) -> int:
    types = signature.partition("(")[2].rstrip(")")
    return len(types.split(",")) if types else 0


def _public(sender: QtCore.QObject, signature: str) -> str:
    """How C++ writes the signature: a stand-in's signals say in SIGNATURES what they carry as Python objects."""
    for base in type(sender).__mro__:
        if signature in base.__dict__.get("SIGNATURES", {}):
            return str(base.__dict__["SIGNATURES"][signature])
    return signature


def _relay(callee: Callable[..., Any]) -> Callable[..., None]:
    count = _taken(callee)

    def relay(*args: Any) -> None:
        callee(*(tuple(arg) if type(arg) is list else arg for arg in args[:count]))

    return relay


def _taken(callee: Callable[..., Any]) -> int | None:
    """How many arguments a function takes; None, that is all, for anything but functions and methods, as PythonQt."""
    function = callee.__func__ if inspect.ismethod(callee) else callee
    if not inspect.isfunction(function) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return int(function.__code__.co_argcount) - int(inspect.ismethod(callee))


def _remember(sender: QtCore.QObject, signal: str, callee: Any, relay: Callable[..., None]) -> None:
    address = _address(sender)
    if address not in _links_of:
        _links_of[address] = {}
        QtCore.QObject.connect(sender, "2destroyed()", lambda: _links_of.pop(address, None))
    _links_of[address].setdefault(signal, []).append((callee, relay))


def _address(sender: QtCore.QObject) -> int:
    return int(shiboken6.getCppPointer(sender)[0])
