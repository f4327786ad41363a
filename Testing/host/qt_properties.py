"""Short forms to declare what a stand-in's C++ class has: Q_PROPERTYs that are only kept, and their setters."""

from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import Property, QObject

_Class = TypeVar("_Class", bound=type)


def kept(kind: Any, name: str, default: Any, after: str = "") -> Any:
    """A Q_PROPERTY whose value the object keeps; `after` names a method that is called when it was changed."""

    def read(self: QObject) -> Any:
        return self.__dict__.get(f"_kept_{name}", default)

    def write(self: QObject, value: Any) -> None:
        if value != read(self):
            self.__dict__[f"_kept_{name}"] = value
            if after:
                getattr(self, after)()

    return Property(kind, read, write)


def with_setters(cls: _Class) -> _Class:
    """Give a class `setName(value)` for each writable Q_PROPERTY it declares, as the C++ classes have."""
    for name, found in list(vars(cls).items()):
        setter = f"set{name[0].upper()}{name[1:]}"
        if isinstance(found, Property) and found.fset is not None and setter not in vars(cls):
            setattr(cls, setter, _setter(found.fset, setter))
    return cls


def _setter(write: Callable[[Any, Any], None], name: str) -> Callable[[Any, Any], None]:
    def setter(self: Any, value: Any) -> None:
        write(self, value)

    setter.__name__ = name
    return setter
