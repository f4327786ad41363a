"""Qt's enumeration values behave as the whole numbers that PythonQt makes of them."""

import enum
import operator
from types import ModuleType
from typing import Any


def install(modules: tuple[ModuleType, ...]) -> None:
    """Let every enumeration of these modules equal its number, e.g. Qt.Checked == 2."""
    for module in modules:
        for owner in [getattr(module, name) for name in dir(module)]:
            for found in list(vars(owner).values()) if isinstance(owner, type) else ():
                if isinstance(found, type) and issubclass(found, enum.Enum) and not issubclass(found, int):
                    _become_number(found)


def _become_number(kind: Any) -> None:
    kind.__eq__ = _equal
    kind.__ne__ = lambda self, other: not _equal(self, other)
    kind.__hash__ = lambda self: hash(self.value)
    kind.__int__ = kind.__index__ = lambda self: int(self.value)
    kind.__bool__ = lambda self: bool(self.value)
    for name in ("lt", "le", "gt", "ge"):
        setattr(kind, f"__{name}__", _ordered(getattr(operator, name)))


def _equal(self: enum.Enum, other: object) -> bool:
    value = other.value if isinstance(other, enum.Enum) else other
    return bool(self.value == value)


def _ordered(compare: Any) -> Any:
    return lambda self, other: compare(self.value, other.value if isinstance(other, enum.Enum) else other)
