"""How a value of each type lies in a parameter node: as text, or as a reference to a node."""

import enum
import json
import pathlib
import types
import typing
from collections.abc import MutableSequence

import slicer

_NONE = "None"


def make_storage(kind):
    """The storage for a type as it is written in the class; an exception for a type that is not known."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _make_union([one for one in typing.get_args(kind) if one is not type(None)])
    if origin is list:
        return ListStorage(make_storage(typing.get_args(kind)[0]))
    if isinstance(kind, type):
        if issubclass(kind, slicer.vtkMRMLNode):
            return NodeStorage((kind,))
        for known, storage in _TEXT.items():
            if kind is known or (known in (enum.Enum, pathlib.PurePath) and issubclass(kind, known)):
                return storage(kind)
    raise Exception(f"Unable to create serializer for type: {kind}")


def _make_union(members):
    if all(isinstance(one, type) and issubclass(one, slicer.vtkMRMLNode) for one in members):
        return NodeStorage(tuple(members))
    if len(members) == 1:
        return OptionalStorage(make_storage(members[0]))
    raise Exception(f"Unable to create serializer for a union of {members}")


class TextStorage:
    """A value written as text; subclasses say how."""

    accepts: tuple = ()
    default = None

    def __init__(self, kind):
        self.kind = kind

    def check(self, value):
        if value is None:
            raise ValueError("Value must not be None")
        if not isinstance(value, self.accepts or (self.kind,)):
            raise TypeError(f"Value must be of type '{self.kind}', is type '{type(value)}' value '{value}'")

    def to_text(self, value):
        return str(value)

    def from_text(self, text):
        return self.kind(text)

    def is_in(self, node, name):
        return node.HasParameter(name)

    def write(self, node, name, value):
        node.SetParameter(name, self.to_text(value))

    def read(self, node, name):
        return self.from_text(node.GetParameter(name))


class IntStorage(TextStorage):
    default = 0


class FloatStorage(TextStorage):
    accepts = (int, float)
    default = 0.0


class StringStorage(TextStorage):
    default = ""


class BoolStorage(TextStorage):
    default = False

    def from_text(self, text):
        return text == "True"


class PathStorage(TextStorage):
    @property
    def default(self):
        return self.kind()


class EnumStorage(TextStorage):
    @property
    def default(self):
        return next(iter(self.kind))

    def to_text(self, value):
        return value.name

    def from_text(self, text):
        return self.kind[text]


# Order matters: bool is an int.
_TEXT = {
    bool: BoolStorage,
    int: IntStorage,
    float: FloatStorage,
    str: StringStorage,
    enum.Enum: EnumStorage,
    pathlib.PurePath: PathStorage,
}


class OptionalStorage(TextStorage):
    """A text value or None."""

    def __init__(self, inner):
        super().__init__(inner.kind)
        self.inner = inner

    def check(self, value):
        if value is not None:
            self.inner.check(value)

    def to_text(self, value):
        return _NONE if value is None else "=" + self.inner.to_text(value)

    def from_text(self, text):
        return None if text == _NONE else self.inner.from_text(text[1:])


class NodeStorage:
    """A MRML node of given classes, or None; kept as a node reference, so it survives saving the scene."""

    default = None

    def __init__(self, kinds):
        self.kinds = kinds

    def check(self, value):
        if value is not None and not isinstance(value, self.kinds):
            raise TypeError(f"Value must be of type '{self.kinds}', is type '{type(value)}' value '{value}'")

    def is_in(self, node, name):
        return node.GetNodeReferenceID(name) is not None

    def write(self, node, name, value):
        if value is not None and value.GetScene() is None:
            raise ValueError("Cannot reference a node that is not in a scene")
        node.SetNodeReferenceID(name, value.GetID() if value else None)

    def read(self, node, name):
        return node.GetNodeReference(name)


class ListStorage:
    """A list: its values as JSON, or its nodes as one reference each."""

    def __init__(self, inner):
        self.inner = inner
        self.default = []

    def check(self, value):
        if not isinstance(value, (list, tuple, MutableSequence)):
            raise TypeError(f"Value must be a list, is type '{type(value)}'")
        for one in value:
            self.inner.check(one)

    def is_in(self, node, name):
        return node.HasParameter(name)

    def write(self, node, name, value):
        if isinstance(self.inner, NodeStorage):
            node.SetParameter(name, str(len(value)))
            for index, one in enumerate(value):
                self.inner.write(node, f"{name}_{index}", one)
        else:
            node.SetParameter(name, json.dumps([self.inner.to_text(one) for one in value]))

    def read(self, node, name):
        if isinstance(self.inner, NodeStorage):
            values = [self.inner.read(node, f"{name}_{index}") for index in range(int(node.GetParameter(name)))]
        else:
            values = [self.inner.from_text(text) for text in json.loads(node.GetParameter(name))]
        return StoredList(values, lambda changed: (self.check(changed), self.write(node, name, changed)))


class StoredList(MutableSequence):
    """What reading a list gives: changing it changes the parameter."""

    def __init__(self, values, store):
        self._values = values
        self._store = store

    def __getitem__(self, index):
        return self._values[index]

    def __setitem__(self, index, value):
        self._values[index] = value
        self._store(self._values)

    def __delitem__(self, index):
        del self._values[index]
        self._store(self._values)

    def __len__(self):
        return len(self._values)

    def insert(self, index, value):
        self._values.insert(index, value)
        self._store(self._values)

    def __eq__(self, other):
        return list(self) == list(other)

    def __repr__(self):
        return repr(self._values)
