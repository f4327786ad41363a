"""How Qt objects look to scripted modules: as PythonQt shows them, not as PySide does.

One hook on QObject's attribute access serves every object, whoever made it. The code that asks decides what it sees:
the host, PySide, VTK and trame see PySide's own methods, all other code sees PythonQt's properties and signals.
"""

import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any

import shiboken6
from PySide6.QtCore import Property, QObject

from Testing.host.qt_signals import BoundSignal, connect, disconnect, signal_overloads

_NATIVE = ("PySide6", "Shiboken", "shiboken6", "builtins")
_INSIDERS = ("PySide6", "shiboken6", "vtkmodules", "trame", "trame_slicer", "Testing")
_OUTSIDERS = ("Testing.host.slicer_modules", "Testing.gui")
_getters: dict[type, Callable[[QObject, str], Any]] = {}
"""What PySide's classes did before: a class that is not here does as its base."""


class Method:
    """A C++ method of an object: takes no keyword arguments, and gives its lists as tuples, as PythonQt does."""

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.__name__ = name
        self._call = call

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError(f"{self.__name__}(): PythonQt takes no keyword arguments")
        return _tupled(self._call(*(_raw(arg) for arg in args)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Method) and other._call == self._call

    def __hash__(self) -> int:
        return hash(self._call)

    def __repr__(self) -> str:
        return f"<PythonQt method {self.__name__}>"


_insider_of: dict[str, bool] = {}
_kinds: dict[type, dict[str, str]] = {}


def install(classes: Iterable[type[QObject]]) -> None:
    """Give every QObject PythonQt's attributes. Some of PySide's classes (all must be named) have ways of their own."""
    for cls in classes:
        if "__getattribute__" in cls.__dict__:
            _getters[cls] = cls.__getattribute__
            cls.__getattribute__ = _get_as_pythonqt  # type: ignore[method-assign]
        if "__setattr__" in cls.__dict__:
            cls.__setattr__ = _set_as_pythonqt  # type: ignore[method-assign,assignment]
            cls.__delattr__ = _delete  # type: ignore[method-assign,assignment]


def is_insider(module: str) -> bool:
    """Whether code of this module sees PySide's methods."""
    known = _insider_of.get(module)
    if known is None:
        known = _begins(module, _INSIDERS) and not _begins(module, _OUTSIDERS)
        _insider_of[module] = known
    return known


def _get(self: QObject, name: str) -> Any:
    """What PySide shows."""
    kind = type(self)
    if kind not in _getters:
        _getters[kind] = next(_getters[base] for base in kind.__mro__ if base in _getters)
    return _getters[kind](self, name)


def _inside() -> bool:
    """Whether whoever asks the hook is an insider; Qt itself is one."""
    try:
        asking = sys._getframe(2)
    except ValueError:
        return True
    return is_insider(asking.f_globals.get("__name__", ""))


def _begins(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def _get_as_pythonqt(self: QObject, name: str) -> Any:
    if name.startswith("__") or _inside():
        return _get(self, name)
    if name in _get(self, "__dict__") or _in_python_class(type(self), name):
        return _python_attribute(self, name)
    if not shiboken6.isValid(self):
        raise ValueError(f"Trying to read '{name}' from a destroyed {type(self).__name__} object")
    extra = _EXTRAS.get(name)
    if extra is not None:
        return extra(self)
    return _READERS[_kind(self, name)](self, name)


def _python_attribute(self: QObject, name: str) -> Any:
    found = _get(self, name)
    if type(found).__name__ == "SignalInstance":
        return BoundSignal(self, name)
    if not _begins(type(self).__module__, ("Testing.host",)):
        return found
    if not inspect.ismethod(found):
        return _tupled(found)
    # A stand-in's Python is what in Slicer is C++. What it overrides of Qt is asked for by Qt, which needs the method.
    return found if hasattr(_native(type(self)), name) else Method(name, found)


def _native(cls: type) -> type:
    return next(base for base in cls.__mro__ if _begins(base.__module__, _NATIVE))


def _in_python_class(cls: type, name: str) -> bool:
    for base in cls.__mro__:
        if _begins(base.__module__, _NATIVE):
            return False
        if name in base.__dict__:
            return True
    return False


def _kind(self: QObject, name: str) -> str:
    kinds = _kinds.setdefault(type(self), {})
    if name not in kinds:
        kinds[name] = _look_up(self, name)
    # Dynamic properties and children belong to one object, not to its class.
    return kinds[name] if kinds[name] != "own" else _own_kind(self, name)


def _look_up(self: QObject, name: str) -> str:
    if _meta(self).indexOfProperty(name) >= 0:
        return "property"
    if signal_overloads(self, name):
        return "signal"
    found = getattr(type(self), name, None)
    if found is None:
        return "own"
    return "method" if callable(found) and not isinstance(found, type) else "value"


def _own_kind(self: QObject, name: str) -> str:
    if name.encode() in [bytes(key) for key in _get(self, "dynamicPropertyNames")()]:
        return "dynamic"
    return "child"


def _meta(self: QObject) -> Any:
    return _get(self, "metaObject")()


def _read_property(self: QObject, name: str) -> Any:
    for getter in (name, f"is{name[0].upper()}{name[1:]}"):
        if callable(getattr(type(self), getter, None)):
            return _tupled(_get(self, getter)())
    return _tupled(_get(self, "property")(name))


def _read_child(self: QObject, name: str) -> Any:
    for child in _get(self, "children")():
        if _get(child, "objectName")() == name:
            return child
    raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")


def _linker(self: QObject, name: str, link: Callable[..., bool]) -> Callable[..., Any]:
    """PySide itself (QTimer.singleShot) asks for `connect` too, and calls it with an object first."""
    return lambda *args: link(self, *args) if args and isinstance(args[0], str) else _get(self, name)(*args)


_READERS: dict[str, Callable[[QObject, str], Any]] = {
    "property": _read_property,
    "dynamic": lambda self, name: _get(self, "property")(name),
    "signal": BoundSignal,
    "method": lambda self, name: Method(name, _get(self, name)),
    "value": lambda self, name: _get(self, name),
    "child": _read_child,
}
_EXTRAS: dict[str, Callable[[QObject], Any]] = {
    "connect": lambda self: _linker(self, "connect", connect),
    "disconnect": lambda self: _linker(self, "disconnect", disconnect),
    "className": lambda self: lambda: _meta(self).className(),
    "delete": lambda self: lambda: shiboken6.delete(self),
    "name": lambda self: _get(self, "objectName")(),
}


def _set(self: QObject, name: str, value: Any) -> None:
    """What PySide's own setting of an attribute does: Python's, but for properties that Python classes declare."""
    found = getattr(type(self), name, None)
    if isinstance(found, Property) and found.fset is not None:
        found.fset(self, value)
    elif hasattr(found, "__set__"):
        found.__set__(self, value)
    else:
        _get(self, "__dict__")[name] = value


def _delete(self: QObject, name: str) -> None:
    if name not in _get(self, "__dict__"):
        raise AttributeError(name)
    del _get(self, "__dict__")[name]


def _set_as_pythonqt(self: QObject, name: str, value: Any) -> None:
    if name.startswith("__") or _inside():
        _set(self, name, value)
        return
    kind = _kind(self, "objectName" if name == "name" else name)
    if kind == "property":
        _write_property(self, "objectName" if name == "name" else name, value)
    elif kind == "dynamic":
        _get(self, "setProperty")(name, value)
    elif kind in ("method", "signal", "value") and not _in_python_class(type(self), name):
        raise AttributeError(f"{kind.capitalize()} '{name}' can not be overwritten on {type(self).__name__} object")
    elif _begins(type(self).__module__, (*_NATIVE, "Testing.host")) and name not in _get(self, "__dict__"):
        words = "does not exist on {} and creating new attributes on C++ objects is not allowed"
        raise AttributeError(f"'{name}' " + words.format(type(self).__name__))
    else:
        _set(self, name, value)


def _write_property(self: QObject, name: str, value: Any) -> None:
    found = _meta(self).property(_meta(self).indexOfProperty(name))
    if not found.isWritable():
        raise AttributeError(f"Property '{name}' of {type(self).__name__} object is not writable")
    if not _accepts(self, found, name, value):
        raise AttributeError(
            f"Property '{name}' of type '{found.typeName()}' does not accept an object of type"
            f" {type(value).__name__} ({value!r})"
        )


def _accepts(self: QObject, found: Any, name: str, value: Any) -> bool:
    """Write by the setter; where there is none, or an enumeration is given as a number, by the property itself."""
    if found.typeName() == "QString" and not isinstance(value, str):
        return False
    setter = f"set{name[0].upper()}{name[1:]}"
    try:
        if not callable(getattr(type(self), setter, None)):
            return bool(_get(self, "setProperty")(name, value))
        if found.isEnumType() and type(value) is int:
            return bool(_get(self, "setProperty")(name, value))
        _get(self, setter)(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return False
    return True


def _tupled(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


def _raw(value: Any) -> Any:
    """What PySide takes for a value: a method of ours is handed on as PySide's."""
    return value._call if isinstance(value, Method) else value
