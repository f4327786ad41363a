"""The decorator: every annotated member of the class becomes a typed property on a parameter node."""

import typing
from dataclasses import dataclass
from typing import Any

import slicer
import vtk

from .annotations import Default, Validator
from .connectors import SLICER_PARAMETER_NAME, make_connector
from .storage import make_storage


@dataclass(frozen=True)
class Parameter:
    name: str
    declared: Any
    storage: Any
    validators: tuple
    default: Any

    def check(self, value):
        self.storage.check(value)
        if value is not None:
            for validator in self.validators:
                validator.validate(value)

    def __get__(self, wrapper, owner=None):
        return self if wrapper is None else self.storage.read(wrapper.parameterNode, self.name)

    def __set__(self, wrapper, value):
        self.check(value)
        self.storage.write(wrapper.parameterNode, self.name, value)


def _make_parameter(owner, name, declared):
    kind, *notes = typing.get_args(declared) if typing.get_origin(declared) is typing.Annotated else (declared,)
    storage = make_storage(kind)
    defaults = [note.value for note in notes if isinstance(note, Default)]
    default = getattr(owner, name, defaults[0] if defaults else storage.default)
    validators = tuple(note for note in notes if isinstance(note, Validator))
    return Parameter(name, declared, storage, validators, default)


class _Wrapper:
    """What the decorator adds to the class; names as in Slicer."""

    _own = ("parameterNode", "_guis", "_next_tag", "_updating")

    def __init__(self, parameterNode):  # noqa: N803
        self.parameterNode = parameterNode
        self._guis = {}
        self._next_tag = 0
        self._updating = False
        for parameter in self.allParameters.values():
            if not parameter.storage.is_in(parameterNode, parameter.name):
                parameter.__set__(self, parameter.default)

    def __setattr__(self, name, value):
        if name not in self.allParameters and name not in self._own and not hasattr(type(self), name):
            raise AttributeError(f"{type(self).__name__} has no parameter '{name}'")
        object.__setattr__(self, name, value)

    def _find(self, name):
        if name not in self.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; there are {list(self.allParameters)}")
        return self.allParameters[name]

    def getValue(self, name):  # noqa: N802
        return self._find(name).__get__(self)

    def setValue(self, name, value):  # noqa: N802
        self._find(name).__set__(self, value)

    def default(self, name):
        return Default(self._find(name).default)

    def dataType(self, name):  # noqa: N802
        return self._find(name).declared

    def connectGui(self, gui):  # noqa: N802
        """Connects every widget below a widget, or among the variables of an object, that names a parameter."""
        import qt

        is_widget = getattr(gui, "isWidgetType", lambda: False)()
        widgets = gui.findChildren(qt.QWidget) if is_widget else vars(gui).values()
        named = [(widget.property(SLICER_PARAMETER_NAME), widget) for widget in widgets]
        return self.connectParametersToGui({name: widget for name, widget in named if name})

    def connectParametersToGui(self, mapping):  # noqa: N802
        connectors = {name: make_connector(widget, self._find(name).declared) for name, widget in mapping.items()}
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.connect(lambda name=name, connector=connector: self._take(name, connector))
        tag = self._next_tag
        self._next_tag += 1
        observer = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())
        self._guis[tag] = (connectors, observer)
        return tag

    def disconnectGui(self, guiTag):  # noqa: N802, N803
        connectors, observer = self._guis.pop(guiTag, ({}, None))
        for connector in connectors.values():
            connector.disconnect()
        if observer is not None:
            self.parameterNode.RemoveObserver(observer)

    def _take(self, name, connector):
        if not self._updating:
            with slicer.util.NodeModify(self.parameterNode):
                self.setValue(name, connector.read())

    def _show(self):
        if self._updating:
            return
        self._updating = True
        try:
            for connectors, _ in list(self._guis.values()):
                for name, connector in connectors.items():
                    connector.write(self.getValue(name))
        finally:
            self._updating = False

    def StartModify(self):  # noqa: N802
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):  # noqa: N802, N803
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event, callback, priority=0.0):  # noqa: N802
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):  # noqa: N802
        self.parameterNode.RemoveObserver(tag)

    def Modified(self):  # noqa: N802
        self.parameterNode.Modified()


def parameterNodeWrapper(classtype=None):  # noqa: N802
    """Class decorator, with or without parentheses."""
    return _wrap if classtype is None else _wrap(classtype)


def _wrap(classtype):
    hints = typing.get_type_hints(classtype, include_extras=True)
    parameters = {name: _make_parameter(classtype, name, declared) for name, declared in hints.items()}
    reserved = {name for name in vars(_Wrapper) if not name.startswith("__")} | {"allParameters"}
    for name in [*parameters, *vars(classtype)]:
        if name in reserved:
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
    for name, parameter in parameters.items():
        setattr(classtype, name, parameter)
    for name, member in vars(_Wrapper).items():
        if name in ("__init__", "__setattr__") or not name.startswith("__"):
            setattr(classtype, name, member)
    classtype.allParameters = parameters
    return classtype


def isParameterNodeWrapper(classOrObj):  # noqa: N802, N803
    return hasattr(classOrObj, "allParameters")
